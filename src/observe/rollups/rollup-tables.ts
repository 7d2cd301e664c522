import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { Sketch } from '../sketch/sketch.ts';
import { ATTEMPT_SUMS, type AttemptSums, type CallSums, type FaultSums, SUMS } from './call-sums.ts';
import { coarsened, type Digest, type SpanSums } from './digest.ts';
import { COARSE } from './facets.ts';
import { type Span, SPANS, startOf } from './spans.ts';

const SKETCHES = ['duration', 'first_content', 'overhead'] as const;
const ATTEMPT_SKETCHES = ['duration', 'first_content'] as const;

/** Ids put in by one statement. */
const IDS_PER_INSERT = 50;

/** Adds what was added up in memory to what stands in the database, in whatever transaction is open. */
export class RollupTables {
  readonly #calls: StatementSync;
  readonly #attempts: StatementSync;
  readonly #faults: StatementSync;
  readonly #users: StatementSync;
  readonly #ids: StatementSync;
  readonly #idGroup: StatementSync;

  constructor(connection: DatabaseSync) {
    // So that one statement adds a row or adds to it; the sketches' bytes go through JavaScript either way.
    connection.function('sketch_sum', { deterministic: true }, sumOfBytes);
    const key = ['span', 'series', 'at'];
    this.#calls = connection.prepare(upsert('call_rollups', key, SUMS, SKETCHES));
    this.#attempts = connection.prepare(upsert('attempt_rollups', key, ATTEMPT_SUMS, ATTEMPT_SKETCHES));
    this.#users = connection.prepare(upsert('user_rollups', ['at', 'series', 'end_user'], SUMS, []));
    this.#faults = connection.prepare(`
      insert into fault_rollups (span, series, at, kind, party, calls, attempts, first_at, last_at, last_seq)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      on conflict do update set
        calls = calls + excluded.calls,
        attempts = attempts + excluded.attempts,
        first_at = min(first_at, excluded.first_at),
        last_at = max(last_at, excluded.last_at),
        last_seq = max(last_seq, excluded.last_seq)`);
    this.#ids = connection.prepare('insert or ignore into call_ids values (?, ?)');
    this.#idGroup = connection.prepare(
      `insert or ignore into call_ids values ${Array<string>(IDS_PER_INSERT).fill('(?, ?)').join(', ')}`,
    );
  }

  /** @param now wall time, ms since 1970: what would be deleted at once is not written */
  add(digest: Digest, now: number): void {
    digest.settle();
    const { minutes, hours, users, ids } = digest;
    let parts: readonly SpanSums[] = [...minutes.values()];
    for (const span of SPANS) {
      if (span !== SPANS[0]) parts = coarsened(parts, span);
      for (const sums of parts) if (sums.at >= now - span.keptMs) this.#addSpan(span, sums);
    }
    for (const { at, calls, attempts } of hours.values()) {
      for (const [series, values] of calls) addTo(this.#calls, series, at, now, [...values, null, null, null]);
      for (const [series, counts] of attempts) {
        addTo(this.#attempts, series, at, now, [...ATTEMPT_SUMS.map((name) => counts[name]), null, null]);
      }
    }
    for (const { at, series, endUser, values } of users.values()) this.#users.run(at, series, endUser, ...values);
    this.#addIds(ids);
  }

  #addSpan({ ms }: Span, { at, calls, attempts, faults }: SpanSums): void {
    const seconds = ms / 1000;
    for (const [series, sums] of calls) this.#calls.run(seconds, series, at, ...callCells(sums));
    for (const [series, sums] of attempts) this.#attempts.run(seconds, series, at, ...attemptCells(sums));
    for (const [series, kinds] of faults) {
      for (const sums of kinds.values()) this.#faults.run(seconds, series, at, ...faultCells(sums));
    }
  }

  /** In order, so that neighbours go to the same page. */
  #addIds(ids: readonly (readonly [place: number, seq: number])[]): void {
    const sorted = ids.toSorted(([one], [other]) => one - other);
    const grouped = sorted.length - (sorted.length % IDS_PER_INSERT);
    for (let at = 0; at < grouped; at += IDS_PER_INSERT)
      this.#idGroup.run(...sorted.slice(at, at + IDS_PER_INSERT).flat());
    for (const [place, seq] of sorted.slice(grouped)) this.#ids.run(place, seq);
  }
}

/** Adds to the hour and the day. */
function addTo(statement: StatementSync, series: number, at: number, now: number, cells: SQLInputValue[]): void {
  for (const span of COARSE) {
    if (at >= now - span.keptMs) statement.run(span.ms / 1000, series, startOf(span, at), ...cells);
  }
}

function attemptCells({ duration, firstContent, ...counts }: AttemptSums): SQLInputValue[] {
  return [...ATTEMPT_SUMS.map((name) => counts[name]), duration.toBytes(), firstContent.toBytes()];
}

function callCells({ values, duration, firstContent, overhead }: CallSums): SQLInputValue[] {
  return [...values, duration.toBytes(), firstContent.toBytes(), overhead.toBytes()];
}

function faultCells({ kind, party, calls, attempts, firstAt, lastAt, lastSeq }: FaultSums): SQLInputValue[] {
  return [kind, party, calls, attempts, firstAt, lastAt, lastSeq];
}

function sumOfBytes(one: SQLInputValue, other: SQLInputValue): Uint8Array | null {
  if (other === null) return one as Uint8Array | null;
  if (one === null) return other as Uint8Array;
  return Sketch.sumOfBytes(one as Uint8Array, other as Uint8Array);
}

function upsert(table: string, key: readonly string[], sums: readonly string[], sketches: readonly string[]): string {
  const columns = [...key, ...sums, ...sketches];
  const changes = [
    ...sums.map((name) => `${name} = ${name} + excluded.${name}`),
    ...sketches.map((name) => `${name} = sketch_sum(${name}, excluded.${name})`),
  ];
  return `insert into ${table} (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})
    on conflict do update set ${changes.join(', ')}`;
}
