import type { Database } from '../../storage/database.ts';
import { answerCosts } from './costs.ts';
import { answerFaults } from './faults.ts';
import { answerMatrix } from './matrix.ts';
import { answerOverview } from './overview.ts';
import type { Question, Questions } from './queries.ts';
import { answerCall, answerCalls } from './search.ts';

/** Answers one question from the database. `now` is wall time, ms since 1970. */
type Answer<Name extends Question> = (
  database: Database,
  asked: Questions[Name]['asked'],
  now: number,
) => Promise<Questions[Name]['answer']>;

const ANSWERS: { readonly [Name in Question]: Answer<Name> } = {
  overview: answerOverview,
  matrix: answerMatrix,
  faults: answerFaults,
  costs: answerCosts,
  calls: answerCalls,
  call: answerCall,
};

/** @throws {Error} the database's own, as it comes */
export function answer<Name extends Question>(
  database: Database,
  name: Name,
  asked: Questions[Name]['asked'],
  now: number,
): Promise<Questions[Name]['answer']> {
  return ANSWERS[name](database, asked, now);
}
