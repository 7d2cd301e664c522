import type { Fault } from '../../engine/fault/fault.ts';
import { faultOf } from '../../engine/fault/index.ts';
import type { Problem } from './problem.ts';

/** Problems told in one message; more would bury the first. */
const MOST_TOLD = 8;

/**
 * The fault for which a request is refused: the first problem gives it its field and its code, as the real API would, and
 * the message and the remedy go through them all.
 *
 * @param problems at least one.
 */
export function refusal(problems: readonly [Problem, ...Problem[]]): Fault {
  const [first] = problems;
  const told = problems.slice(0, MOST_TOLD);
  const more = problems.length - told.length;
  const tail = more === 0 ? '' : ` (and ${more} more)`;
  const several = problems.length > 1;
  return faultOf(first.kind, {
    message: several ? `${numbered(told.map(({ message }) => message))}${tail}` : first.message,
    remedy: several ? numbered([...new Set(told.map(({ fix }) => fix))]) : first.fix,
    evidence: told.map(({ rule, param }) => (param === null ? rule : `${rule} ${param}`)),
    status: 400,
    type: 'invalid_request_error',
    code: first.code,
    param: first.param,
  });
}

function numbered(sentences: readonly string[]): string {
  return sentences.length === 1
    ? (sentences[0] as string)
    : sentences.map((sentence, index) => `(${index + 1}) ${sentence}`).join(' ');
}
