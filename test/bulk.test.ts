import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../src/simulator/index.ts';
import { openGateway, until } from './harness.ts';

const MAIN = join(import.meta.dirname, '..', 'src', 'cli', 'main.ts');

let provider: Simulator;
let home = '';
beforeAll(async () => {
  provider = await startSimulator({ speed: 0, limits: { requestsPerMinute: 12_000, tokensPerMinute: 100_000_000 } });
});
afterAll(() => provider.close());
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'holdfast-bulk-'));
});
afterEach(() => rm(home, { recursive: true }));

/** As many requests as there are models. */
async function writeInput(models: readonly string[]): Promise<void> {
  const lines = models.map((model, index) =>
    JSON.stringify({
      custom_id: `r-${index}`,
      method: 'POST',
      url: '/v1/chat/completions',
      body: { model, max_tokens: 50, messages: [{ role: 'user', content: `Say: number ${index}` }] },
    }),
  );
  await writeFile(join(home, 'in.jsonl'), lines.join('\n'));
}

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** `holdfast bulk`, begun; `kill` ends it. */
function begin(
  args: readonly string[] = [],
  output: string | null = 'out.jsonl',
): {
  readonly pid: number | undefined;
  readonly ended: Promise<Ended>;
  readonly kill: (signal: NodeJS.Signals) => void;
} {
  const out = output === null ? [] : ['--out', join(home, output)];
  const files = [join(home, 'in.jsonl'), ...out, '--data', join(home, 'data')];
  // To reckon nobody needs a key.
  const key = args.includes('--dry-run') ? {} : { OPENAI_API_KEY: 'sk-bulk' };
  const env = { PATH: process.env['PATH'], OPENAI_BASE_URL: `${provider.url}/v1`, ...key };
  const child = spawn(process.execPath, [MAIN, 'bulk', ...files, ...args], { env });
  let said = '';
  let err = '';
  child.stdout.on('data', (text) => (said += String(text)));
  child.stderr.on('data', (text) => (err += String(text)));
  const ended = once(child, 'close').then(() => ({ code: child.exitCode, out: said, err }));
  return { pid: child.pid, ended, kill: (signal) => void child.kill(signal) };
}

/** Begins, and ends it by a signal once some requests have been sent. */
async function cutShort(signal: NodeJS.Signals): Promise<Ended> {
  const begun = provider.stats.requests;
  const { ended, kill } = begin(['--concurrency', '20']);
  await until(
    () => provider.stats.requests > begun + 150,
    () => 'nothing was sent',
    15_000,
  );
  kill(signal);
  return ended;
}

async function answers(): Promise<
  { custom_id: string; response: { body: { choices: { message: { content: string } }[] } } }[]
> {
  const text = await readFile(join(home, 'out.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as never);
}

test('interrupted and killed, it ends with every request answered once, in order', { timeout: 60_000 }, async () => {
  const count = 900;
  await writeInput(Array.from({ length: count }, () => 'gpt-4o-mini'));
  const before = provider.stats.requests;
  const interrupted = await cutShort('SIGINT');
  expect(interrupted.code).toBe(130);
  expect(interrupted.err).toContain('are left. Go on with the same command');
  await cutShort('SIGKILL');
  // What a killed process leaves behind holds nobody up.
  expect(existsSync(join(home, 'out.jsonl.lock'))).toBe(true);
  expect(existsSync(join(home, 'out.jsonl'))).toBe(false);
  const { code, out } = await begin(['--json']).ended;
  expect(JSON.parse(out)).toMatchObject({ requests: count, answered: count, failed: 0 });
  expect(code).toBe(0);
  const found = await answers();
  expect(found.map(({ custom_id: id }) => id)).toEqual(Array.from({ length: count }, (_, index) => `r-${index}`));
  expect(
    found.every(({ response }, index) => response.body.choices[0]?.message.content.includes(`number ${index}`)),
  ).toBe(true);
  expect(existsSync(join(home, 'out.jsonl.journal'))).toBe(false);
  // What was under way when it was killed is asked again; what was done is not.
  expect(provider.stats.requests - before).toBeLessThanOrEqual(count + 20);
});

test('a second process with the same output is refused, and sends nothing', { timeout: 60_000 }, async () => {
  await writeInput(['gpt-4o-mini@hang']);
  const before = provider.stats.requests;
  const first = begin();
  await until(
    () => provider.stats.requests > before,
    () => 'nothing was sent',
    30_000,
  );
  const second = await begin().ended;
  expect(second.code).toBe(1);
  expect(second.err).toContain(`another process (process ${first.pid}, since 2`);
  expect(provider.stats.requests - before).toBe(1);
  first.kill('SIGKILL');
  await first.ended;
});

test('what fails for good is told by kind, and can be fed back', { timeout: 30_000 }, async () => {
  // A fault of the request's own: what is wrong with the account would be remembered, and might fail those after it, too.
  await writeInput(['gpt-4o-mini', 'gpt-4o@string-too-long', 'gpt-4o-mini']);
  const { code, out } = await begin().ended;
  expect(code).toBe(1);
  expect(out).toContain('2 of 3 requests answered');
  expect(out).toContain('failed: 1 invalid-request');
  const failed = await readFile(join(home, 'out.jsonl.failed.jsonl'), 'utf8');
  expect(JSON.parse(failed)).toMatchObject({ custom_id: 'r-1' });
});

test('a dry run tells tokens, cost and time, and sends nothing', { timeout: 30_000 }, async () => {
  await writeInput(Array.from({ length: 100 }, () => 'gpt-4o-mini'));
  const before = provider.stats.requests;
  const { code, out } = await begin(['--dry-run', '--json', '--requests-per-minute', '50'], null).ended;
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ requests: 100, outputTokens: 5_000, unpriced: 0, ms: 120_000 });
  expect((JSON.parse(out) as { cost: number }).cost).toBeGreaterThan(0);
  expect(provider.stats.requests).toBe(before);
});

