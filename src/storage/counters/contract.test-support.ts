import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Cost, Counters, Measure, Period, Quota, Reservation, Verdict } from '../../engine/admission/quota.ts';

/** Counters under test. */
export interface CountersUnderTest {
  readonly counters: Counters;
  /** Resolves when everything settled so far is counted; for implementations that settle in the background. */
  readonly quiet?: () => Promise<void>;
  readonly close?: () => Promise<void>;
}

export interface ContractOptions {
  /** By how much `freeInMs` may be longer than it had to be, ms, beside the length of a piece. @default 0 */
  readonly slackMs?: number;
}

/** How long use may count beyond its window: 1 s of a minute, and the same share of a day. */
const LONGEST_PIECE_MS: Readonly<Record<'minute' | 'day', number>> = { minute: 1_000, day: 1_440_000 };

const LENGTH_MS = { minute: 60_000, day: 86_400_000 } as const;

/** Noon of a day in the middle of a month, so that no calendar edge is near unless a test goes there. */
const NOON = Date.UTC(2026, 4, 14, 12);

let made = 0;

/** A quota that no other test has counted under. */
export function aQuota(measure: Measure, period: Period, amount: number, more: Partial<Quota> = {}): Quota {
  made += 1;
  const holder = `contract-${process.pid}-${Date.now()}-${made}`;
  const id = `tenant:${holder} ${measure}/${period}`;
  return { id, level: 'tenant', holder, measure, period, amount, warnAt: null, refuses: true, ...more };
}

export const cost = (tokens: number, microdollars = 0): Cost => ({ tokens, microdollars });

type Refusal = Verdict & { readonly kind: 'refused' };

