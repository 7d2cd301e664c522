import type { Figure } from '../../figures.ts';
import { diversionOf, medianOf, worstOf } from '../measures.ts';
import { holdfast } from '../policies/holdfast.ts';
import { ONSET, oneOfTwoBad } from '../scenes.ts';
import { medianAndWorst, shown, table, type Yardstick } from './yardstick.ts';

/** The engine's own timers, not a second for each attempt: to find out that a second is enough is its own business. */
const AS_SHIPPED = { attemptMs: null } as const;

/** Calls arrive for a little longer than this, s. */
const UNTIL = 115;

/** A provider goes bad while another is well: how soon is it left alone, and who suffers? */
export const diversion: Yardstick = {
  id: 'diversion',
  title: 'One provider of two goes bad at 10 calls/s: time until it is left alone',

  async measure(lab) {
    const figures: Figure[] = [];
    const rows: string[][] = [];
    for (const { id, name, spell, streamShare, answers } of KINDS) {
      const tales = await lab.tales(holdfast, `bad ${id}`, oneOfTwoBad(spell, streamShare, answers), AS_SHIPPED);
      const diversions = tales.map((tale) => diversionOf(tale, ONSET, UNTIL));
      const seconds = diversions.map((one) => one.seconds);
      const calls = diversions.map((one) => one.calls);
      const attempts = diversions.map((one) => one.attempts);
      const failed = diversions.map((one) => one.failed);
      rows.push([
        name,
        shown(seconds, 'less', 1),
        shown(calls, 'less', 0),
        shown(attempts, 'less', 0),
        shown(failed, 'less', 0),
        shown(
          tales.map(({ latency }) => latency.p99),
          'less',
          0,
        ),
      ]);
      if (id.startsWith('dead')) {
        figures.push(
          ...medianAndWorst(`diversion.${id}.seconds`, seconds, 's', { atMost: 0.5 }, 1),
          ...medianAndWorst(`diversion.${id}.wasted_attempts`, attempts, 'attempts', { atMost: 5 }, 0),
          ...medianAndWorst(`diversion.${id}.user_visible_errors`, failed, 'calls', { atMost: 0 }, 0),
        );
      } else figures.push(...eitherInTime(`diversion.${id}`, seconds, attempts));
    }
    return {
      figures,
      page: table(
        ['fault', 'seconds, median (worst)', 'calls by then', 'attempts by then', 'failed calls', 'p99, ms'],
        rows,
      ),
    };
  },
};

const DEAD = { faults: { 'server-error': 1 } };

const KINDS = [
  { id: 'dead', name: '100 % 500s, answers of 100 ms', spell: DEAD, streamShare: 0, answers: 'short' },
  // Answers begun in good weather still arrive, and end well, while everything new fails.
  {
    id: 'dead_amid_long_answers',
    name: '100 % 500s, answers of seconds',
    spell: DEAD,
    streamShare: 0,
    answers: 'long',
  },
  {
    id: 'errors_30_percent',
    name: '30 % 500s',
    spell: { faults: { 'server-error': 0.3 } },
    streamShare: 0,
    answers: 'long',
  },
  { id: 'slow_10x', name: 'ten times as slow', spell: { latency: 10 }, streamShare: 1, answers: 'long' },
  {
    id: 'first_token_hangs',
    name: 'first token never comes',
    spell: { faults: { 'hang-after-opening': 1 } },
    streamShare: 1,
    answers: 'long',
  },
] as const;

/** Partial faults may take ten seconds, or thirty outcomes where those take longer. */
const WITHIN = { seconds: 10, attempts: 30 } as const;

function eitherInTime(id: string, seconds: readonly number[], attempts: readonly number[]): Figure[] {
  const one = (which: string, s: number, n: number): Figure[] => {
    const holds = s <= WITHIN.seconds || n <= WITHIN.attempts;
    return [
      { id: `${id}.seconds.${which}`, value: s, unit: 's', target: '<= 10, or <= 30 attempts', holds },
      { id: `${id}.attempts.${which}`, value: n, unit: 'attempts', target: '<= 30, or <= 10 s', holds },
    ];
  };
  return [
    ...one('median', medianOf(seconds), medianOf(attempts)),
    ...one('worst', worstOf(seconds, 'less'), worstOf(attempts, 'less')),
  ];
}
