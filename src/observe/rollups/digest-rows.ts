import { Sketch } from '../sketch/sketch.ts';
import { ATTEMPT_SUMS, type AttemptSums, type CallSums, type FaultSums, SUMS } from './call-sums.ts';
import { coarsened, type Digest, type SpanSums } from './digest.ts';
import { COARSE } from './facets.ts';
import { type Span, SPANS, startOf } from './spans.ts';

/** The tables of sums. */
export type RollupTable = 'call_rollups' | 'attempt_rollups' | 'fault_rollups' | 'user_rollups';

/** How a row that is there already takes in another with the same key. The columns of a row stand in this order. */
export interface RollupShape {
  readonly key: readonly string[];
  /** Added. */
  readonly sums: readonly string[];
  /** The least and the greatest stay. */
  readonly least: readonly string[];
  readonly greatest: readonly string[];
  /** Sketches are added in their own way. */
  readonly sketches: readonly string[];
}

const SPAN_KEY = ['span', 'series', 'at'];

export const ROLLUP_SHAPES: Readonly<Record<RollupTable, RollupShape>> = {
  call_rollups: {
    key: SPAN_KEY,
    sums: SUMS,
    least: [],
    greatest: [],
    sketches: ['duration', 'first_content', 'overhead'],
  },
  attempt_rollups: {
    key: SPAN_KEY,
    sums: ATTEMPT_SUMS,
    least: [],
    greatest: [],
    sketches: ['duration', 'first_content'],
  },
  fault_rollups: {
    key: [...SPAN_KEY, 'kind', 'party'],
    sums: ['calls', 'attempts'],
    least: ['first_at'],
    greatest: ['last_at', 'last_seq'],
    sketches: [],
  },
  user_rollups: { key: ['at', 'series', 'end_user'], sums: SUMS, least: [], greatest: [], sketches: [] },
};

/** All columns of a table, in the order of the cells. */
export function columnsOf({ key, sums, least, greatest, sketches }: RollupShape): readonly string[] {
  return [...key, ...sums, ...least, ...greatest, ...sketches];
}

export type RollupCell = number | string | Uint8Array | null;

/** One row to be added to what stands in the database; a key may come more than once. */
export type RollupRow = readonly [table: RollupTable, cells: RollupCell[]];

/**
 * Everything that was added up, as rows of the tables.
 *
 * @param now wall time, ms since 1970: what would be deleted at once is left out
 */
export function* digestRows(digest: Digest, now: number): Generator<RollupRow> {
  digest.settle();
  const { minutes, hours, users } = digest;
  let parts: readonly SpanSums[] = [...minutes.values()];
  for (const span of SPANS) {
    if (span !== SPANS[0]) parts = coarsened(parts, span);
    for (const sums of parts) if (sums.at >= now - span.keptMs) yield* spanRows(span, sums);
  }
  for (const { at, calls, attempts } of hours.values()) {
    for (const span of COARSE) {
      if (at < now - span.keptMs) continue;
      const key = (series: number): RollupCell[] => [span.ms / 1000, series, startOf(span, at)];
      for (const [series, values] of calls) yield ['call_rollups', [...key(series), ...values, null, null, null]];
      for (const [series, counts] of attempts) {
        yield ['attempt_rollups', [...key(series), ...ATTEMPT_SUMS.map((name) => counts[name]), null, null]];
      }
    }
  }
  for (const { at, series, endUser, values } of users.values())
    yield ['user_rollups', [at, series, endUser, ...values]];
}

function* spanRows({ ms }: Span, { at, calls, attempts, faults }: SpanSums): Generator<RollupRow> {
  const seconds = ms / 1000;
  for (const [series, sums] of calls) yield ['call_rollups', [seconds, series, at, ...callCells(sums)]];
  for (const [series, sums] of attempts) yield ['attempt_rollups', [seconds, series, at, ...attemptCells(sums)]];
  for (const [series, kinds] of faults) {
    for (const sums of kinds.values()) yield ['fault_rollups', [seconds, series, at, ...faultCells(sums)]];
  }
}

function attemptCells({ duration, firstContent, ...counts }: AttemptSums): RollupCell[] {
  return [...ATTEMPT_SUMS.map((name) => counts[name]), duration.toBytes(), firstContent.toBytes()];
}

function callCells({ values, duration, firstContent, overhead }: CallSums): RollupCell[] {
  return [...values, duration.toBytes(), firstContent.toBytes(), overhead.toBytes()];
}

function faultCells({ kind, party, calls, attempts, firstAt, lastAt, lastSeq }: FaultSums): RollupCell[] {
  return [kind, party, calls, attempts, firstAt, lastAt, lastSeq];
}

/** The sketch of all values of two. */
export function sumOfSketches(one: RollupCell, other: RollupCell): Uint8Array | null {
  if (other === null) return one as Uint8Array | null;
  if (one === null) return other as Uint8Array;
  return Sketch.sumOfBytes(one as Uint8Array, other as Uint8Array);
}