/** What every implementation of the counters has to do, in virtual time. */
export function describeCounters(
  name: string,
  make: () => CountersUnderTest | Promise<CountersUnderTest>,
  options: ContractOptions = {},
): void {
  const slackMs = options.slackMs ?? 0;
  let subject: CountersUnderTest;
  beforeEach(async () => {
    subject = await make();
  });
  afterEach(async () => {
    await subject.close?.();
  });

  const used = (quota: Quota, at: number): number => subject.counters.used(quota, at);
  const settled = (quota: Quota, at: number): number => subject.counters.settled(quota, at);
  const reserve = async (quotas: readonly Quota[], wanted: Cost, at: number): Promise<Verdict> =>
    subject.counters.reserve(quotas, wanted, at);

  async function granted(quotas: readonly Quota[], wanted: Cost, at: number): Promise<Reservation> {
    const verdict = await reserve(quotas, wanted, at);
    if (verdict.kind === 'refused') throw new Error(`refused by ${verdict.quota.id}, used ${verdict.used}`);
    return verdict.reservation;
  }

  async function refused(quotas: readonly Quota[], wanted: Cost, at: number): Promise<Refusal> {
    const verdict = await reserve(quotas, wanted, at);
    if (verdict.kind === 'granted') throw new Error('granted');
    return verdict;
  }

  async function settle(reservation: Reservation, real: Cost, at: number): Promise<void> {
    reservation.settle(real, at);
    await subject.quiet?.();
  }

  describe(`${name}: requests`, () => {
    test.each(['minute', 'day'] as const)('count from admission and slide over a %s', async (period) => {
      const quota = aQuota('requests', period, 3);
      const third = LENGTH_MS[period] / 3;
      for (let index = 0; index < 3; index += 1) {
        const reservation = await granted([quota], cost(0), NOON + index * third);
        await settle(reservation, cost(0), NOON + index * third + 1);
      }
      const late = NOON + LENGTH_MS[period] - 1;
      const refusal = await refused([quota], cost(0), late);
      expect(refusal).toMatchObject({ quota, used: 3 });
      expect(refusal.freeInMs).toBeGreaterThanOrEqual(1);
      expect(refusal.freeInMs).toBeLessThanOrEqual(1 + LONGEST_PIECE_MS[period] + slackMs);
      await granted([quota], cost(0), late + (refusal.freeInMs ?? 0));
      // The second of the three still counts: a window that began anew would have let three in.
      await refused([quota], cost(0), late + (refusal.freeInMs ?? 0));
    });

    test('count also while under way, and however the call ends', async () => {
      const quota = aQuota('requests', 'minute', 2);
      const first = await granted([quota], cost(0), NOON);
      await settle(first, cost(0), NOON + 10);
      await granted([quota], cost(0), NOON + 20);
      await refused([quota], cost(0), NOON + 30);
      expect(used(quota, NOON + 30)).toBe(2);
    });
  });

  describe(`${name}: tokens`, () => {
    test('are held in full until it is known what was used, which then counts from the end of the call', async () => {
      const quota = aQuota('tokens', 'minute', 100);
      const reservation = await granted([quota], cost(80), NOON);
      expect([used(quota, NOON), settled(quota, NOON)]).toEqual([80, 0]);
      expect(await refused([quota], cost(21), NOON + 50_000)).toMatchObject({ quota, used: 80 });
      await settle(reservation, cost(30), NOON + 50_000);
      expect([used(quota, NOON + 50_000), settled(quota, NOON + 50_000)]).toEqual([30, 30]);
      const second = await granted([quota], cost(70), NOON + 50_000);
      await refused([quota], cost(1), NOON + 50_000);
      await settle(second, cost(70), NOON + 51_000);
      // A minute after the call began, its tokens still count, because they may have been spent at its end.
      await refused([quota], cost(1), NOON + 109_999);
      const free = NOON + 110_000 + LONGEST_PIECE_MS.minute;
      expect(used(quota, free)).toBe(70);
      await granted([quota], cost(30), free);
    });

    test('that a call took beyond what it reserved count too', async () => {
      const quota = aQuota('tokens', 'minute', 100);
      await settle(await granted([quota], cost(10), NOON), cost(130), NOON + 1_000);
      expect(used(quota, NOON + 1_000)).toBe(130);
      expect((await refused([quota], cost(1), NOON + 1_000)).used).toBe(130);
    });

    test('a day of them slides', async () => {
      const quota = aQuota('tokens', 'day', 1_000);
      await settle(await granted([quota], cost(1_000), NOON), cost(1_000), NOON);
      await refused([quota], cost(1), NOON + LENGTH_MS.day - 1);
      const over = NOON + LENGTH_MS.day + LONGEST_PIECE_MS.day;
      await granted([quota], cost(999), over);
      expect(used(quota, over)).toBe(999);
    });

    test('none are wanted of a quota that is full: it does not stand in the way', async () => {
      const quota = aQuota('tokens', 'minute', 10);
      await granted([quota], cost(10), NOON);
      await granted([quota], cost(0), NOON);
      expect(used(quota, NOON)).toBe(10);
    });
  });

  describe(`${name}: when room comes`, () => {
    test('exactly then, and not before', async () => {
      const quota = aQuota('tokens', 'minute', 100);
      for (const [at, tokens] of [
        [0, 40],
        [10_000, 30],
        [20_000, 30],
      ] as const) {
        await settle(await granted([quota], cost(tokens), NOON + at), cost(tokens), NOON + at);
      }
      const at = NOON + 30_000;
      for (const [wanted, source] of [
        [1, 0],
        [40, 0],
        [41, 10_000],
        [70, 10_000],
        [71, 20_000],
      ] as const) {
        const { freeInMs } = await refused([quota], cost(wanted), at);
        const earliest = NOON + source + 60_000 - at;
        expect(freeInMs, `${wanted} tokens`).toBeGreaterThanOrEqual(earliest);
        expect(freeInMs, `${wanted} tokens`).toBeLessThanOrEqual(earliest + LONGEST_PIECE_MS.minute + slackMs);
        if (slackMs === 0) await refused([quota], cost(wanted), at + (freeInMs ?? 0) - 1);
      }
      const last = await refused([quota], cost(71), at);
      await granted([quota], cost(71), at + (last.freeInMs ?? 0));
    });

    test('never for a call larger than the quota, nor for any under a quota of nothing', async () => {
      const quota = aQuota('tokens', 'minute', 100);
      expect(await refused([quota], cost(101), NOON)).toMatchObject({ quota, used: 0, freeInMs: null });
      const closed = aQuota('requests', 'minute', 0);
      expect(await refused([closed], cost(0), NOON)).toMatchObject({ quota: closed, freeInMs: null });
    });

    test('soon, as far as anybody knows, where calls under way hold it', async () => {
      const quota = aQuota('tokens', 'minute', 100);
      await granted([quota], cost(100), NOON);
      const { freeInMs } = await refused([quota], cost(1), NOON + 5_000);
      expect(freeInMs).toBeGreaterThan(0);
      expect(freeInMs).toBeLessThanOrEqual(60_000);
    });

    test('of several that refuse, the one that frees last is told', async () => {
      const minute = aQuota('requests', 'minute', 1);
      const day = aQuota('requests', 'day', 1);
      await granted([minute, day], cost(0), NOON);
      for (const quotas of [
        [minute, day],
        [day, minute],
      ]) {
        expect((await refused(quotas, cost(0), NOON + 1)).quota.id).toBe(day.id);
      }
    });
  });

  describe(`${name}: money`, () => {
    test.each([
      ['day', Date.UTC(2026, 4, 15)],
      ['month', Date.UTC(2026, 5, 1)],
    ] as const)('is kept by the UTC calendar %s', async (period, next) => {
      const quota = aQuota('money', period, 1_000_000);
      await settle(await granted([quota], cost(0, 900_000), NOON), cost(0, 800_000), NOON);
      const refusal = await refused([quota], cost(0, 300_000), NOON);
      expect(refusal.used).toBeCloseTo(800_000, 3);
      expect(refusal.freeInMs).toBe(next - NOON);
      await refused([quota], cost(0, 300_000), next - 1);
      await granted([quota], cost(0, 1_000_000), next);
    });

    test('of a call over midnight is held before and spent after', async () => {
      const midnight = Date.UTC(2026, 4, 15);
      const quota = aQuota('money', 'day', 100);
      const reservation = await granted([quota], cost(0, 60), midnight - 1_000);
      await refused([quota], cost(0, 50), midnight + 1);
      await settle(reservation, cost(0, 20), midnight + 2);
      expect(settled(quota, midnight + 3)).toBeCloseTo(20, 6);
      await granted([quota], cost(0, 80), midnight + 3);
    });

    test('counts in fractions of a millionth, as cheap models cost', async () => {
      const quota = aQuota('money', 'month', 1);
      for (let index = 0; index < 10; index += 1) {
        await settle(await granted([quota], cost(0, 0.1), NOON), cost(0, 0.02), NOON);
      }
      expect(used(quota, NOON)).toBeCloseTo(0.2, 9);
    });
  });

  describe(`${name}: calls under way`, () => {
    test('make room when they end, however often that is told', async () => {
      const quota = aQuota('calls', 'moment', 2);
      const first = await granted([quota], cost(5), NOON);
      await granted([quota], cost(5), NOON);
      const refusal = await refused([quota], cost(5), NOON + 1);
      expect(refusal).toMatchObject({ quota, used: 2 });
      expect(refusal.freeInMs).toBeGreaterThan(0);
      await settle(first, cost(1), NOON + 2);
      await settle(first, cost(1), NOON + 2);
      expect(used(quota, NOON + 2)).toBe(1);
      await granted([quota], cost(5), NOON + 2);
      await refused([quota], cost(5), NOON + 2);
    });
  });

  describe(`${name}: several quotas`, () => {
    test('take from every one or from none', async () => {
      const requests = aQuota('requests', 'minute', 10);
      const calls = aQuota('calls', 'moment', 10);
      const tokens = aQuota('tokens', 'minute', 100);
      const money = aQuota('money', 'month', 50);
      const all = [requests, tokens, calls, money];
      const reservation = await granted(all, cost(90, 10), NOON);
      for (const order of [all, [...all].reverse()]) {
        expect((await refused(order, cost(11, 10), NOON)).quota.id).toBe(tokens.id);
      }
      expect(all.map((quota) => used(quota, NOON))).toEqual([1, 90, 1, 10]);
      await settle(reservation, cost(7, 3), NOON + 1);
      await settle(reservation, cost(50, 50), NOON + 2);
      expect(all.map((quota) => used(quota, NOON + 2))).toEqual([1, 7, 0, 3]);
    });

    test('of one id share one count, whoever asks', async () => {
      const quota = aQuota('tokens', 'minute', 100);
      await granted([{ ...quota }], cost(60), NOON);
      expect(used({ ...quota }, NOON)).toBe(60);
      await refused([quota], cost(60), NOON);
    });

    test('one that only warns counts and lets through', async () => {
      const soft = aQuota('tokens', 'minute', 10, { refuses: false, warnAt: 8 });
      const reservation = await granted([soft], cost(25), NOON);
      await settle(reservation, cost(25), NOON);
      await granted([soft], cost(1), NOON);
      expect(used(soft, NOON)).toBe(26);
    });

    test('none at all are no hindrance', async () => {
      expect((await reserve([], cost(1), NOON)).kind).toBe('granted');
    });
  });

  describe(`${name}: under a crowd`, () => {
    test('askers at the same time get no more than there is', async () => {
      const quota = aQuota('tokens', 'minute', 100);
      const verdicts = await Promise.all(Array.from({ length: 50 }, () => reserve([quota], cost(9), NOON)));
      expect(verdicts.filter(({ kind }) => kind === 'granted')).toHaveLength(11);
    });
  });
}
