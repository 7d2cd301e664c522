import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { faultOf } from '../engine/fault/index.ts';
import { type Job, type KeptAnswer, newJobId, type NewJob } from './job.ts';
import { type Bounds, type ClaimedJob, type JobQueue, MOST_LOSSES, type QueueSettings } from './queue.ts';

/** What every store of jobs has to do, whatever stands underneath. */
export interface StoreUnderTest {
  /** Another process's hold of the same store. */
  open(settings: QueueSettings): Promise<JobQueue>;
  close(): Promise<void>;
}

/** Time is handed in, so none has to pass: but it begins now, for stores that also look at a clock of their own. */
const START = Date.now();
const SETTINGS: QueueSettings = { leaseMs: 10_000, keepMs: 86_400_000, keepKeysMs: 86_400_000 };
const BOUNDS: Bounds = { waiting: 1_000, bytes: 1_000_000 };
const ANSWER: KeptAnswer = {
  status: 200,
  headers: ['content-type', 'application/json', 'x-twice', 'a', 'x-twice', 'b'],
  body: Uint8Array.from({ length: 256 }, (_, at) => at),
};

/**
 * Judges a store.
 *
 * @param lose makes the lease of a job run out that a lost worker holds, and gives the time at which it has.
 */
export function judgeStore(
  name: string,
  openStore: () => Promise<StoreUnderTest>,
  lose: (queue: JobQueue, id: string) => Promise<number>,
): void {
  describe(`jobs kept in ${name}`, () => {
    let store: StoreUnderTest;
    let queue: JobQueue;
    let other: JobQueue;
    beforeAll(async () => {
      store = await openStore();
      queue = await store.open(SETTINGS);
      other = await store.open(SETTINGS);
    }, 200_000);
    afterAll(async () => {
      await queue.close();
      await other.close();
      await store.close();
    });

    const owner = (): string => `tenant-${randomUUID()}`;
    const jobFor = (whose: string, more: Partial<NewJob> = {}): NewJob => ({
      id: newJobId(),
      owner: whose,
      origin: 'asked',
      model: 'gpt-4o',
      stream: false,
      priority: 0,
      maxAttempts: 3,
      createdAt: START,
      runAt: START,
      deadlineAt: null,
      metadata: { order: '7' },
      keyId: 'key_1',
      webhook: null,
      request: { method: 'POST', path: '/chat/completions', headers: { 'x-a': ['1', '2'] }, body: ANSWER.body },
      ...more,
    });
    const add = async (whose: string, more: Partial<NewJob> = {}): Promise<Job> => {
      const added = await queue.add({ job: jobFor(whose, more), bounds: BOUNDS, hold: null });
      if (added.kind === 'full') throw new Error(added.why);
      return added.job;
    };
    /** Claims until the job is among what was claimed; what else there is goes back. */
    const claim = async (id: string, now = START, from: JobQueue = queue): Promise<ClaimedJob> => {
      const claimed = await from.claim({ most: 1_000, now });
      const found = claimed.find(({ job }) => job.id === id);
      for (const one of claimed) {
        if (one === found) continue;
        const back = { runAt: START + 3_600_000, now, counted: false, fault: null, callId: null };
        await from.again({ id: one.job.id, token: one.token, ...back });
      }
      if (found === undefined) throw new Error(`${id} was not to be had`);
      return found;
    };
    const succeed = (one: ClaimedJob, now = START): Promise<boolean> =>
      queue.end({
        id: one.job.id,
        token: one.token,
        now,
        ending: { status: 'succeeded', answer: ANSWER, fault: null, callId: 'hf-1' },
      });

    test('a job is kept as it was given, and another process sees it', async () => {
      const whose = owner();
      const job = await add(whose, { priority: 5, deadlineAt: START + 60_000, webhook: 'https://example.com/hook' });
      expect(job).toMatchObject({
        owner: whose,
        status: 'queued',
        priority: 5,
        attempts: 0,
        metadata: { order: '7' },
        deadlineAt: START + 60_000,
        webhook: { url: 'https://example.com/hook', state: 'none' },
        fault: null,
        answerStatus: null,
      });
      expect(await other.get({ owner: whose, id: job.id })).toEqual(job);
      expect(job.history).toEqual([{ seq: 1, at: START, status: 'queued', attempts: 0, why: null }]);
    });

    test('a job that is given twice is kept once, as it stands', async () => {
      const whose = owner();
      const job = jobFor(whose);
      expect(await queue.add({ job, bounds: BOUNDS, hold: null })).toMatchObject({ kind: 'added', known: false });
      await succeed(await claim(job.id));
      const again = await other.add({ job, bounds: BOUNDS, hold: null });
      expect(again).toMatchObject({ kind: 'added', known: true, job: { status: 'succeeded' } });
      await expect(claim(job.id)).rejects.toThrow(`${job.id} was not to be had`);
    });

    test('a worker gets the request byte for byte, and its answer is given back byte for byte', async () => {
      const whose = owner();
      const { id } = await add(whose);
      const claimed = await claim(id);
      expect(claimed).toMatchObject({
        keyId: 'key_1',
        job: { status: 'running', attempts: 1 },
        request: { method: 'POST', path: '/chat/completions', headers: { 'x-a': ['1', '2'] } },
      });
      expect(Buffer.from(claimed.request.body).equals(ANSWER.body)).toBe(true);
      expect(await succeed(claimed, START + 5)).toBe(true);
      const answer = await other.answer({ owner: whose, id });
      expect(answer).toMatchObject({ status: 200, headers: ANSWER.headers });
      expect(Buffer.from(answer?.body ?? []).equals(ANSWER.body)).toBe(true);
      const ended = await other.get({ owner: whose, id });
      expect(ended).toMatchObject({ status: 'succeeded', answerStatus: 200, callId: 'hf-1', endedAt: START + 5 });
      expect(ended?.history.map(({ seq, status }) => `${seq} ${status}`)).toEqual([
        '1 queued',
        '2 running',
        '3 succeeded',
      ]);
    });

    test('one job is never in two hands', async () => {
      const whose = owner();
      const ids = await Promise.all(Array.from({ length: 40 }, () => add(whose).then(({ id }) => id)));
      const rounds = await Promise.all(
        Array.from({ length: 8 }, (_, at) => (at % 2 === 0 ? queue : other).claim({ most: 10, now: START })),
      );
      const claimed = rounds.flat().map(({ job }) => job.id);
      expect(new Set(claimed).size).toBe(claimed.length);
      for (const one of rounds.flat()) await succeed(one);
      const rest = await queue.claim({ most: 100, now: START });
      for (const one of rest) await succeed(one);
      expect(new Set([...claimed, ...rest.map(({ job }) => job.id)])).toEqual(new Set(ids));
    });

    test('a job ends once', async () => {
      const { id } = await add(owner());
      const claimed = await claim(id);
      expect(await Promise.all([succeed(claimed), succeed(claimed), succeed(claimed)])).toEqual(
        expect.arrayContaining([true, false, false]),
      );
      const again = { runAt: START, now: START, counted: true, fault: null, callId: null };
      expect(await queue.again({ id, token: claimed.token, ...again })).toBe(false);
    });

    test('what a lost worker held goes to another, and the lost one cannot end it any more', async () => {
      const whose = owner();
      const { id } = await add(whose);
      const lost = await claim(id);
      const now = await lose(queue, id);
      const taken = await claim(id, now, other);
      expect(taken.job).toMatchObject({ attempts: 2, losses: 1 });
      expect(await succeed(lost)).toBe(false);
      expect(await queue.renew({ held: [{ id, token: lost.token }], now })).toEqual([id]);
      expect(await succeed(taken)).toBe(true);
    });

    test('a lease that is renewed does not run out', async () => {
      const { id } = await add(owner());
      const claimed = await claim(id);
      const later = START + SETTINGS.leaseMs - 1;
      expect(await queue.renew({ held: [{ id, token: claimed.token }], now: later })).toEqual([]);
      const others = await other.claim({ most: 1_000, now: later + SETTINGS.leaseMs - 1 });
      expect(others.map(({ job }) => job.id)).not.toContain(id);
      for (const one of others) await succeed(one);
      expect(await succeed(claimed)).toBe(true);
    });

    test('a job that brings its workers down is dead, and says so', { timeout: 60_000 }, async () => {
      const whose = owner();
      const { id } = await add(whose);
      let now = START;
      for (let losses = 0; losses <= MOST_LOSSES; losses += 1) {
        expect((await claim(id, now)).job.losses).toBe(losses);
        now = await lose(queue, id);
      }
      await expect(claim(id, now)).rejects.toThrow(`${id} was not to be had`);
      expect(await queue.get({ owner: whose, id })).toMatchObject({ status: 'dead', fault: { kind: 'internal' } });
    });

    test('a job waits for its next attempt, and remembers why', async () => {
      const whose = owner();
      const { id } = await add(whose);
      const claimed = await claim(id);
      const fault = faultOf('overloaded', { message: 'busy' });
      const back = { runAt: START + 1_000, now: START, counted: true, fault, callId: 'hf-2' };
      expect(await queue.again({ id, token: claimed.token, ...back })).toBe(true);
      expect(await queue.get({ owner: whose, id })).toMatchObject({
        status: 'queued',
        attempts: 1,
        runAt: START + 1_000,
        fault: { kind: 'overloaded' },
        callId: 'hf-2',
      });
    });

    test('an attempt that is given back does not count', async () => {
      const whose = owner();
      const { id } = await add(whose);
      const claimed = await claim(id);
      const back = { runAt: START, now: START, counted: false, fault: null, callId: null };
      await queue.again({ id, token: claimed.token, ...back });
      expect((await claim(id)).job.attempts).toBe(1);
    });

    test('what is more urgent goes first', async () => {
      const whose = owner();
      const low = await add(whose, { priority: -1 });
      const high = await add(whose, { priority: 9 });
      const plain = await add(whose);
      const order: string[] = [];
      for (;;) {
        const [one] = await queue.claim({ most: 1, now: START });
        if (one === undefined) break;
        order.push(one.job.id);
        await succeed(one);
      }
      expect(order.filter((id) => [low.id, high.id, plain.id].includes(id))).toEqual([high.id, plain.id, low.id]);
    });

    test('a call that is under way already is kept as running, and taken over when its worker is lost', async () => {
      const whose = owner();
      const job = jobFor(whose, { origin: 'placeholder' });
      const added = await queue.add({ job, bounds: BOUNDS, hold: randomUUID() });
      expect(added).toMatchObject({ kind: 'added', job: { status: 'running', attempts: 1 } });
      expect((await other.claim({ most: 100, now: START })).map((one) => one.job.id)).not.toContain(job.id);
      const now = await lose(queue, job.id);
      expect((await claim(job.id, now, other)).job.attempts).toBe(2);
    });

    test('a job can be cancelled before it runs and while it does, and only by its owner', async () => {
      const whose = owner();
      const waiting = await add(whose);
      expect(await queue.cancel({ owner: 'somebody else', id: waiting.id, now: START })).toBeNull();
      expect(await queue.cancel({ owner: whose, id: waiting.id, now: START })).toMatchObject({ status: 'cancelled' });
      const { id } = await add(whose);
      const claimed = await claim(id);
      expect(await other.cancel({ owner: null, id, now: START })).toMatchObject({ status: 'cancelled' });
      expect(await queue.renew({ held: [{ id, token: claimed.token }], now: START })).toEqual([id]);
      expect(await succeed(claimed)).toBe(false);
      expect(await queue.cancel({ owner: whose, id, now: START })).toMatchObject({ status: 'cancelled' });
    });

    test('a dead job can be run again, with its request; no other can', async () => {
      const whose = owner();
      const { id } = await add(whose);
      const first = await claim(id);
      const fault = faultOf('server-error');
      const ending = { status: 'dead' as const, answer: ANSWER, fault, callId: null };
      await queue.end({ id, token: first.token, now: START, ending });
      expect(await queue.retry({ owner: 'somebody else', id, now: START })).toBeNull();
      expect(await queue.retry({ owner: whose, id, now: START })).toMatchObject({
        status: 'queued',
        attempts: 0,
        fault: null,
        answerStatus: null,
      });
      const second = await claim(id);
      expect(Buffer.from(second.request.body).equals(ANSWER.body)).toBe(true);
      await succeed(second);
      expect(await queue.retry({ owner: whose, id, now: START })).toBeNull();
    });

    test('a deadline ends what waits and what runs', async () => {
      const whose = owner();
      const waiting = await add(whose, { deadlineAt: START + 1_000, createdAt: START });
      const running = await add(whose, { deadlineAt: START + 1_000 });
      const claimed = await claim(running.id);
      // Nobody ends it on the side, where nobody would be told.
      await expect(claim(waiting.id, START + 1_000)).rejects.toThrow(`${waiting.id} was not to be had`);
      const { expired } = await queue.sweep({ now: START + 1_000 });
      expect(expired).toEqual(expect.arrayContaining([waiting.id, running.id]));
      expect(await succeed(claimed)).toBe(false);
      expect(await queue.get({ owner: whose, id: waiting.id })).toMatchObject({
        status: 'expired',
        fault: { kind: 'timeout' },
      });
    });

    test('what has been kept long enough is forgotten', async () => {
      const whose = owner();
      const { id } = await add(whose);
      await succeed(await claim(id));
      await queue.sweep({ now: START + SETTINGS.keepMs - 1 });
      expect(await queue.get({ owner: whose, id })).not.toBeNull();
      await queue.sweep({ now: START + SETTINGS.keepMs });
      expect(await queue.get({ owner: whose, id })).toBeNull();
      expect(await queue.answer({ owner: whose, id })).toBeNull();
    });

    test('a tenant sees its own jobs alone, a page at a time, the newest first', async () => {
      const whose = owner();
      const ids: string[] = [];
      for (let count = 0; count < 5; count += 1) ids.push((await add(whose)).id);
      await add(owner());
      const page = await queue.list({ owner: whose, status: null, after: null, most: 3 });
      expect(page.jobs.map(({ id }) => id)).toEqual(ids.slice(2).toReversed());
      expect(page.more).toBe(true);
      const rest = await queue.list({ owner: whose, status: null, after: page.jobs.at(-1)?.id ?? '', most: 3 });
      expect(rest.jobs.map(({ id }) => id)).toEqual(ids.slice(0, 2).toReversed());
      expect(rest.more).toBe(false);
      expect((await queue.list({ owner: whose, status: 'succeeded', after: null, most: 3 })).jobs).toEqual([]);
      expect(await queue.get({ owner: 'somebody else', id: ids[0] ?? '' })).toBeNull();
      expect(await queue.answer({ owner: 'somebody else', id: ids[0] ?? '' })).toBeNull();
      expect((await queue.counts()).queued).toBeGreaterThanOrEqual(5);
    });

    test('a tenant may not have more than its share', async () => {
      const whose = owner();
      const most = { waiting: 2, bytes: 10_000 };
      const ask = (body = new Uint8Array(10)): ReturnType<JobQueue['add']> =>
        queue.add({
          job: jobFor(whose, { request: { method: 'POST', path: '/responses', headers: {}, body } }),
          bounds: most,
          hold: null,
        });
      expect((await ask(new Uint8Array(10_001))).kind).toBe('full');
      expect((await ask()).kind).toBe('added');
      expect((await ask()).kind).toBe('added');
      expect(await ask()).toEqual({ kind: 'full', why: expect.stringContaining('2 jobs') as string });
    });

    test('when something is next to be done is known', async () => {
      const job = await add(owner(), { runAt: START - 1_000_000 });
      const at = await queue.nextAt();
      expect(at).not.toBeNull();
      expect(at).toBeLessThan(Date.now() + 1_000);
      await queue.cancel({ owner: null, id: job.id, now: START });
    });

    describe('webhooks', () => {
      test('are due when the job has ended, and handed out once', async () => {
        const whose = owner();
        await queue.makeSecret({ owner: whose, secret: 'old', now: START - 10 });
        await queue.makeSecret({ owner: whose, secret: 'new', now: START });
        expect(await queue.hasSecret({ owner: whose })).toBe(true);
        expect(await queue.hasSecret({ owner: owner() })).toBe(false);
        const { id } = await add(whose, { webhook: 'https://example.com/hook' });
        expect(await queue.dueWebhooks({ most: 10, now: START })).toEqual([]);
        await succeed(await claim(id));
        const [due] = await queue.dueWebhooks({ most: 10, now: START });
        expect(due).toMatchObject({ job: { id }, attempts: 0, secrets: ['new', 'old'], answer: { status: 200 } });
        expect(await other.dueWebhooks({ most: 10, now: START })).toEqual([]);
        await queue.settleWebhook({ id, error: 'answered 500', againAt: START + 500 });
        expect(await queue.get({ owner: whose, id })).toMatchObject({
          webhook: { state: 'pending', attempts: 1, error: 'answered 500' },
        });
        const again = await other.dueWebhooks({ most: 10, now: START + 500 });
        expect(again.map(({ job, attempts }) => [job.id, attempts])).toEqual([[id, 1]]);
        await other.settleWebhook({ id, error: null, againAt: null });
        expect(await queue.get({ owner: whose, id })).toMatchObject({
          webhook: { state: 'delivered', attempts: 2, error: null },
        });
        expect(await queue.dueWebhooks({ most: 10, now: START + 1_000_000 })).toEqual([]);
      });
    });

    describe('idempotency keys', () => {
      const begin = (
        whose: string,
        token: string,
        { now = START, fingerprint = 'f', most = 100, from = queue, key = 'k' } = {},
      ): ReturnType<JobQueue['beginKey']> => from.beginKey({ owner: whose, key, fingerprint, token, now, most });

      test('of many who come at once, one makes the call', async () => {
        const whose = owner();
        const standings = await Promise.all(
          Array.from({ length: 10 }, (_, at) => begin(whose, `t${at}`, { from: at % 2 === 0 ? queue : other })),
        );
        expect(standings.filter(({ kind }) => kind === 'begun')).toHaveLength(1);
        expect(standings.filter(({ kind }) => kind === 'running')).toHaveLength(9);
      });

      test('the answer is given again, to this request and to no other', async () => {
        const whose = owner();
        await begin(whose, 'a');
        await queue.answerKey({ owner: whose, key: 'k', token: 'a', answer: ANSWER, now: START });
        const told = await begin(whose, 'b', { from: other });
        expect(told).toMatchObject({ kind: 'answered', answer: { status: 200, headers: ANSWER.headers } });
        expect(told.kind === 'answered' && Buffer.from(told.answer.body).equals(ANSWER.body)).toBe(true);
        expect(await begin(whose, 'c', { fingerprint: 'g' })).toEqual({ kind: 'mismatch' });
        expect(await begin(owner(), 'd')).toMatchObject({ kind: 'begun' });
        expect(await begin(whose, 'e', { now: START + SETTINGS.keepKeysMs })).toMatchObject({ kind: 'begun' });
      });

      test('a call that came to nothing may be made again; an answer too large to keep may not', async () => {
        const whose = owner();
        await begin(whose, 'a');
        await queue.dropKey({ owner: whose, key: 'k', token: 'a' });
        expect(await begin(whose, 'b')).toMatchObject({ kind: 'begun' });
        await queue.answerKey({ owner: whose, key: 'k', token: 'b', answer: null, now: START });
        expect(await begin(whose, 'c')).toEqual({ kind: 'unkept' });
      });

      test('a key whose holder is lost can be taken over, by one', async () => {
        const whose = owner();
        await begin(whose, 'a');
        await queue.renewKeys({ tokens: ['a'], now: START + 5_000 });
        const stillHeld = START + 5_000 + SETTINGS.leaseMs - 1;
        expect(await begin(whose, 'b', { now: stillHeld })).toEqual({ kind: 'running' });
        expect(await begin(whose, 'b', { now: stillHeld + 1 })).toMatchObject({ kind: 'begun' });
        expect(await begin(whose, 'c', { now: stillHeld + 1 })).toEqual({ kind: 'running' });
        await queue.answerKey({ owner: whose, key: 'k', token: 'a', answer: ANSWER, now: stillHeld });
        expect(await begin(whose, 'd', { now: stillHeld + 1 })).toEqual({ kind: 'running' });
      });

      test('a call that is taken over is the same one; a call under a key that was forgotten is another', async () => {
        const whose = owner();
        expect(await begin(whose, 'a')).toEqual({ kind: 'begun', since: START });
        const lost = START + SETTINGS.leaseMs;
        expect(await begin(whose, 'b', { now: lost })).toEqual({ kind: 'begun', since: START });
        await queue.answerKey({ owner: whose, key: 'k', token: 'b', answer: ANSWER, now: lost });
        const forgotten = lost + SETTINGS.keepKeysMs;
        expect(await begin(whose, 'c', { now: forgotten })).toEqual({ kind: 'begun', since: forgotten });
      });

      test('a tenant may not have any number of them', async () => {
        const whose = owner();
        expect(await begin(whose, 'a', { most: 1 })).toMatchObject({ kind: 'begun' });
        expect(await begin(whose, 'b', { most: 1, key: 'l' })).toEqual({ kind: 'full' });
        expect(await begin(whose, 'c', { most: 1 })).toEqual({ kind: 'running' });
      });

      test('are forgotten when their time is over', async () => {
        const whose = owner();
        await begin(whose, 'a');
        await queue.answerKey({ owner: whose, key: 'k', token: 'a', answer: ANSWER, now: START });
        const { forgotten } = await queue.sweep({ now: START + SETTINGS.keepKeysMs });
        expect(forgotten).toBeGreaterThanOrEqual(1);
      });
    });
  });
}
