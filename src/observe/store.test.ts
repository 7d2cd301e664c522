import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { aCall, aFault, anAttempt } from '../../test/fixtures/call-record.ts';
import type { CallRecord } from '../engine/record.ts';
import { type Database, openDatabase } from '../storage/database.ts';
import { openForWriting } from '../storage/sqlite/connection.ts';
import { listCalls } from './calls.ts';
import { RecordStore, type RecordStoreOptions } from './store.ts';

let directory: string;
const stores: RecordStore[] = [];
/** The example call is of a certain day, which would be too old on most others. */
const FOREVER = { maxAgeMs: Number.MAX_SAFE_INTEGER };

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-store-'));
});
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
  rmSync(directory, { recursive: true, force: true });
});

/** A store that is closed after the test and keeps what it says. */
function aStore(options: Partial<RecordStoreOptions> = {}): { store: RecordStore; said: string[] } {
  const said: string[] = [];
  const store = new RecordStore({
    directory,
    retention: FOREVER,
    onTrouble: (message) => said.push(message),
    ...options,
  });
  stores.push(store);
  return { store, said };
}

function appendMany(store: RecordStore, count: number, prefix = 'call'): void {
  for (let index = 0; index < count; index += 1) store.append(aCall({ id: `${prefix}-${index}` }));
}

