import { expect, test } from 'vitest';
import { MemoryCounters } from '../../storage/counters/memory.ts';
import type { Call } from '../call.ts';
import { ANYONE } from '../caller.ts';
import type { Quota, Reservation, Verdict } from './quota.ts';
import { Room } from './room.ts';
import { callAt } from '../scripted.test-support.ts';
import { VirtualClock } from '../virtual-clock.ts';

const NOTHING = { tokens: 0, microdollars: 0 };

function quota(measure: Quota['measure'], period: Quota['period'], amount: number): Quota {
  return {
    id: `${measure}/${period}`,
    level: 'tenant',
    holder: 't',
    measure,
    period,
    amount,
    warnAt: null,
    refuses: true,
  };
}

interface House {
  readonly clock: VirtualClock;
  readonly room: Room;
  /** Asks for tokens, and waits for them so long if need be. */
  readonly ask: (tokens: number, waitMs: number, tenant?: string) => { call: Call; ended: Verdict[] };
  readonly counters: MemoryCounters;
}

function house(of: Quota, asynchronous = false): House {
  const clock = new VirtualClock();
  const counters = new MemoryCounters();
  const room = new Room(clock);
  return {
    clock,
    room,
    counters,
    ask(tokens, waitMs, tenant) {
      const call = callAt(clock, tenant === undefined ? {} : { caller: { ...ANYONE, tenant } });
      const ended: Verdict[] = [];
      const reserve = (): Verdict | Promise<Verdict> => {
        const verdict = counters.reserve([of], { tokens, microdollars: 0 }, clock.wall());
        return asynchronous ? Promise.resolve(verdict) : verdict;
      };
      const first = counters.reserve([of], { tokens, microdollars: 0 }, clock.wall());
      if (first.kind === 'granted') ended.push(first);
      else void room.wait(call, first, clock.now() + waitMs, reserve).then((verdict) => ended.push(verdict));
      return { call, ended };
    },
  };
}

function reservationOf({ ended }: { ended: Verdict[] }): Reservation {
  const [verdict] = ended;
  if (verdict?.kind !== 'granted') throw new Error('not granted');
  return verdict.reservation;
}

const kinds = (...asked: { ended: Verdict[] }[]): (string | undefined)[] => asked.map(({ ended }) => ended[0]?.kind);

test.each([false, true])(
  'those who wait are let in as calls end, in the order in which they came (asked over a wire: %s)',
  async (wire) => {
    const of = quota('calls', 'moment', 1);
    const { clock, room, ask } = house(of, wire);
    const first = ask(1, 0);
    const waiting = [ask(1, 60_000), ask(1, 60_000), ask(1, 60_000)] as const;
    await clock.advance(400);
    expect(kinds(...waiting)).toEqual([undefined, undefined, undefined]);
    reservationOf(first).settle(NOTHING, clock.wall());
    room.freed([of]);
    await clock.advance(0);
    expect(kinds(...waiting)).toEqual(['granted', undefined, undefined]);
    expect(waiting[0].call.waitedMs).toBe(400);
    reservationOf(waiting[0]).settle(NOTHING, clock.wall());
    room.freed([of]);
    await clock.advance(0);
    expect(kinds(...waiting)).toEqual(['granted', 'granted', undefined]);
  },
);

test('a window that slides lets them in without anybody ending', async () => {
  const { clock, ask } = house(quota('requests', 'minute', 2));
  ask(0, 0);
  await clock.advance(10_000);
  ask(0, 0);
  const [one, two] = [ask(0, 70_000), ask(0, 70_000)];
  await clock.advance(50_300);
  expect(kinds(one, two)).toEqual(['granted', undefined]);
  await clock.advance(10_000);
  expect(kinds(one, two)).toEqual(['granted', 'granted']);
});

test('who cannot make it is refused at once, and who comes too late when the time is over', async () => {
  const { clock, room, ask } = house(quota('requests', 'minute', 1));
  ask(0, 0);
  const hopeless = ask(0, 30_000);
  await clock.advance(0);
  expect(kinds(hopeless)).toEqual(['refused']);
  const [lucky, late] = [ask(0, 61_000), ask(0, 61_000)];
  await clock.advance(61_000);
  expect(kinds(lucky, late)).toEqual(['granted', 'refused']);
  expect([room.waiting, clock.pending]).toEqual([0, 0]);
});

