import { between } from '../measures.ts';
import { holdfast } from '../policies/holdfast.ts';
import { POLICIES } from '../policies/index.ts';
import { CAPACITY, overload } from '../scenes.ts';
import { medianAndWorst, shown, table, type Yardstick } from './yardstick.ts';

const TIMES = [2, 5] as const;

/** The stretch that is judged: the first seconds fill the queue. */
const FROM = 10;
const TO = 70;

/** Answers in time, as a share of what the server could give. */
export const goodputInOverload: Yardstick = {
  id: 'overload',
  title: 'Goodput in sustained overload, deadline 1 s, as a share of capacity',

  async measure(lab) {
    const values = new Map<string, number[][]>();
    const slowest: number[][] = [];
    for (const policy of POLICIES) {
      const shares: number[][] = [];
      for (const times of TIMES) {
        const tales = await lab.tales(policy, `overload ${times}`, overload(times));
        const answered = tales.map(({ series }) => between(series.goodput, series.binMs, FROM, TO));
        shares.push(answered.map((count) => count / (CAPACITY * (TO - FROM))));
        if (policy === holdfast) slowest.push(tales.map(({ latency }) => latency.p99));
      }
      values.set(policy.id, shares);
    }
    return {
      figures: TIMES.flatMap((times, at) => [
        ...medianAndWorst(
          `goodput_at_${times}x`,
          values.get(holdfast.id)?.[at] ?? [],
          'of capacity',
          { atLeast: 0.95 },
          3,
        ),
        ...medianAndWorst(`goodput_at_${times}x.p99`, slowest[at] ?? [], 'ms', { atMost: 1000 }, 0),
      ]),
      page: table(
        ['client', ...TIMES.map((times) => `${times}× capacity, median (worst)`)],
        POLICIES.map(({ id, name }) => [name, ...(values.get(id) ?? []).map((shares) => shown(shares, 'more', 3))]),
      ),
    };
  },
};
