import { answer } from '../../src/observe/queries/answer.ts';
import type { Question, Questions } from '../../src/observe/queries/queries.ts';
import type { Database } from '../../src/storage/database.ts';
import { upstreamIdOf } from './generate.ts';

const DAY_MS = 86_400_000;

/** Each question is asked so many times, each time about something else. */
export const ASKED = 9;

/** One question about a month of calls. */
export interface MonthQuestion {
  /** Of its figure, without the unit. */
  readonly id: string;
  /** What it is held to, in memory and from disk, ms. */
  readonly atMost: number;
  /** @throws {Error} when the answer is wrong */
  ask(database: Database, turn: number): Promise<void>;
}

/**
 * What people ask.
 *
 * @param end when the month ends, ms since 1970
 */
export function questionsAbout(calls: number, days: number, end: number): readonly MonthQuestion[] {
  const whole = { from: end - days * DAY_MS };
  const dayOf = (turn: number): { from: number; to: number } => {
    const from = end - (days - 1 - turn * 3) * DAY_MS;
    return { from, to: from + DAY_MS };
  };
  const some = (turn: number): number => Math.floor(((turn + 0.5) * calls) / ASKED);
  /** Faults are too few among few calls for every tenant to have met one in every day. */
  const few = calls < 1_000_000 ? 0 : 1;
  const tenant = (turn: number): string => `tenant-${turn * 4}`;

  function question<Name extends Question>(
    id: string,
    atMost: number,
    name: Name,
    about: (turn: number) => Questions[Name]['asked'],
    good: (answer: Questions[Name]['answer'], turn: number) => boolean,
  ): MonthQuestion {
    return {
      id,
      atMost,
      async ask(database, turn) {
        const asked = about(turn);
        const answered = await answer(database, name, asked, end);
        if (!good(answered, turn)) throw new Error(`the answer to ${name} ${JSON.stringify(asked)} is wrong`);
      },
    };
  }
  /** For calls of a day, `least` of them; all that are found must be such calls. */
  function search(
    id: string,
    least: number,
    about: (turn: number) => Questions['calls']['asked'],
    good: (call: Questions['calls']['answer']['calls'][number], turn: number) => boolean,
  ): MonthQuestion {
    return question(
      `search.${id}`,
      300,
      'calls',
      (turn) => ({ ...dayOf(turn), ...about(turn) }),
      ({ calls: found }, turn) => found.length >= least && found.every((call) => good(call, turn)),
    );
  }
  return [
    question(
      'overview.30d',
      200,
      'overview',
      () => whole,
      ({ total }) => total.calls === calls,
    ),
    question(
      'overview.30d_of_a_tenant',
      200,
      'overview',
      (turn) => ({ ...whole, tenant: tenant(turn) }),
      ({ total }) => total.calls > 0,
    ),
    question(
      'matrix.30d',
      500,
      'matrix',
      () => whole,
      ({ cells }) => cells.length > 0,
    ),
    question(
      'faults.30d',
      500,
      'faults',
      () => whole,
      ({ groups }) => groups.length > 0,
    ),
    question(
      'costs.30d',
      500,
      'costs',
      () => ({ ...whole, by: 'tenant' }),
      ({ rows }) => rows.length > 0,
    ),
    question(
      'search.own_id',
      50,
      'call',
      (turn) => ({ id: `hf-mbench-${(some(turn) + 1).toString(36)}` }),
      (call) => call !== null,
    ),
    question(
      'search.upstream_id',
      50,
      'call',
      (turn) => ({ id: upstreamIdOf(some(turn)) }),
      (call) => call !== null,
    ),
    question(
      'search.unknown_id',
      50,
      'call',
      (turn) => ({ id: `req_nobody${turn}` }),
      (call) => call === null,
    ),
    search(
      'tenant_fault_day',
      few,
      (turn) => ({ tenant: tenant(turn), fault: 'overloaded' }),
      (call, turn) => call.tenant === tenant(turn) && call.attempts.some(({ fault }) => fault?.kind === 'overloaded'),
    ),
    search(
      'fault_day',
      few,
      () => ({ fault: 'timeout' }),
      ({ attempts }) => attempts.some(({ fault }) => fault?.kind === 'timeout'),
    ),
    search(
      'tenant_day',
      1,
      (turn) => ({ tenant: tenant(turn) }),
      (call, turn) => call.tenant === tenant(turn),
    ),
    search(
      'model_day',
      1,
      () => ({ model: 'text-embedding-4' }),
      ({ model }) => model === 'text-embedding-4',
    ),
    search(
      'target_day',
      1,
      () => ({ target: 'vertex' }),
      ({ target }) => target === 'vertex',
    ),
    search(
      'failed_of_tenant_day',
      few,
      (turn) => ({ tenant: tenant(turn), outcome: 'failed' }),
      (call, turn) => call.outcome === 'failed' && call.tenant === tenant(turn),
    ),
    // Nothing tells when there were such calls: every call of the day is passed over.
    question(
      'search.unused_key_day',
      600,
      'calls',
      (turn) => ({ ...dayOf(turn), key: `key_nobody-${turn}` }),
      ({ calls: found }) => found.length === 0,
    ),
    question(
      'search.unknown_tenant',
      300,
      'calls',
      (turn) => ({ ...whole, tenant: `nobody-${turn}` }),
      ({ calls: found }) => found.length === 0,
    ),
  ];
}
