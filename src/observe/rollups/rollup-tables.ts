import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { Digest } from './digest.ts';
import { columnsOf, digestRows, ROLLUP_SHAPES, type RollupTable, sumOfSketches } from './digest-rows.ts';

/** Ids put in by one statement. */
const IDS_PER_INSERT = 50;

/** Their places and the numbers of their calls. */
const GROUP = IDS_PER_INSERT * 2;

/** Adds what was added up in memory to what stands in SQLite, in whatever transaction is open. */
export class RollupTables {
  readonly #upserts: Readonly<Record<RollupTable, StatementSync>>;
  readonly #ids: StatementSync;
  readonly #idGroup: StatementSync;

  constructor(connection: DatabaseSync) {
    // So that one statement adds a row or adds to it; the sketches' bytes go through JavaScript either way.
    connection.function('sketch_sum', { deterministic: true }, (one: SQLInputValue, other: SQLInputValue) =>
      sumOfSketches(one as Uint8Array | null, other as Uint8Array | null),
    );
    const prepare = (table: RollupTable): StatementSync => connection.prepare(upsert(table));
    this.#upserts = {
      call_rollups: prepare('call_rollups'),
      attempt_rollups: prepare('attempt_rollups'),
      fault_rollups: prepare('fault_rollups'),
      user_rollups: prepare('user_rollups'),
    };
    this.#ids = connection.prepare('insert or ignore into call_ids values (?, ?)');
    this.#idGroup = connection.prepare(
      `insert or ignore into call_ids values ${Array<string>(IDS_PER_INSERT).fill('(?, ?)').join(', ')}`,
    );
  }

  /** @param now wall time, ms since 1970: what would be deleted at once is not written */
  add(digest: Digest, now: number): void {
    for (const [table, cells] of digestRows(digest, now)) this.#upserts[table].run(...cells);
    this.#addIds(digest.ids.inOrder());
  }

  #addIds(pairs: Float64Array): void {
    const groups = pairs.length - (pairs.length % GROUP);
    for (let at = 0; at < groups; at += GROUP) this.#idGroup.run(...pairs.subarray(at, at + GROUP));
    for (let at = groups; at < pairs.length; at += 2) this.#ids.run(pairs[at] ?? 0, pairs[at + 1] ?? 0);
  }
}

function upsert(table: RollupTable): string {
  const shape = ROLLUP_SHAPES[table];
  const columns = columnsOf(shape);
  const changes = [
    ...shape.sums.map((name) => `${name} = ${name} + excluded.${name}`),
    ...shape.least.map((name) => `${name} = min(${name}, excluded.${name})`),
    ...shape.greatest.map((name) => `${name} = max(${name}, excluded.${name})`),
    ...shape.sketches.map((name) => `${name} = sketch_sum(${name}, excluded.${name})`),
  ];
  return `insert into ${table} (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})
    on conflict do update set ${changes.join(', ')}`;
}