test.each([
  ['nonsense', '--url "nonsense" is no address'],
  ['http://127.0.0.1:1/v1', 'nobody answers at http://127.0.0.1:1/v1'],
])('a gateway that is not there is found out before anything is tried: %s', async (url, why) => {
  await writeInput(['gpt-4o-mini']);
  const { code, err } = await begin(['--url', url]).ended;
  expect(code).toBe(1);
  expect(err).toContain(why);
  expect(existsSync(join(home, 'out.jsonl.journal'))).toBe(false);
});

test('a gateway that does not take the key is found out before anything is tried', { timeout: 30_000 }, async () => {
  const door = await openGateway({
    targets: { primary: { provider: 'openai', baseUrl: `${provider.url}/v1`, key: 'env:TARGET_KEY' } },
    organisations: { acme: {} },
    tenants: { shop: { organisation: 'acme' } },
  });
  await writeInput(['gpt-4o-mini']);
  const { code, err } = await begin(['--url', door.baseURL]).ended;
  expect(code).toBe(1);
  expect(err).toContain('does not take this key; name one that it knows with --key');
  await door.close();
});

test('through a gateway it is a call like others, in the background lane', { timeout: 30_000 }, async () => {
  const door = await openGateway({
    targets: { primary: { provider: 'openai', baseUrl: `${provider.url}/v1`, key: 'env:TARGET_KEY' } },
  });
  await writeInput(['gpt-4o-mini', 'gpt-4o-mini']);
  door.owe(2);
  const { code } = await begin(['--url', door.baseURL]).ended;
  expect(code).toBe(0);
  expect(door.records).toHaveLength(2);
  await door.close();
});

test.each([
  ['not a line of it', 'line 1: is no JSON'],
  ['', 'has no requests in it'],
])('an input that is no bulk is refused before anything is sent: %s', async (text, problem) => {
  await writeFile(join(home, 'in.jsonl'), text);
  const { code, err } = await begin().ended;
  expect(code).toBe(1);
  expect(err).toContain(problem);
});

test('the output takes the place of nothing that is there', { timeout: 30_000 }, async () => {
  await writeInput(['gpt-4o-mini']);
  const requests = await readFile(join(home, 'in.jsonl'), 'utf8');
  const before = provider.stats.requests;
  const { code, err } = await begin([], 'in.jsonl').ended;
  expect(code).toBe(1);
  expect(err).toContain('in.jsonl is there already and would be lost');
  expect(await readFile(join(home, 'in.jsonl'), 'utf8')).toBe(requests);
  expect(provider.stats.requests).toBe(before);
});

test('without an output it says what is missing', async () => {
  await writeInput(['gpt-4o-mini']);
  const { code, err } = await begin([], null).ended;
  expect(code).toBe(1);
  expect(err).toContain('--out is missing');
});
