import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { Database } from '../database.ts';
import { addressOf } from '../databases.test-support.ts';
import { MIGRATIONS } from '../migrations/index.ts';
import { PostgresServer } from '../postgres-server.test-support.ts';
import { openPool } from './connection.ts';
import { openPostgres } from './database.ts';
import { toPostgresError } from './errors.ts';
import { migratePostgres } from './migrate.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await PostgresServer.start();
}, 240_000);
afterAll(() => server.close());
beforeEach(() => ask('drop schema if exists holdfast cascade'));

async function ask(text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new Client({ connectionString: server.url });
  await client.connect();
  try {
    return (await client.query(text)).rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

/** Opens it with other migrations than this version's. */
async function migrateWith(...more: readonly { number: number; name: string; postgres: string }[]): Promise<void> {
  const pool = await openPool(addressOf(server), { max: 1 });
  try {
    await migratePostgres(pool, 'here', [...MIGRATIONS, ...more.map((one) => ({ ...one, sqlite: '' }))]);
  } finally {
    await pool.end();
  }
}

const NEXT = MIGRATIONS.length + 1;

describe('opening', () => {
  test('makes what is missing, once, however many come at the same time', async () => {
    const opened: Database[] = await Promise.all(Array.from({ length: 5 }, () => openPostgres(addressOf(server))));
    for (const { query } of opened) expect(await query.selectFrom('tenants').selectAll().execute()).toEqual([]);
    await Promise.all(opened.map((database) => database.close()));
    const run = await ask('select number, name from holdfast.migrations order by number');
    const wanted = MIGRATIONS.filter(({ postgres }) => postgres !== undefined);
    expect(run).toEqual(wanted.map(({ number, name }) => ({ number, name })));
  });

  test('needs no right to make schemas where somebody has made ours', async () => {
    await ask('create role modest login; create schema holdfast authorization modest');
    const database = await openPostgres({ ...addressOf(server), user: 'modest' });
    expect(await database.query.selectFrom('audit_log').selectAll().execute()).toEqual([]);
    await database.close();
    await ask('drop schema holdfast cascade; drop role modest');
  });

  test('says that the rights are missing otherwise', async () => {
    await ask('create role meek login');
    const opening = openPostgres({ ...addressOf(server), user: 'meek' });
    await expect(opening).rejects.toMatchObject({ kind: 'denied', message: expect.stringContaining('the rights') });
    await ask('drop role meek');
  });

  test('runs a later migration on top, and leaves all as it was when one fails', async () => {
    await migrateWith({ number: NEXT, name: 'more', postgres: 'create table more (x integer)' });
    expect(await ask('select * from holdfast.more')).toEqual([]);
    await ask('drop schema holdfast cascade');
    const broken = { number: NEXT, name: 'broken', postgres: 'create table half (x integer); nonsense' };
    await expect(migrateWith(broken)).rejects.toThrow(/syntax/);
    expect(await ask("select to_regnamespace('holdfast') as there")).toEqual([{ there: null }]);
  });

  test('refuses what a newer version has written', async () => {
    await migrateWith({ number: NEXT, name: 'future', postgres: 'create table future (x integer)' });
    await expect(openPostgres(addressOf(server))).rejects.toMatchObject({ kind: 'newer' });
  });
});

test('a server that comes back is used again, and a change that was under way when it went is not half made', async () => {
  const database = await openPostgres(addressOf(server));
  const { query } = database;
  const organisation = { name: 'x', limits: '{}', declared: 0, created_at: 1 };
  const half = query.transaction().execute(async (within) => {
    await within
      .insertInto('organisations')
      .values({ id: 'half', ...organisation })
      .execute();
    await server.stop();
    await within
      .insertInto('organisations')
      .values({ id: 'other', ...organisation })
      .execute();
  });
  await expect(half).rejects.toThrow(/./);
  await expect(query.selectFrom('organisations').selectAll().execute()).rejects.toMatchObject({ kind: 'away' });
  await server.restart();
  expect(await query.selectFrom('organisations').selectAll().execute()).toEqual([]);
  await database.close();
});

test.each([
  ['28P01', 'denied'],
  ['42501', 'denied'],
  ['3D000', 'missing'],
  ['25006', 'unwritable'],
  ['40001', 'busy'],
  ['55P03', 'busy'],
  ['53100', 'full'],
  ['53300', 'away'],
  ['57P03', 'away'],
  ['ECONNREFUSED', 'away'],
  ['42P01', 'other'],
])('%s is %s', (code, kind) => {
  const error = toPostgresError(Object.assign(new Error('said'), { code }), 'postgres://h@db:5432/x');
  expect(error).toMatchObject({ kind, message: expect.stringMatching(/postgres:\/\/h@db:5432\/x.*said/) });
});
