import type { Tale } from '../../../src/simulator/virtual/tally.ts';
import { between } from '../measures.ts';
import { holdfast } from '../policies/holdfast.ts';
import { ONSET, oneOfTwoGone } from '../scenes.ts';
import { medianAndWorst, shown, table, type Yardstick } from './yardstick.ts';

const AS_SHIPPED = { attemptMs: null } as const;

/** Outages, s, and within how many seconds of their end traffic has to be back. */
const OUTAGES = [
  { seconds: 60, within: 5, answers: 'short' },
  { seconds: 3600, within: 30, answers: 'short' },
  { seconds: 60, within: 5, answers: 'long' },
] as const;

const CALLS_PER_SECOND = 70;

/** The first of two providers comes back: how soon does it have its traffic again, and is it left to get up? */
export const returning: Yardstick = {
  id: 'return',
  title: 'The first of two providers comes back after an outage, 70 calls/s',

  async measure(lab) {
    const figures = [];
    const rows: string[][] = [];
    for (const { seconds, within, answers } of OUTAGES) {
      const tales = await lab.tales(
        holdfast,
        `gone ${seconds} ${answers}`,
        oneOfTwoGone(seconds, CALLS_PER_SECOND, answers),
        AS_SHIPPED,
      );
      const end = ONSET + seconds;
      const back = tales.map((tale) => timeUntilBack(tale, end));
      const most = tales.map((tale) => overshoot(tale, end));
      const probes = tales.map((tale) => probeShare(tale, seconds));
      const failed = tales.map(({ offered, answered }) => offered - answered);
      const id = `return_after_${seconds}s${answers === 'long' ? '.long_answers' : ''}`;
      figures.push(...medianAndWorst(`${id}.seconds`, back, 's', { atMost: within }, 0));
      if (seconds === 60 && answers === 'short') {
        figures.push(
          ...medianAndWorst(`${id}.overshoot`, most, 'of its share', { atMost: 1.5 }, 2),
          ...medianAndWorst(`${id}.probes`, probes, 'of calls', { atMost: 0.01 }, 4),
        );
      }
      rows.push([
        `${seconds} s`,
        answers === 'short' ? '100 ms' : 'seconds, half of them streams',
        shown(back, 'less', 0),
        shown(most, 'less', 2),
        shown(
          probes.map((share) => share * 100),
          'less',
          2,
        ),
        shown(failed, 'less', 0),
      ]);
    }
    return {
      figures,
      page: table(
        [
          'outage',
          'an answer takes',
          'seconds to 95 % of the traffic',
          'overshoot',
          'probes, % of calls',
          'failed calls',
        ],
        rows,
      ),
    };
  },
};

/** Seconds from the outage's end until 95 % of a second's calls go to the provider again, and of the two after it. */
function timeUntilBack({ series }: Tale, end: number): number {
  const share = (from: number, to: number): number =>
    between(series.attemptsAt['a'] ?? [], series.binMs, from, to) / between(series.offered, series.binMs, from, to);
  for (let at = end; at < end + 100; at += 1)
    if (share(at, at + 1) >= 0.95 && share(at, at + 3) >= 0.95) return at - end;
  return Number.POSITIVE_INFINITY;
}

/** The busiest second after the return, beside what its calls came to. */
function overshoot({ series }: Tale, end: number): number {
  let most = 0;
  for (let at = end; at < end + 60; at += 1) {
    const attempts = between(series.attemptsAt['a'] ?? [], series.binMs, at, at + 1);
    most = Math.max(most, attempts / Math.max(CALLS_PER_SECOND, between(series.offered, series.binMs, at, at + 1)));
  }
  return most;
}

/** Attempts at the dead provider once it was known to be dead, by calls of that time. */
function probeShare({ series }: Tale, seconds: number): number {
  const from = ONSET + 2;
  const to = ONSET + seconds;
  return (
    between(series.attemptsAt['a'] ?? [], series.binMs, from, to) / between(series.offered, series.binMs, from, to)
  );
}
