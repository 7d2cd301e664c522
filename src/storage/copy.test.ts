import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { copyShared } from './copy.ts';
import { type Database, openDatabase } from './database.ts';
import { onEachDatabase, type TestDatabase } from './databases.test-support.ts';

onEachDatabase((make) => {
  let directory: string;
  let from: Database;
  let home: TestDatabase;
  let to: Database;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-copy-'));
    from = openDatabase({ directory });
    home = await make();
    to = await home.open();
  });
  afterEach(async () => {
    await Promise.all([from.close(), to.close()]);
    await home.drop();
    rmSync(directory, { recursive: true });
  });

  /** Tenants with keys, more than go into one statement, and the log of them. */
  async function fill({ query }: Database, tenants: number): Promise<void> {
    const about = { name: 'ü', limits: '{"requestsPerMinute":1.5}', declared: 0, created_at: 1_700_000_000_000 };
    await query
      .insertInto('organisations')
      .values({ id: 'acme', ...about })
      .execute();
    for (let count = 0; count < tenants; count += 1) {
      const id = `t${count}`;
      const more = { organisation: 'acme', user_limits: '{}', weight: 0.25, lane: null };
      await query
        .insertInto('tenants')
        .values({ id, ...about, ...more })
        .execute();
      const by = { via: 'cli', actor: 'tester', address: null, before: null, after: '{}' };
      await query
        .insertInto('audit_log')
        .values({ at: count, action: 'create', subject: 'tenant', subject_id: id, ...by })
        .execute();
    }
  }

  test('everything comes over as it was, in its order', async () => {
    await fill(from, 1_201);
    expect(await copyShared(from, to)).toMatchObject({ organisations: 1, tenants: 1_201, audit_log: 1_201, events: 0 });
    for (const table of ['organisations', 'tenants'] as const) {
      const [there, here] = await Promise.all(
        [to, from].map(({ query }) => query.selectFrom(table).selectAll().orderBy('id').execute()),
      );
      expect(there).toEqual(here);
    }
    const log = await to.query.selectFrom('audit_log').select(['seq', 'at']).orderBy('seq').execute();
    expect(log.map(({ at }) => at)).toEqual(Array.from({ length: 1_201 }, (_, count) => count));
    // Numbers go on after those that were copied.
    await to.query
      .insertInto('audit_log')
      .values({
        at: 9,
        via: 'cli',
        actor: 'x',
        address: null,
        action: 'change',
        subject: 'tenant',
        subject_id: 't0',
        before: null,
        after: null,
      })
      .execute();
    const last = await to.query.selectFrom('audit_log').selectAll().orderBy('seq', 'desc').executeTakeFirst();
    expect(last).toMatchObject({ at: 9, action: 'change' });
  });

  test('what is there already is not mixed with it', async () => {
    await fill(from, 1);
    await fill(to, 2);
    await expect(copyShared(from, to)).rejects.toMatchObject({ kind: 'foreign' });
    expect(await to.query.selectFrom('tenants').selectAll().execute()).toHaveLength(2);
  });
});
