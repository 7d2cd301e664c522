import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type BulkOptions, runBulk, type Send, type Sent } from './bulk.ts';
import { handOver } from './hand-over.ts';
import { inspect, linesOf } from './input.ts';
import { Journal } from './journal.ts';

let home = '';
let input = '';
let path = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'holdfast-bulk-'));
  input = join(home, 'in.jsonl');
  path = join(home, 'out.jsonl.journal');
});
afterEach(() => rmSync(home, { recursive: true }));

function writeInput(ids: readonly string[]): void {
  const line = (id: string): string =>
    JSON.stringify({ custom_id: id, url: '/v1/chat/completions', body: { model: 'm', id } });
  writeFileSync(input, `${ids.map(line).join('\n')}\n`);
}

function done(id: string, fault: string | null = null): Sent {
  const answer = {
    status: fault === null ? 200 : 400,
    requestId: `r-${id}`,
    body: JSON.stringify({ id }),
    fault,
    cost: 2,
  };
  return { kind: 'done', answer };
}

/** The id of what is sent. */
const idIn = (body: Buffer): string => (JSON.parse(body.toString()) as { id: string }).id;

async function run(send: Send, options: Partial<BulkOptions> = {}): Promise<Journal> {
  const { fingerprint } = await inspect(input);
  const journal = await Journal.open(path, fingerprint);
  const usual = { concurrency: 2, attempts: 3, wait: () => Promise.resolve(), stopping: () => false };
  await runBulk({ lines: linesOf(input), journal, send, ...usual, ...options });
  return journal;
}

test('answers stand in the order of the input, whichever came first, and what failed can be fed back', async () => {
  writeInput(['a', 'b', 'c', 'd']);
  const held = Promise.withResolvers<void>();
  const journal = await run(async ({ body }) => {
    const id = idIn(body);
    if (id === 'a') await held.promise;
    if (id === 'd') held.resolve();
    return done(id, id === 'b' ? 'invalid-request' : null);
  });
  expect(journal.done).toMatchObject({ answered: 3, failed: 1, cost: 8, unpriced: 0 });
  const out = join(home, 'out.jsonl');
  const failed = join(home, 'failed.jsonl');
  await handOver(input, journal, { out, failed });
  const lines = readFileSync(out, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.map(({ custom_id: id }) => id)).toEqual(['a', 'b', 'c', 'd']);
  expect(lines[0]).toEqual({
    id: 'batch_req_r-a',
    custom_id: 'a',
    response: { status_code: 200, request_id: 'r-a', body: { id: 'a' } },
    error: null,
  });
  expect(lines[1]).toMatchObject({ error: { code: 'invalid-request' } });
  expect(readFileSync(failed, 'utf8')).toBe(`${readFileSync(input, 'utf8').split('\n')[1]}\n`);
  journal.remove();
});

test('never more are under way than it is told', async () => {
  writeInput(Array.from({ length: 50 }, (_, index) => String(index)));
  let underWay = 0;
  let most = 0;
  const journal = await run(
    async ({ body }) => {
      underWay += 1;
      most = Math.max(most, underWay);
      // By then everything that may be begun has been.
      await setImmediate();
      underWay -= 1;
      return done(idIn(body));
    },
    { concurrency: 7 },
  );
  expect(most).toBe(7);
  expect(journal.done.answered).toBe(50);
  journal.close();
});

test('what time may heal is sent again, after the wait that was asked for and ever longer ones, and not for ever', async () => {
  writeInput(['a']);
  const waits: number[] = [];
  const later = (): Promise<Sent> =>
    Promise.resolve({ ...done('a', 'overloaded'), kind: 'later', afterMs: 3_000 } as Sent);
  const wait = (ms: number): Promise<void> => Promise.resolve(void waits.push(ms));
  const journal = await run(later, { attempts: 5, wait });
  expect(waits).toEqual([3_000, 3_000, 4_000, 8_000]);
  expect(journal.done.faults).toEqual(new Map([['overloaded', 1]]));
  journal.close();
});

test('taken up again, it sends only what is not done, though half a line was left behind', async () => {
  writeInput(['a', 'b', 'c']);
  let stopping = false;
  const first = await run(
    ({ body }) => {
      stopping = true;
      return Promise.resolve(done(idIn(body)));
    },
    { concurrency: 1, stopping: () => stopping },
  );
  first.close();
  appendFileSync(path, '[2,"half a li');
  const sent: string[] = [];
  const second = await run(({ body }) => {
    sent.push(idIn(body));
    return Promise.resolve(done(idIn(body)));
  });
  expect(sent).toEqual(['b', 'c']);
  expect([1, 2, 3].map((line) => (JSON.parse(second.answerOf(line)) as { custom_id: string }).custom_id)).toEqual([
    'a',
    'b',
    'c',
  ]);
  expect(second.done.answered).toBe(3);
  second.close();
});

test('what waits for another try when the work is to stop has not failed', async () => {
  writeInput(['a']);
  let stopping = false;
  const journal = await run(() => Promise.resolve({ ...done('a', 'overloaded'), kind: 'later', afterMs: 1 } as Sent), {
    wait: () => Promise.resolve(void (stopping = true)),
    stopping: () => stopping,
  });
  expect(journal.done).toMatchObject({ answered: 0, failed: 0 });
  journal.close();
});

test('another input does not get the answers of this one', async () => {
  writeInput(['a']);
  (await run(({ body }) => Promise.resolve(done(idIn(body))))).close();
  writeInput(['a', 'b']);
  await expect(run(() => Promise.reject(new Error('not reached')))).rejects.toThrow(/journal of another input/);
  writeFileSync(path, '{"a":1}\n');
  await expect(run(() => Promise.reject(new Error('not reached')))).rejects.toThrow(/no journal of a bulk/);
});

test('everything that is wrong is found before anything is sent', async () => {
  writeFileSync(
    input,
    [
      '{"custom_id":"a","url":"/v1/chat/completions","body":{}}',
      '',
      'nonsense',
      '{"custom_id":"a","url":"/v1/chat/completions","body":{}}',
    ].join('\n'),
  );
  const { lines, problems } = await inspect(input);
  expect(lines).toBe(3);
  expect(problems).toEqual([
    'line 3: is no JSON: each line has to be one whole JSON object',
    'line 4: custom_id "a" stands in an earlier line already',
  ]);
});
