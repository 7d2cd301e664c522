import { suggestOrList } from '../config/suggest.ts';
import { parseDuration, parseMoment } from '../observe/moment.ts';

// What commands read alike of what was typed. Each refuses what it cannot read, with the option, the value and the fix.

/** More is no list that anybody reads; whoever wants everything has `calls export`. */
const MOST_LISTED = 100_000;

/** How many to list at most. */
export function readLimit(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= MOST_LISTED) return limit;
  throw new Error(`--limit "${text}" is no number of lines to list; write one from 1 to ${MOST_LISTED}`);
}

/** One of the words that there are; `undefined` where nothing was typed. */
export function readWord<Word extends string>(
  option: string,
  text: string | undefined,
  known: readonly Word[],
): Word | undefined {
  if (text === undefined) return undefined;
  const word = known.find((each) => each === text);
  if (word !== undefined) return word;
  throw new Error(`${option} "${text}" is unknown. ${suggestOrList(text, known)}`);
}

/** A moment that has been. */
export function readMoment(option: string, text: string | undefined, now: number): number | undefined {
  const at = text === undefined ? undefined : parseMoment(text, now);
  if (at !== null) return at;
  throw new Error(
    `${option} "${text}" is no moment; write a duration such as 15m, 2h, 7d, or a date such as 2026-03-09 or 2026-03-09T14:00`,
  );
}

/** What lies between two moments, either of which may be left open. */
export function readSpan(
  { since, until }: { readonly since?: string; readonly until?: string },
  now: number,
): { readonly since: number | undefined; readonly until: number | undefined } {
  const span = { since: readMoment('--since', since, now), until: readMoment('--until', until, now) };
  if (span.since === undefined || span.until === undefined || span.since < span.until) return span;
  throw new Error(
    `nothing lies between --since "${since}" and --until "${until}": the first has to be the earlier one`,
  );
}

/** A length of time, ms. */
export function readDuration(option: string, text: string | undefined): number | undefined {
  const ms = text === undefined ? undefined : parseDuration(text);
  if (ms !== null) return ms;
  throw new Error(`${option} "${text}" is no duration; write a number and a unit, such as 500ms, 2s or 1m`);
}