test('what calls under way hold is waited for to the last moment, however short the wait', async () => {
  const of = quota('calls', 'moment', 1);
  const { clock, room, ask } = house(of);
  const first = ask(1, 0);
  const [patient, brief] = [ask(1, 500), ask(1, 300)];
  await clock.advance(299);
  expect(kinds(patient, brief)).toEqual([undefined, undefined]);
  await clock.advance(101);
  expect(kinds(patient, brief)).toEqual([undefined, 'refused']);
  reservationOf(first).settle(NOTHING, clock.wall());
  room.freed([of]);
  await clock.advance(0);
  expect(kinds(patient)).toEqual(['granted']);
});

test('who leaves is not waited for, and what was granted too late is given back', async () => {
  const of = quota('calls', 'moment', 1);
  const { clock, room, ask, counters } = house(of, true);
  const first = ask(1, 0);
  const leaving = ask(1, 60_000);
  reservationOf(first).settle(NOTHING, clock.wall());
  room.freed([of]);
  // The answer to its question is on its way when it leaves.
  leaving.call.cancellation.cancel('hung up');
  await clock.advance(0);
  expect(kinds(leaving)).toEqual(['refused']);
  expect(counters.used(of, clock.wall())).toBe(0);
  expect([room.waiting, clock.pending]).toEqual([0, 0]);
});

test('a crowd does not wait without end: beyond ten thousand the next is refused', async () => {
  const { clock, room, ask } = house(quota('calls', 'moment', 1));
  ask(1, 0);
  for (let index = 0; index < 10_000; index += 1) ask(1, 3_600_000);
  expect(room.waiting).toBe(10_000);
  const next = ask(1, 3_600_000);
  await clock.advance(0);
  expect(kinds(next)).toEqual(['refused']);
});

test('a tenant that crowds in leaves places for others', async () => {
  const of = quota('calls', 'moment', 1);
  const { clock, room, ask } = house(of);
  ask(1, 0);
  for (let index = 0; index < 12_000; index += 1) ask(1, 3_600_000, 'crowd');
  expect(room.waiting).toBe(5_000);
  const other = ask(1, 3_600_000, 'other');
  await clock.advance(0);
  expect(kinds(other)).toEqual([undefined]);
});

test('large calls take more places', async () => {
  const of = quota('calls', 'moment', 1);
  const { clock, room } = house(of);
  const refused = { kind: 'refused', quota: of, used: 1, freeInMs: 1_000 } as const;
  const left: (() => void)[] = [];
  for (let index = 0; index < 1_000; index += 1) {
    const call = callAt(clock, { body: Buffer.alloc(1024 * 1024) });
    left.push(() => call.cancellation.cancel('hung up'));
    void room.wait(call, refused, clock.now() + 60_000, () => refused);
  }
  expect(room.waiting).toBe(Math.floor(10_000 / 33));
  for (const leave of left) leave();
  expect(room.waiting).toBe(0);
  for (let index = 0; index < 10_001; index += 1) void room.wait(callAt(clock), refused, 60_000, () => refused);
  expect(room.waiting).toBe(10_000);
});

test('a call that ends wakes those who wait for its quotas, and nobody else', async () => {
  const of = quota('calls', 'moment', 1);
  const { clock, room } = house(of);
  const refused = (quotaId: string) =>
    ({ kind: 'refused', quota: { ...of, id: quotaId }, used: 1, freeInMs: 3_600_000 }) as const;
  const asked: string[] = [];
  for (const id of ['one', 'two', 'three']) {
    const ask = (): Verdict => {
      asked.push(id);
      return refused(id);
    };
    void room.wait(callAt(clock), refused(id), clock.now() + 7_200_000, ask);
  }
  room.freed([
    { ...of, id: 'two' },
    { ...of, id: 'none' },
  ]);
  expect(asked).toEqual(['two']);
});

test('who waits is told, one by one', async () => {
  const { clock, room, ask } = house(quota('calls', 'moment', 1));
  const told = (): unknown[] => {
    const lines: unknown[] = [];
    room.tellWaiting((...line) => lines.push(line));
    return lines;
  };
  const first = ask(1, 0, 'a');
  expect(told()).toEqual([]);
  ask(1, 60_000, 'a');
  await clock.advance(1_000);
  ask(1, 60_000);
  expect(told()).toEqual([
    ['a', 'interactive', 1, 0],
    ['', 'interactive', 1, 1_000],
  ]);
  reservationOf(first).settle(NOTHING, clock.wall());
  room.freed([quota('calls', 'moment', 1)]);
  expect(told()).toEqual([['', 'interactive', 1, 1_000]]);
});
