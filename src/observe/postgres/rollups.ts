import type { PoolClient } from 'pg';
import { takeLock } from '../../storage/postgres/transaction.ts';
import { type RecordColumns, recordset, recordsText, storable } from '../../storage/postgres/recordset.ts';
import { COLUMNS } from '../call-batch.ts';
import { REMEMBERED } from '../dictionary.ts';
import { firstPlaceOf } from '../rollups/call-id.ts';
import { CallReader, type Cells, KIND_CELLS, type KindCells } from '../rollups/call-reader.ts';
import { Digest, type Register } from '../rollups/digest.ts';
import { registerOf } from '../rollups/register.ts';
import { type Series, SERIES_IN_USE, SeriesBook } from '../rollups/series-book.ts';
import { SPANS, USERS } from '../rollups/spans.ts';
import { addToTables } from './rollup-tables.ts';

/** Any number that nobody else locks: of several gateways one adds up at a time, all calls of all of them. */
const ADDING_LOCK = 7_405_212_022;

/** Calls added up in one transaction. */
const CALLS_PER_STEP = 5_000;

/** Time between two rounds of deleting old sums, ms. */
const SWEEP_EVERY_MS = 3_600_000;

const KIND = COLUMNS.indexOf('kind');

const SERIES: RecordColumns = {
  id: 'bigint',
  facet: 'text',
  tenant: 'text',
  workload: 'text',
  route: 'text',
  model: 'text',
  target: 'text',
};

const IDS: RecordColumns = { place: 'bigint', seq: 'bigint' };

/** What is known of the series that are written down. */
interface Known {
  readonly book: SeriesBook;
  readonly register: Register;
  /** The last that was learnt or made. */
  last: number;
  /** Made in the transaction that is open. */
  fresh: Series[];
}

/**
 * Keeps the sums of calls that several gateways write. Whoever is asked adds up what all of them have written since the last
 * time, in one transaction with the number of the last call among them: no call counts twice, and none is left to a gateway that
 * has gone.
 *
 * Good until a transaction fails.
 */
export class PostgresRollups {
  readonly #kinds = new Map<number, KindCells>();
  readonly #reader = new CallReader((id) => this.#kinds.get(id));
  #known: Known | null = null;
  #nextSweepAt = 0;

  /**
   * Adds calls up, in the transaction that is open.
   * @param now wall time, ms since 1970
   * @returns whether there are more
   */
  async write(client: PoolClient, now: number): Promise<boolean> {
    // Whoever holds it is adding up just now, and leaves little to do.
    await takeLock(client, ADDING_LOCK);
    const { rows: progress } = await client.query<{ seq: number }>('select seq from rollup_progress');
    const calls = await this.#callsAfter(client, progress[0]?.seq ?? 0);
    const last = calls.at(-1);
    if (last === undefined) return false;
    await this.#learnKinds(client, calls);
    const known = await this.#learnSeries(client);
    const digest = new Digest(known.register);
    for (const cells of calls) digest.add(this.#reader.read(Number(cells[0]), cells, 1));
    await addToTables(client, digest, now);
    await writeSeries(client, known.fresh.splice(0));
    await writeIds(client, digest.ids.inOrder());
    await client.query('update rollup_progress set seq = $1', [last[0]]);
    return calls.length === CALLS_PER_STEP;
  }

  /** Deletes old sums once an hour, in the transaction that is open. */
  async sweep(client: PoolClient, now: number): Promise<void> {
    if (now < this.#nextSweepAt) return;
    this.#nextSweepAt = now + SWEEP_EVERY_MS;
    for (const table of ['call_rollups', 'attempt_rollups', 'fault_rollups']) {
      for (const { ms, keptMs } of SPANS) {
        await client.query(`delete from ${table} where span = $1 and at < $2`, [ms / 1000, now - keptMs]);
      }
    }
    await client.query('delete from user_rollups where at < $1', [now - USERS.keptMs]);
    const { rows } = await client.query<{ seq: number | null }>('select min(seq) as seq from call_rows');
    await client.query('delete from call_ids where place < $1', [firstPlaceOf(rows[0]?.seq ?? 0)]);
  }

  /** Oldest first: each with its number in front of its cells. */
  async #callsAfter(client: PoolClient, seq: number): Promise<readonly Cells[]> {
    const { rows } = await client.query<unknown[]>({
      text: `select seq, ${COLUMNS.join(', ')} from call_rows where seq > $1 order by seq limit ${CALLS_PER_STEP}`,
      values: [seq],
      rowMode: 'array',
    });
    return rows;
  }

  async #learnKinds(client: PoolClient, calls: readonly Cells[]): Promise<void> {
    const numbers = new Set(calls.map((cells) => Number(cells[KIND + 1])));
    if (this.#kinds.size + numbers.size > REMEMBERED) this.#kinds.clear();
    const unknown = [...numbers].filter((number) => !this.#kinds.has(number));
    if (unknown.length === 0) return;
    const { rows } = await client.query<KindCells & { id: number }>(
      `select id, ${KIND_CELLS} from call_kinds where id = any($1::bigint[])`,
      [unknown],
    );
    for (const { id, ...cells } of rows) this.#kinds.set(id, cells);
  }

  /** Learns what others have made meanwhile. */
  async #learnSeries(client: PoolClient): Promise<Known> {
    this.#known ??= openSeries(await seriesInUse(client));
    const known = this.#known;
    const { rows } = await client.query<Series>('select * from rollup_series where id > $1 order by id', [known.last]);
    for (const series of rows) {
      known.book.learn(series);
      known.last = series.id;
    }
    return known;
  }
}

function openSeries(used: number): Known {
  const book = new SeriesBook(used, (facet, names) => {
    known.last += 1;
    const { tenant, workload, route, model, target } = names;
    known.fresh.push({ id: known.last, facet, tenant, workload, route, model, target });
    return known.last;
  });
  const known: Known = { book, register: registerOf(book), last: 0, fresh: [] };
  return known;
}

async function seriesInUse(client: PoolClient): Promise<number> {
  const text = `select count(*) as used from rollup_series s where ${SERIES_IN_USE}`;
  return (await client.query<{ used: number }>(text)).rows[0]?.used ?? 0;
}

async function writeSeries(client: PoolClient, fresh: readonly Series[]): Promise<void> {
  if (fresh.length === 0) return;
  const rows = fresh.map((series) =>
    Object.fromEntries(
      Object.entries(series).map(([name, cell]) => [name, typeof cell === 'string' ? storable(cell) : cell]),
    ),
  );
  const columns = Object.keys(SERIES).join(', ');
  await client.query(`insert into rollup_series (${columns}) select ${columns} from ${recordset('r', SERIES)}`, [
    recordsText(rows),
  ]);
}

async function writeIds(client: PoolClient, pairs: Float64Array): Promise<void> {
  if (pairs.length === 0) return;
  const text = `insert into call_ids (place, seq) select place, seq from ${recordset('r', IDS)} on conflict do nothing`;
  const rows = Array.from({ length: pairs.length / 2 }, (_, row) => ({
    place: pairs[2 * row],
    seq: pairs[2 * row + 1],
  }));
  await client.query(text, [recordsText(rows)]);
}
