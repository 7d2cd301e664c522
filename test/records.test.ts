import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { OpenAI } from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CallRecord } from '../src/engine/record.ts';
import { seededRandom } from '../src/engine/random.ts';
import { type Simulator, startSimulator } from '../src/simulator/index.ts';
import { databasePath } from '../src/storage/data-directory.ts';
import { ask, ASKINGS } from './conversation.ts';
import { CALLERS_KEY, DOORS, openDoor, storedCalls, until } from './harness.ts';
import { ServeProcess } from './process.ts';

let one: Simulator;
let two: Simulator;
beforeAll(async () => {
  one = await startSimulator({ name: 'one', latency: { perTokenMs: 1 } });
  two = await startSimulator({ name: 'two' });
});
afterAll(() => Promise.all([one.close(), two.close()]));

const FAULTS = [
  'slow:5',
  'server-error',
  'unavailable',
  'insufficient-quota',
  'invalid-request',
  'cut:3',
  'end:0',
  'error-event:2',
  'stall:2',
  'hang',
  'reset-before-headers',
  'truncated-json',
  'gzip',
];

describe.each(DOORS)('%s', (name) => {
  test('each call of a storm leaves one record, whatever becomes of it', async () => {
    const door = await openDoor(name, {
      ladder: [{ at: one }, { at: two }],
      timeouts: { headersMs: 400, firstContentMs: 400, idleMs: 400 },
      retry: { baseMs: 1 },
      // The first provider is to go on failing in all its ways, not to be left in peace.
      breaker: { enabled: false },
    });
    const random = seededRandom(7);
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
    const storm = Array.from({ length: 160 }, async () => {
      const model = random() < 0.7 ? `gpt-4o@${pick(FAULTS)}` : 'gpt-4o';
      const leaves = random() < 0.25;
      const asking = pick(ASKINGS);
      await pause(Math.floor(random() * 400));
      const controller = new AbortController();
      // Not before it is heard: of who leaves before it has arrived, nobody could know.
      const onPiece = (): void => (leaves ? controller.abort() : undefined);
      return ask(door.client, asking, { model, signal: controller.signal, onPiece }).then(
        () => 'answered',
        () => 'failed',
      );
    });
    const heard = await Promise.all(storm);
    expect(new Set(heard)).toEqual(new Set(['answered', 'failed']));
    // Closing compares the records with the calls, one by one, in memory and on disk.
    await door.close();
    expect(door.records).toHaveLength(160);
    expect(door.records.flatMap(complaintsAbout)).toEqual([]);
    const outcomes = new Set(door.records.map(({ outcome }) => outcome));
    expect(outcomes).toEqual(new Set(['answered', 'failed', 'interrupted', 'cancelled']));
  });
});

/** What contradicts itself in a record. */
function complaintsAbout(record: CallRecord): string[] {
  const { outcome, fault, attempts, durationMs, overheadMs, status } = record;
  const complaints: string[] = [];
  if ((outcome === 'answered') !== (fault === null)) complaints.push(`${outcome} with fault ${fault?.kind}`);
  if ((outcome === 'cancelled') !== (fault?.kind === 'cancelled')) complaints.push(`${outcome} by ${fault?.kind}`);
  if (outcome === 'answered' && status !== 200) complaints.push(`answered with ${status}`);
  if (outcome === 'answered' && attempts.at(-1)?.fault !== null) complaints.push('answered by an attempt that failed');
  if (attempts.slice(0, -1).some((attempt) => attempt.fault === null)) complaints.push('tried again after a success');
  if (overheadMs > durationMs) complaints.push(`${overheadMs} ms of ${durationMs} were overhead`);
  if (attempts.some((attempt) => attempt.startedMs + attempt.durationMs > durationMs + 1)) {
    complaints.push('an attempt outlived its call');
  }
  return complaints.map((complaint) => `${record.id}: ${complaint}`);
}

test('kill -9 under load: the database opens clean, and no more than the last second is missing', async () => {
  const home = await mkdtemp(join(tmpdir(), 'holdfast-kill-'));
  const env = { OPENAI_API_KEY: 'sk-test', OPENAI_BASE_URL: `${two.url}/v1`, HOLDFAST_DATA: home };
  let served = await ServeProcess.start(env);
  const client = new OpenAI({ baseURL: served.baseURL, apiKey: CALLERS_KEY, maxRetries: 0 });
  /** Ids of the calls that were answered, and when. */
  const answered = new Map<string, number>();
  const load = { on: true };
  const caller = async (): Promise<void> => {
    const request = { model: 'gpt-4o', messages: [{ role: 'user' as const, content: 'Say: hi' }] };
    while (load.on) {
      const { _request_id: id } = await client.chat.completions.create(request);
      answered.set(id ?? '', performance.now());
    }
  };
  const callers = Promise.allSettled(Array.from({ length: 8 }, caller));
  await until(
    () => answered.size > 100,
    () => `${answered.size} answered`,
    10_000,
  );
  await pause(1_500);
  const killedAt = performance.now();
  served.signal('SIGKILL');
  load.on = false;
  await served.exited;
  await callers;

  served = await ServeProcess.start(env);
  const stored = idsIn(home);
  const missing = [...answered].filter(([id]) => !stored.has(id));
  const oldestMs = Math.max(0, ...missing.map(([, at]) => killedAt - at));
  expect(oldestMs).toBeLessThan(1_000);
  expect(stored.size).toBeGreaterThan(100);

  // It goes on where it was.
  const again = new OpenAI({ baseURL: served.baseURL, apiKey: CALLERS_KEY, maxRetries: 0 });
  await ask(again, 'chat');
  served.signal('SIGTERM');
  expect(await served.exited).toBe(0);
  expect(storedCalls(home)).toBe(stored.size + 1);
  await rm(home, { recursive: true });
});

/** The ids of the stored calls, after asking SQLite whether its file is sound. */
function idsIn(data: string): Set<string> {
  const database = new DatabaseSync(databasePath(data), { readOnly: true });
  try {
    expect(database.prepare('pragma integrity_check').get()).toEqual({ integrity_check: 'ok' });
    return new Set(
      database
        .prepare('select id from calls')
        .all()
        .map(({ id }) => String(id)),
    );
  } finally {
    database.close();
  }
}

test('without a disk to write to, calls are answered, and it is said loudly', async () => {
  const home = await mkdtemp(join(tmpdir(), 'holdfast-nodisk-'));
  const inTheWay = join(home, 'a-file');
  await writeFile(inTheWay, '');
  const served = await ServeProcess.start({
    OPENAI_API_KEY: 'sk-target-0123456789',
    OPENAI_BASE_URL: `${one.url}/v1`,
    HOLDFAST_DATA: join(inTheWay, 'data'),
  });
  const client = new OpenAI({ baseURL: served.baseURL, apiKey: CALLERS_KEY, maxRetries: 0 });
  await ask(client, 'chat');
  expect(served.complaints).toContain('Going on without it');
  await until(() => served.complaints.includes('call records cannot be stored'));
  served.signal('SIGTERM');
  expect(await served.exited).toBe(0);
  await rm(home, { recursive: true });
});

test('a database that may hold keys and cannot be read is no reason to let everybody in', async () => {
  const home = await mkdtemp(join(tmpdir(), 'holdfast-torn-'));
  await writeFile(databasePath(home), 'this was a database once');
  const served = await ServeProcess.start({ OPENAI_API_KEY: 'sk-target-0123456789', HOLDFAST_DATA: home });
  expect(await served.exited).toBe(1);
  expect(served.complaints).toContain(databasePath(home));
  await rm(home, { recursive: true });
});
