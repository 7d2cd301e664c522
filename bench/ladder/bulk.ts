import { createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Simulator, startSimulator } from '../../src/simulator/index.ts';
import { figure } from '../figures.ts';
import type { Line } from '../limits/line.ts';
import { start } from '../processes.ts';
import { markdownTable } from '../table.ts';

const LINES = { usual: 20_000, quick: 4_000 } as const;

/** What the provider allows: a second's worth may come at once, so that what is held back for later cannot hide a slow start. */
const REQUESTS_PER_SECOND = 200;
const LIMITS = { requestsPerMinute: REQUESTS_PER_SECOND * 60, tokensPerMinute: 1_000_000_000, burstMs: 1_000 };

/** It is killed when so much of the work has been answered. */
const KILLED_AT = [0.3, 0.6] as const;

const EXECUTABLE = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js');

/** What one process did between its first request and its end. */
interface Stretch {
  readonly seconds: number;
  readonly answered: number;
  readonly refused: number;
  readonly peakMB: number;
}

/** A file of requests against a provider with limits: killed twice, and ended by whoever takes it up. */
export const bulk: Line = {
  title: 'A bulk against a limit',

  async measure({ quick }) {
    const lines = quick ? LINES.quick : LINES.usual;
    const home = mkdtempSync(join(tmpdir(), 'holdfast-bench-bulk-'));
    const provider = await startSimulator({ speed: 0.25, limits: LIMITS, rememberedRequests: 1 });
    try {
      writeInput(join(home, 'in.jsonl'), lines);
      const stretches: Stretch[] = [];
      for (const share of [...KILLED_AT, null]) {
        stretches.push(await work(home, provider, share === null ? null : Math.floor(lines * share)));
      }
      const { answeredOnce, wrong } = await judge(join(home, 'out.jsonl'), lines);
      const seconds = sum(stretches.map((stretch) => stretch.seconds));
      const answered = sum(stretches.map((stretch) => stretch.answered));
      const refused = sum(stretches.map((stretch) => stretch.refused));
      const peakMB = Math.max(...stretches.map((stretch) => stretch.peakMB));
      const used = answered / (REQUESTS_PER_SECOND * seconds);
      const figures = [
        figure('bulk.limit_used', used, 'share', { atLeast: 0.95 }, 3),
        figure('bulk.refused', refused / (answered + refused), 'share', { atMost: 0.001 }, 5),
        figure('bulk.answered_once', answeredOnce / lines, 'share', { atLeast: 1 }, 5),
        figure('bulk.wrong_lines', wrong, 'lines', { atMost: 0 }, 0),
        figure('bulk.peak_memory', peakMB, 'MB', { atMost: 200 }, 0),
      ];
      const rows = stretches.map(({ seconds: took, answered: got, refused: no, peakMB: peak }, index) => [
        index < KILLED_AT.length ? 'killed' : 'to the end',
        took.toFixed(1),
        String(got),
        String(no),
        peak.toFixed(0),
      ]);
      const page = [
        `${lines} requests, ${REQUESTS_PER_SECOND} a second allowed, killed with SIGKILL twice; ${answered - lines} were asked twice.`,
        markdownTable(['process', 's', 'answered', '429s', 'peak MB'], rows),
      ].join('\n\n');
      return { figures, page };
    } finally {
      await provider.close();
      rmSync(home, { recursive: true });
    }
  },
};

function writeInput(path: string, lines: number): void {
  const line = (index: number): string =>
    JSON.stringify({
      custom_id: `request-${index}`,
      method: 'POST',
      url: '/v1/chat/completions',
      body: { model: 'gpt-4o-mini', max_tokens: 30, messages: [{ role: 'user', content: `Say: number ${index}` }] },
    });
  writeFileSync(path, Array.from({ length: lines }, (_, index) => `${line(index)}\n`).join(''));
}

/** One process, until it ends or as many requests have been answered as it is to be killed at. */
async function work(home: string, provider: Simulator, killAt: number | null): Promise<Stretch> {
  const answeredBefore = countOf(provider, 200);
  const refusedBefore = countOf(provider, 429);
  const files = [join(home, 'in.jsonl'), '--out', join(home, 'out.jsonl'), '--data', join(home, 'data')];
  const env = { OPENAI_API_KEY: 'sk-bench', OPENAI_BASE_URL: `${provider.url}/v1` };
  const { child, pid } = start([process.execPath, EXECUTABLE, 'bulk', ...files], { core: 'measured', env });
  const closed = once(child, 'close').then(() => true);
  let firstAt = 0;
  let lastAt = 0;
  let last = answeredBefore;
  let peakMB = 0;
  for (let ended = false; !ended;) {
    ended = await Promise.race([closed, sleep(50, false)]);
    const answered = countOf(provider, 200);
    if (firstAt === 0 && answered > answeredBefore) firstAt = performance.now();
    // What comes after the last answer is its writing down, not the provider's time.
    if (answered > last) lastAt = performance.now();
    last = answered;
    peakMB = Math.max(peakMB, ended ? 0 : peakOf(pid));
    if (!ended && killAt !== null && answered >= killAt) child.kill('SIGKILL');
  }
  return {
    seconds: (lastAt - firstAt) / 1000,
    answered: last - answeredBefore,
    refused: countOf(provider, 429) - refusedBefore,
    peakMB,
  };
}

/** Whether every request has one answer, its own, in its place. */
async function judge(path: string, lines: number): Promise<{ answeredOnce: number; wrong: number }> {
  let number = 0;
  let answeredOnce = 0;
  let wrong = 0;
  for await (const text of createInterface({ input: createReadStream(path) })) {
    const line = JSON.parse(text) as {
      readonly custom_id: string;
      readonly response: { readonly status_code: number; readonly body: { readonly choices?: readonly Choice[] } };
    };
    const { custom_id: id, response } = line;
    const said = response.body.choices?.[0]?.message.content;
    if (id === `request-${number}` && said === `number ${number}`) answeredOnce += 1;
    else wrong += 1;
    number += 1;
  }
  return { answeredOnce, wrong: wrong + Math.abs(lines - number) };
}

interface Choice {
  readonly message: { readonly content: string };
}

function countOf({ stats }: Simulator, status: number): number {
  return stats.byStatus[String(status)] ?? 0;
}

/** The most memory that a process has had resident, in MB; 0 when it is gone. */
function peakOf(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