async function reading<Result>(work: (database: Database) => Promise<Result>, from = directory): Promise<Result> {
  const database = openDatabase({ directory: from, access: 'read' });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

function countStored(from = directory): Promise<number> {
  return reading(async (database) => (await listCalls(database, { limit: 1_000_000 })).calls.length, from);
}

describe('appending', () => {
  const failed = anAttempt({ fault: aFault(), status: 503, firstContentMs: null, durationMs: 20 });
  const second = anAttempt({ reason: 'fallback', target: 'azure', startedMs: 120.5, waitedMs: 100 });
  it.each<[string, CallRecord]>([
    ['an ordinary call', aCall()],
    [
      'a call that reached no target',
      aCall({ attempts: [], target: null, outcome: 'failed', status: 503, fault: aFault({ kind: 'no-target' }) }),
    ],
    ['a call whose one attempt failed', aCall({ attempts: [failed], outcome: 'failed', status: 503, fault: aFault() })],
    ['a call answered by the second target', aCall({ attempts: [failed, second], target: 'azure' })],
    ['a call whose answer came with another status', aCall({ attempts: [anAttempt({ status: 201 })] })],
    [
      'a call of which little is known',
      aCall({
        model: null,
        route: null,
        stream: false,
        firstContentMs: null,
        usage: { inputTokens: null, outputTokens: null, cachedTokens: null, reasoningTokens: null },
        attempts: [anAttempt({ model: null, upstreamId: null, firstContentMs: null })],
      }),
    ],
  ])('gives back %s unchanged', async (_name, call) => {
    const { store, said } = aStore();
    store.append(call);
    await store.flush();
    const { calls } = await reading((database) => listCalls(database));
    expect(calls).toEqual([{ ...call, seq: 1 }]);
    expect(said).toEqual([]);
  });

  it('shortens what callers and providers may write at any length', async () => {
    const long = 'x'.repeat(5000);
    const fault = aFault({ message: long, evidence: [long], code: long });
    const { store } = aStore();
    store.append(
      aCall({ model: long, path: long, fault, outcome: 'failed', attempts: [anAttempt({ fault, upstreamId: long })] }),
    );
    await store.flush();
    const { calls } = await reading((database) => listCalls(database));
    expect(JSON.stringify(calls)).not.toMatch(/x{501}/);
    expect(calls[0]?.fault?.message).toMatch(/^x{499}…$/);
  });

  it('writes by itself, without being asked to flush', async () => {
    const { store } = aStore();
    await store.ready();
    appendMany(store, 3);
    await vi.waitFor(async () => expect(await countStored()).toBe(3), 5000);
  });

  it('keeps the order of writing over many batches', async () => {
    const { store } = aStore();
    appendMany(store, 5000);
    await store.flush();
    expect(store.pending).toBe(0);
    const ids = await reading(({ query }) => query.selectFrom('calls').select('id').orderBy('seq').execute());
    expect(ids.map(({ id }) => id)).toEqual(Array.from({ length: 5000 }, (_, index) => `call-${index}`));
  });

  it('stores on close, and nothing after it', async () => {
    const { store } = aStore();
    appendMany(store, 250);
    await store.close();
    appendMany(store, 10, 'late');
    await store.close();
    expect(await countStored()).toBe(250);
  });

  it('deletes old records at its start', async () => {
    const first = aStore();
    first.store.append(aCall({ id: 'old', at: Date.now() - 3000 }));
    first.store.append(aCall({ id: 'new', at: Date.now() + 60_000 }));
    await first.store.close();
    aStore({ retention: { maxAgeMs: 1000 } });
    await vi.waitFor(async () => expect(await countStored()).toBe(1), 5000);
  });
});

describe('catching up for somebody who reads', () => {
  const added = (): Promise<number> =>
    reading(async ({ query }) => {
      const rows = await query
        .selectFrom('call_rollups as sums')
        .innerJoin('rollup_series as series', 'series.id', 'sums.series')
        .select('calls')
        .where('facet', '=', 'all')
        .where('span', '=', 86_400)
        .execute();
      return rows.reduce((sum, { calls }) => sum + calls, 0);
    });

  it('brings over every call and its sums, long before they would have come by themselves', async () => {
    const { store } = aStore();
    await store.ready();
    appendMany(store, 30);
    // Once at least it is not given up for want of time, however busy the machine.
    await vi.waitFor(async () => {
      await store.catchUp();
      expect(await added()).toBe(30);
    }, 10_000);
    expect(await countStored()).toBe(30);
    appendMany(store, 5, 'more');
    await vi.waitFor(async () => {
      await store.catchUp();
      expect(await countStored()).toBe(35);
    }, 10_000);
  });

  it('leaves nothing to be added up at the end, though nobody has asked', async () => {
    const { store } = aStore();
    await store.ready();
    appendMany(store, 2);
    await store.flush();
    appendMany(store, 2, 'more');
    await store.close();
    expect(await added()).toBe(4);
  });

  it('holds nobody up while the database is in trouble, or gone', async () => {
    writeFileSync(join(directory, 'data'), 'in the way');
    const { store } = aStore({ directory: join(directory, 'data') });
    appendMany(store, 7);
    await store.flush();
    await store.catchUp();
    expect(store.pending).toBe(7);
    await store.close();
    await store.catchUp();
  });

  it('answers when the worker dies meanwhile', async () => {
    const workers: Worker[] = [];
    const keep = (worker: Worker): void => void workers.push(worker);
    process.on('worker', keep);
    const { store } = aStore();
    await store.ready();
    process.off('worker', keep);
    const asked = store.catchUp();
    await workers[0]?.terminate();
    await expect(asked).resolves.toBeUndefined();
    await expect(store.catchUp()).resolves.toBeUndefined();
  });
});

/** Runs a command of the system; whether it went well. */
function run(command: string, ...words: string[]): boolean {
  return spawnSync(command, words).status === 0;
}

describe('trouble with the disk', () => {
  it('is told, loses nothing that fits in memory, and is got over', async () => {
    const blocked = join(directory, 'data');
    writeFileSync(blocked, 'in the way');
    const { store, said } = aStore({ directory: blocked });
    await expect(store.ready()).rejects.toThrow(blocked);
    appendMany(store, 450);
    await store.flush();
    expect(store.pending).toBe(450);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/cannot be stored: .*data.* Calls go on/);

    rmSync(blocked);
    await vi.waitFor(() => expect(store.pending).toBe(0), 10_000);
    expect(await countStored(blocked)).toBe(450);
    expect(said[1]).toMatch(/stored again .* none was lost/);
  });

  it('drops the oldest beyond what may wait, and says how many', async () => {
    const blocked = join(directory, 'data');
    writeFileSync(blocked, 'in the way');
    const { store, said } = aStore({ directory: blocked, maxPending: 1000 });
    for (let round = 0; round < 10; round += 1) {
      appendMany(store, 300, `round-${round}`);
      await store.flush();
      expect(store.pending).toBeLessThanOrEqual(1000);
    }
    const kept = store.pending;
    rmSync(blocked);
    await store.flush();
    expect(await countStored(blocked)).toBe(kept);
    const { calls } = await reading((database) => listCalls(database, { limit: 1 }), blocked);
    expect(calls[0]?.id).toBe('round-9-299');
    expect(said.at(-1)).toMatch(new RegExp(`${(3000 - kept).toLocaleString('en-US')} were lost`));
  });

  it('does not hold up the end', async () => {
    writeFileSync(join(directory, 'data'), 'in the way');
    const { store, said } = aStore({ directory: join(directory, 'data') });
    appendMany(store, 7);
    await store.close();
    expect(said.at(-1)).toMatch(/stopping with 7 call records/);
  });

  it('a database of a newer version is left alone', async () => {
    const connection = openForWriting(directory);
    connection.exec("insert into migrations values (999, 'future', 0)");
    connection.close();
    const { store, said } = aStore();
    await expect(store.ready()).rejects.toThrow(/newer Holdfast/);
    expect(said).toHaveLength(1);
  });

  it('of a disk that is really full is got over when there is space again', async ({ skip }) => {
    const disk = join(directory, 'disk');
    mkdirSync(disk);
    const mounted = run('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk);
    skip(!mounted, 'mounting a small disk needs rights');
    try {
      const { store, said } = aStore({ directory: disk });
      appendMany(store, 100, 'before');
      await store.flush();
      const { bavail, bsize } = statfsSync(disk);
      writeFileSync(join(disk, 'ballast'), Buffer.alloc(bavail * bsize));
      appendMany(store, 600, 'during');
      await store.flush();
      expect(store.pending).toBe(600);
      expect(said[0]).toMatch(/full/);

      rmSync(join(disk, 'ballast'));
      await vi.waitFor(() => expect(store.pending).toBe(0), 10_000);
      expect(await countStored(disk)).toBe(700);
      expect(said[1]).toMatch(/stored again .* none was lost/);
      await store.close();
    } finally {
      run('umount', '-l', disk);
    }
  });
});

/** Starts a process of its own that makes a store and runs `script` with it. */
function inAnotherProcess(script: string): ReturnType<typeof spawn> {
  const source = `
    import { RecordStore } from ${JSON.stringify(new URL('./store.ts', import.meta.url).href)};
    const call = ${JSON.stringify(aCall())};
    const store = new RecordStore({ directory: ${JSON.stringify(directory)}, retention: ${JSON.stringify(FOREVER)} });
    ${script}`;
  return spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['ignore', 'pipe', 'inherit'] });
}

