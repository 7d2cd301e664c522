import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { Sketch } from '../sketch/sketch.ts';
import { ATTEMPT_SUMS, CallSums, type FaultSums, SUMS } from './call-sums.ts';
import type { Digest, MinuteSums } from './digest.ts';
import { EVERYTHING } from './series-book.ts';
import { SPANS, startOf } from './spans.ts';

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

  add({ minutes, users, ids }: Digest): void {
    for (const minute of minutes.values()) {
      this.#addCalls(minute);
      this.#addAttempts(minute);
      this.#addFaults(minute);
    }
    for (const { at, series, endUser, values } of users.values()) this.#users.run(at, series, endUser, ...values);
    this.#addIds(ids);
  }

  #addCalls({ at, calls }: MinuteSums): void {
    const all = new CallSums();
    for (const [series, sums] of calls) {
      all.merge(sums);
      this.#addTo(this.#calls, series, at, callCells(sums));
    }
    this.#addTo(this.#calls, EVERYTHING, at, callCells(all));
  }

  #addAttempts({ at, attempts }: MinuteSums): void {
    for (const [series, { duration, firstContent, ...sums }] of attempts) {
      const counts = ATTEMPT_SUMS.map((name) => sums[name]);
      this.#addTo(this.#attempts, series, at, [...counts, duration.toBytes(), firstContent.toBytes()]);
    }
  }

  #addFaults({ at, faults }: MinuteSums): void {
    const all = new Map<string, FaultSums>();
    for (const [series, kinds] of faults) {
      for (const [key, sums] of kinds) {
        this.#addTo(this.#faults, series, at, faultCells(sums));
        const sum = all.get(key);
        if (sum === undefined) all.set(key, { ...sums });
        else {
          sum.calls += sums.calls;
          sum.attempts += sums.attempts;
          sum.firstAt = Math.min(sum.firstAt, sums.firstAt);
          sum.lastAt = Math.max(sum.lastAt, sums.lastAt);
          sum.lastSeq = Math.max(sum.lastSeq, sums.lastSeq);
        }
      }
    }
    for (const sums of all.values()) this.#addTo(this.#faults, EVERYTHING, at, faultCells(sums));
  }

  /** Adds to the minute, the hour and the day. */
  #addTo(statement: StatementSync, series: number, at: number, cells: readonly SQLInputValue[]): void {
    for (const span of SPANS) statement.run(span.ms / 1000, series, startOf(span, at), ...cells);
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

function callCells({ values, duration, firstContent, overhead }: CallSums): SQLInputValue[] {
  return [...values, duration.toBytes(), firstContent.toBytes(), overhead.toBytes()];
}

function faultCells({ kind, party, calls, attempts, firstAt, lastAt, lastSeq }: FaultSums): SQLInputValue[] {
  return [kind, party, calls, attempts, firstAt, lastAt, lastSeq];
}

function sumOfBytes(one: SQLInputValue, other: SQLInputValue): Uint8Array | null {
  const sum = new Sketch();
  sum.addBytes(one as Uint8Array | null);
  sum.addBytes(other as Uint8Array | null);
  return sum.toBytes();
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
