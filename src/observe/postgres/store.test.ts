import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';

import { aCall } from '../../../test/fixtures/call-record.ts';
import { addressOf, emptied } from '../../storage/databases.test-support.ts';
import type { PostgresAddress } from '../../storage/postgres/connection.ts';
import { openPostgres } from '../../storage/postgres/database.ts';
import { PostgresServer } from '../../storage/postgres-server.test-support.ts';
import { listCalls } from '../calls.ts';
import { QueryThread } from '../queries/query-thread.ts';
import { RecordStore, type RecordStoreOptions } from '../store.ts';

const FOREVER = { maxAgeMs: Number.MAX_SAFE_INTEGER };
const IN_TIME = 30_000;

let server: PostgresServer;
let directory: string;
const stores: RecordStore[] = [];
beforeAll(async () => {
  server = await PostgresServer.start();
  directory = mkdtempSync(join(tmpdir(), 'holdfast-store-'));
}, 240_000);
afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true, force: true });
});
beforeEach(() => emptied(server));
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
});

function aStore(options: Partial<RecordStoreOptions> = {}): { store: RecordStore; said: string[] } {
  const said: string[] = [];
  const onTrouble = (message: string): void => void said.push(message);
  const store = new RecordStore({
    directory,
    postgres: addressOf(server),
    retention: FOREVER,
    onTrouble,
    ...options,
  });
  stores.push(store);
  return { store, said };
}

function appendMany(store: RecordStore, count: number, prefix = 'call'): void {
  for (let index = 0; index < count; index += 1) store.append(aCall({ id: `${prefix}-${index}` }));
}

async function storedIds(): Promise<string[]> {
  const database = await openPostgres(addressOf(server));
  try {
    return (await listCalls(database, { limit: 100_000 })).calls.map(({ id }) => id);
  } finally {
    await database.close();
  }
}

/** Among whatever else is said: the sums, which are not added up meanwhile, may complain first. */
function expectSaid(said: readonly string[], what: RegExp): void {
  expect(said).toContainEqual(expect.stringMatching(what));
}

it('a server that is away holds no call up, is told, and loses nothing that fits in memory', async () => {
  const { store, said } = aStore();
  await store.ready();
  appendMany(store, 10, 'before');
  await store.flush();
  await server.stop();
  try {
    appendMany(store, 2_500, 'during');
    expect(store.pending).toBe(2_500);
    await vi.waitFor(() => expectSaid(said, /cannot be stored: .*127\.0\.0\.1.*Calls go on/s), IN_TIME);
    expect(store.pending).toBe(2_500);
    expect(store.dropped).toBe(0);
    await store.catchUp();
  } finally {
    await server.restart();
  }
  await vi.waitFor(() => expect(store.pending).toBe(0), IN_TIME);
  expect(await storedIds()).toHaveLength(2_510);
  expectSaid(said, /stored again .* none was lost/);
}, 120_000);

it('beyond what may wait the oldest are dropped, counted and told', async () => {
  const { store, said } = aStore({ maxPending: 1_000 });
  await store.ready();
  await server.stop();
  try {
    for (let round = 0; round < 10; round += 1) {
      appendMany(store, 300, `round-${round}`);
      await store.flush();
      expect(store.pending).toBeLessThanOrEqual(1_000);
    }
    expect(store.dropped).toBeGreaterThan(1_500);
  } finally {
    await server.restart();
  }
  await vi.waitFor(() => expect(store.pending).toBe(0), IN_TIME);
  const ids = await storedIds();
  expect(ids.length + store.dropped).toBe(3_000);
  expect(ids).toContain('round-9-299');
  expectSaid(said, new RegExp(`${store.dropped.toLocaleString('en-US')} were lost`));
}, 120_000);

it('a password that is replaced meanwhile is asked for anew', async () => {
  const run = async (text: string): Promise<void> => {
    const client = new Client({ connectionString: server.url });
    await client.connect();
    await client.query(text);
    await client.end();
  };
  let asked = 0;
  const address: PostgresAddress = { ...addressOf(server), password: () => `secret-${(asked += 1)}` };
  const { store, said } = aStore({ postgres: address });
  await store.ready();
  appendMany(store, 3);
  await store.flush();
  await run("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'holdfast'");
  appendMany(store, 3, 'more');
  await vi.waitFor(() => expect(store.pending).toBe(0), IN_TIME);
  expect(await storedIds()).toHaveLength(6);
  expect(asked).toBeGreaterThan(2);
  expect(JSON.stringify(said)).not.toContain('secret-');
}, 60_000);

it('what one store has written, the thread that answers questions shows through another', async () => {
  const [one, other] = [aStore().store, aStore().store];
  const queries = new QueryThread({ directory, postgres: addressOf(server) }, () => other.catchUp());
  try {
    await Promise.all([one.ready(), other.ready()]);
    for (let index = 0; index < 25; index += 1) one.append(aCall({ id: `call-${index}`, at: Date.now() }));
    await one.flush();
    await vi.waitFor(async () => expect((await queries.ask('overview', {})).total.calls).toBe(25), IN_TIME);
    expect(await queries.ask('call', { id: 'call-7' })).toMatchObject({ id: 'call-7' });
    await server.stop();
    await expect(queries.ask('overview', {})).rejects.toMatchObject({ kind: 'away' });
    await server.restart();
    await vi.waitFor(async () => expect((await queries.ask('overview', {})).total.calls).toBe(25), IN_TIME);
  } finally {
    await queries.close();
  }
}, 120_000);