describe('the death of the worker', () => {
  it('takes no record with it', async () => {
    const workers: Worker[] = [];
    const keep = (worker: Worker): void => void workers.push(worker);
    process.on('worker', keep);
    const { store, said } = aStore();
    await store.ready();
    appendMany(store, 2300);
    await workers[0]?.terminate();
    await vi.waitFor(() => expect(store.pending).toBe(0), 5000);
    process.off('worker', keep);
    expect(workers).toHaveLength(2);
    expect(await countStored()).toBe(2300);
    expect(said[0]).toMatch(/the thread that stores them died/);
    expect(said[1]).toMatch(/none was lost/);
  });
});

describe('several processes', () => {
  it('write into one new database at once, and this one reads meanwhile', async () => {
    const script = (name: string): string =>
      `for (let i = 0; i < 1000; i++) store.append({ ...call, id: '${name}-' + i }); await store.close();`;
    const children = ['a', 'b'].map((name) => inAnotherProcess(script(name)));
    const exits = children.map(async (child) => (await once(child, 'exit'))[0]);
    let reads = 0;
    while (children.some(({ exitCode }) => exitCode === null)) {
      reads += await countStored().then(
        () => 1,
        // Until one of them has made it, there is nothing to read.
        (error: { kind?: string }) => (error.kind === 'missing' || error.kind === 'older' ? 0 : Promise.reject(error)),
      );
      await new Promise(setImmediate);
    }
    expect(await Promise.all(exits)).toEqual([0, 0]);
    expect(reads).toBeGreaterThan(0);
    expect(await countStored()).toBe(2000);
  });

  it('a kill -9 under load leaves a sound database, and takes the last second at most', async () => {
    const child = inAnotherProcess(`
      let sent = 0;
      setInterval(() => {
        for (let i = 0; i < 20; i++) store.append({ ...call, id: 'call-' + sent++ });
        process.stdout.write(Date.now() + ' ' + sent + '\\n');
      }, 2);`);
    let told = '';
    child.stdout?.on('data', (data) => (told += String(data)));
    await new Promise((resolve) => setTimeout(resolve, 1800));
    child.kill('SIGKILL');
    const killedAt = Date.now();
    await once(child, 'exit');

    const progress = told
      .trim()
      .split('\n')
      .slice(0, -1)
      .map((line) => line.split(' ').map(Number) as [number, number]);
    const aSecondBefore = progress.findLast(([at]) => at <= killedAt - 1000)?.[1] ?? 0;
    const stored = await countStored();
    expect(aSecondBefore).toBeGreaterThan(0);
    expect(stored).toBeGreaterThanOrEqual(aSecondBefore);

    const connection = openForWriting(directory);
    expect(connection.prepare('pragma integrity_check').get()).toEqual({ integrity_check: 'ok' });
    // Nothing is missing in between.
    expect(connection.prepare('select max(cast(substr(id, 6) as integer)) + 1 as next from calls').get()).toEqual({
      next: stored,
    });
    connection.close();
    const { store } = aStore();
    appendMany(store, 1, 'afterwards');
    await store.flush();
    expect(await countStored()).toBe(stored + 1);
  });
});
