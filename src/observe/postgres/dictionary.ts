import type { PoolClient } from 'pg';
import { type RecordColumns, recordset, recordsText, storable } from '../../storage/postgres/recordset.ts';
import type { CallKind } from '../call-batch.ts';
import { REMEMBERED, ROWS_OF_A_KIND } from '../dictionary.ts';

type KindColumn = keyof CallKind;

/** What each column takes; a question mark: null as well. */
const KIND_COLUMNS: Readonly<Record<KindColumn, 'text' | 'text?' | 'integer'>> = {
  door: 'text',
  operation: 'text',
  method: 'text',
  path: 'text',
  model: 'text?',
  stream: 'integer',
  route: 'text?',
  target: 'text?',
  outcome: 'text',
  status: 'integer',
  fault_kind: 'text?',
  caller_retries: 'integer',
  attempt_count: 'integer',
  attempt_model: 'text?',
  organisation: 'text?',
  tenant: 'text?',
  workload: 'text?',
  key_id: 'text?',
  lane: 'text',
};

const KINDS: RecordColumns = {
  id: 'bigint',
  last_seq: 'bigint',
  ...Object.fromEntries(Object.entries(KIND_COLUMNS).map(([name, type]) => [name, type.replace('?', '')])),
};

const INSERT_KINDS = `insert into call_kinds (${Object.keys(KINDS).join(', ')})
  select ${Object.keys(KINDS).join(', ')} from ${recordset('r', KINDS)}`;

interface Known {
  readonly id: number;
  readonly lastSeq: number;
}

/**
 * The numbers by which rows refer to what they share; writes down what is new, in the transaction that is open. Good until one
 * fails.
 */
export class PostgresDictionary {
  readonly #kinds = new Map<string, Known>();
  readonly #prefixes = new Map<string, number>();

  /**
   * @param seqAfter how far the number of the last row may get within the transaction
   * @returns the numbers of the kinds; null where a field is of a type that no database would take
   */
  async kinds(client: PoolClient, kinds: readonly CallKind[], seqAfter: number): Promise<readonly (number | null)[]> {
    const keys = kinds.map((kind) => (isSound(kind) ? JSON.stringify(kind) : null));
    const unknown = new Map<string, CallKind>();
    for (const [place, key] of keys.entries()) {
      const kind = kinds[place];
      if (key === null || kind === undefined) continue;
      if ((this.#kinds.get(key)?.lastSeq ?? 0) < seqAfter) unknown.set(key, kind);
    }
    if (unknown.size > 0) await this.#tell(client, unknown, seqAfter + ROWS_OF_A_KIND);
    return keys.map((key) => (key === null ? null : (this.#kinds.get(key)?.id ?? null)));
  }

  async #tell(client: PoolClient, unknown: ReadonlyMap<string, CallKind>, lastSeq: number): Promise<void> {
    if (this.#kinds.size >= REMEMBERED) this.#kinds.clear();
    const { rows: numbers } = await client.query<{ id: number }>(
      "select nextval(pg_get_serial_sequence('call_kinds', 'id')) as id from generate_series(1, $1::integer)",
      [unknown.size],
    );
    const rows = Array.from(unknown, ([key, kind], place) => {
      const id = numbers[place]?.id ?? 0;
      this.#kinds.set(key, { id, lastSeq });
      const cells = Object.entries(kind).map(([name, cell]) => [
        name,
        typeof cell === 'string' ? storable(cell) : cell,
      ]);
      return { id, last_seq: lastSeq, ...(Object.fromEntries(cells) as object) };
    });
    await client.query(INSERT_KINDS, [recordsText(rows)]);
  }

  /** The numbers of beginnings of ids: one for each process that makes them. */
  async idPrefixes(client: PoolClient, prefixes: readonly string[]): Promise<readonly number[]> {
    const numbers: number[] = [];
    for (const prefix of prefixes) numbers.push(this.#prefixes.get(prefix) ?? (await this.#tellPrefix(client, prefix)));
    return numbers;
  }

  async #tellPrefix(client: PoolClient, prefix: string): Promise<number> {
    await client.query('insert into id_prefixes (prefix) values ($1) on conflict do nothing', [prefix]);
    const { rows } = await client.query<{ id: number }>('select id from id_prefixes where prefix = $1', [prefix]);
    const id = rows[0]?.id ?? 0;
    if (this.#prefixes.size >= REMEMBERED) this.#prefixes.clear();
    this.#prefixes.set(prefix, id);
    return id;
  }
}

function isSound(kind: CallKind): boolean {
  return Object.entries(KIND_COLUMNS).every(([name, type]) => {
    const cell: unknown = kind[name as KindColumn];
    if (type === 'integer') return Number.isSafeInteger(cell) && Math.abs(Number(cell)) < 2 ** 31;
    return typeof cell === 'string' || (cell === null && type === 'text?');
  });
}
