import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { aCall, aFault, anAttempt } from '../../test/fixtures/call-record.ts';
import { packCalls } from '../../test/fixtures/pack-calls.ts';
import type { Database } from '../storage/database.ts';
import { type CallCursor, type CallFilter, findCall, lastSeq, listCalls, listCallsAfter } from './calls.ts';
import { onEachKeeper, type TestRecords } from './keepers.test-support.ts';

const overloaded = anAttempt({ fault: aFault(), status: 503, target: 'open%ai' });

const SHOP = { tenant: 'shop', organisation: 'acme', keyId: 'key_1', workload: 'chat', endUser: 'u_1' };

/** In order of writing; ids tell what is special. */
const CALLS = [
  aCall({ id: 'a-plain', at: 1000 }),
  aCall({ id: 'a-late', at: 5000, route: 'batch' }),
  aCall({ id: 'b-slow', at: 2000, durationMs: 9000, model: 'o4', ...SHOP }),
  aCall({ id: 'b-saved', at: 3000, target: 'azure', attempts: [overloaded, anAttempt({ target: 'azure' })] }),
  aCall({
    id: 'c-failed',
    at: 4000,
    outcome: 'failed',
    status: 429,
    fault: aFault({ kind: 'rate-limit-tokens' }),
    attempts: [anAttempt({ status: 429, fault: aFault({ kind: 'rate-limit-tokens', message: '"kind":"conflict"' }) })],
  }),
  aCall({ id: 'c-cut', at: 4000, outcome: 'interrupted', fault: aFault({ kind: 'partial-response' }) }),
];

onEachKeeper((make) => {
  let records: TestRecords;
  let database: Database;
  beforeAll(async () => {
    records = await make();
    const keeper = records.keeper();
    await keeper.write(packCalls(CALLS), []);
    await keeper.close();
    database = await records.open();
  });
  afterAll(async () => {
    await database.close();
    await records.drop();
  });

  async function idsOf(filter: CallFilter): Promise<string[]> {
    return (await listCalls(database, filter)).calls.map(({ id }) => id);
  }

  describe('listing', () => {
    it.each<[string, CallFilter, string[]]>([
      ['all, newest arrival first', {}, ['a-late', 'c-cut', 'c-failed', 'b-saved', 'b-slow', 'a-plain']],
      ['since, inclusive', { since: 4000 }, ['a-late', 'c-cut', 'c-failed']],
      ['until, exclusive', { until: 2000 }, ['a-plain']],
      ['by outcome', { outcome: 'interrupted' }, ['c-cut']],
      ['by the fault told', { fault: 'partial-response' }, ['c-cut']],
      ['by a fault that was got over', { fault: 'overloaded' }, ['b-saved']],
      ['not by a fault that is only quoted', { fault: 'conflict' }, []],
      ['by tenant', { tenant: 'shop' }, ['b-slow']],
      ['by organisation', { organisation: 'acme' }, ['b-slow']],
      ['by workload', { workload: 'chat' }, ['b-slow']],
      ['by key', { keyId: 'key_1' }, ['b-slow']],
      ['by another key', { keyId: 'key_2' }, []],
      ['by user', { endUser: 'u_1' }, ['b-slow']],
      ['by model', { model: 'o4' }, ['b-slow']],
      ['by the target that answered', { target: 'azure' }, ['b-saved']],
      ['by a target that failed', { target: 'open%ai' }, ['b-saved']],
      ['by a target literally', { target: 'open%' }, []],
      ['by route', { route: 'batch' }, ['a-late']],
      ['by status', { status: 429 }, ['c-failed']],
      ['by class of status', { status: '4xx' }, ['c-failed']],
      ['by duration', { minDurationMs: 9000 }, ['b-slow']],
      ['by beginning of the id', { idPrefix: 'b-' }, ['b-saved', 'b-slow']],
      ['by several at once', { since: 2000, until: 4000, model: 'gpt-5-mini' }, ['b-saved']],
    ])('%s', async (_name, filter, ids) => {
      expect(await idsOf(filter)).toEqual(ids);
    });

    it('pages without gap or double, also between calls of the same moment', async () => {
      const pages: string[][] = [];
      let before: CallCursor | undefined;
      do {
        const { calls, next } = await listCalls(database, { limit: 2, before });
        pages.push(calls.map(({ id }) => id));
        before = next ?? undefined;
      } while (before !== undefined);
      expect(pages).toEqual([
        ['a-late', 'c-cut'],
        ['c-failed', 'b-saved'],
        ['b-slow', 'a-plain'],
      ]);
    });

    it('follows in order of writing', async () => {
      expect(await lastSeq(database)).toBe(6);
      expect((await listCallsAfter(database, 3)).map(({ id }) => id)).toEqual(['b-saved', 'c-failed', 'c-cut']);
      expect((await listCallsAfter(database, 3, { outcome: 'failed' })).map(({ id }) => id)).toEqual(['c-failed']);
    });
  });

  describe('finding', () => {
    it('gives the call with the id, or with the only id that begins so', async () => {
      expect(await findCall(database, 'b-slow')).toMatchObject({ kind: 'found', call: { id: 'b-slow' } });
      expect(await findCall(database, 'b-sl')).toMatchObject({ kind: 'found', call: { id: 'b-slow' } });
    });

    it('says what else it can be', async () => {
      expect(await findCall(database, 'nothing')).toEqual({ kind: 'unknown' });
      expect(await findCall(database, 'c-')).toEqual({ kind: 'ambiguous', ids: ['c-cut', 'c-failed'] });
    });
  });

  describe('ids of our making', () => {
    const ids = [
      'hf-m1a-9',
      'hf-m1a-1',
      'hf-m1a-10',
      'hf-m1a-1zz',
      'hf-m1a-2',
      'hf-m1b-1',
      'hf-m1b-zzzzzzzz',
      'hf-m1a',
    ];
    let own: TestRecords;
    let ours: Database;
    beforeAll(async () => {
      own = await make();
      const keeper = own.keeper();
      await keeper.write(packCalls(ids.map((id, index) => aCall({ id, at: 1000 - index }))), []);
      await keeper.close();
      ours = await own.open();
    });
    afterAll(async () => {
      await ours.close();
      await own.drop();
    });

    it.each(ids)('%s is found by its whole', async (id) => {
      expect(await findCall(ours, id)).toMatchObject({ kind: 'found', call: { id } });
    });

    it.each([
      'hf-m1a-1',
      'hf-m1a-10',
      'hf-m1a-1z',
      'hf-m1a-',
      'hf-m1a',
      'hf-m1',
      'hf',
      'hf-m1b-z',
      'hf-m1a-0',
      'm1a',
      'hf-m1%',
      '',
    ])('those that begin with %j are found, and no others', async (idPrefix) => {
      const { calls } = await listCalls(ours, { idPrefix });
      expect(calls.map(({ id }) => id)).toEqual(ids.filter((id) => id.startsWith(idPrefix)));
    });
  });
});
