import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { randomUUID } from 'node:crypto';
import type { ClaimedJob, JobQueue, QueueSettings } from '../queue.ts';
import { JobTable } from '../sql/job-table.ts';
import { KeyTable, putSecret } from '../sql/key-table.ts';
import { first, type Row, type Sql } from '../sql/sql.ts';
import { text } from '../sql/job-row.ts';
import { everyStatus } from '../sql/statuses.ts';
import { WebhookTable } from '../sql/webhook-table.ts';

/** Statements kept ready. */
const STATEMENTS = 200;

/** SQLite behind the port that both databases share. It answers at once; the promises are for the other. */
class SqliteSql implements Sql {
  readonly #connection: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(connection: DatabaseSync) {
    this.#connection = connection;
  }

  all(written: string, values: readonly SQLInputValue[]): Promise<readonly Row[]> {
    let statement = this.#statements.get(written);
    if (statement === undefined) {
      statement = this.#connection.prepare(written.replaceAll(/\$(\d+)/g, '?$1'));
      if (this.#statements.size >= STATEMENTS) this.#statements.clear();
      this.#statements.set(written, statement);
    }
    return Promise.resolve(statement.all(...values) as Row[]);
  }
}

/**
 * Jobs in SQLite. Workers hold jobs by leases; whoever claims next takes over what others let lapse. Several processes may work
 * on one file. Each method is to be called within a transaction, and one at a time: the thread that owns the file sees to both.
 */
export class SqliteQueue implements JobQueue {
  readonly #sql: Sql;
  readonly #jobs: JobTable;
  readonly #keys: KeyTable;
  readonly #webhooks = new WebhookTable('');

  constructor(connection: DatabaseSync, settings: QueueSettings) {
    this.#sql = new SqliteSql(connection);
    this.#jobs = new JobTable(settings, '');
    this.#keys = new KeyTable(settings);
  }

  add: JobQueue['add'] = ({ job, bounds, hold }) => this.#jobs.add(this.#sql, job, bounds, hold);

  claim: JobQueue['claim'] = async ({ most, now }) => {
    const lapsed = await this.#sql.all(
      `select id from jobs where status = 'running' and lease_until <= $1 order by lease_until limit $2`,
      [now, most],
    );
    const ids = lapsed.map((row) => text(row, 'id'));
    if (ids.length < most) ids.push(...(await this.#waiting(most - ids.length, now)));
    const claimed: ClaimedJob[] = [];
    for (const id of ids) {
      const job = await this.#jobs.take(this.#sql, id, randomUUID(), now, null);
      if (job !== null) claimed.push(job);
    }
    return claimed;
  };

  renew: JobQueue['renew'] = ({ held, now }) => this.#jobs.renew(this.#sql, held, now);

  end: JobQueue['end'] = ({ id, token, ending, now }) => this.#jobs.end(this.#sql, id, token, ending, now);

  again: JobQueue['again'] = async ({ id, token, ...turn }) =>
    (await this.#jobs.again(this.#sql, id, token, turn)) !== null;

  cancel: JobQueue['cancel'] = ({ owner, id, now }) => this.#jobs.cancel(this.#sql, owner, id, now);

  retry: JobQueue['retry'] = ({ owner, id, now }) => this.#jobs.retry(this.#sql, owner, id, now);

  get: JobQueue['get'] = ({ owner, id }) => this.#jobs.get(this.#sql, owner, id);

  answer: JobQueue['answer'] = ({ owner, id }) => this.#jobs.answer(this.#sql, owner, id);

  list: JobQueue['list'] = (ask) => this.#jobs.list(this.#sql, ask);

  counts: JobQueue['counts'] = async () => everyStatus(await this.#jobs.counts(this.#sql));

  sweep: JobQueue['sweep'] = async ({ now }) => {
    const expired = await this.#jobs.expire(this.#sql, now);
    const forgotten = (await this.#jobs.forget(this.#sql, now)) + (await this.#keys.forget(this.#sql, now));
    // The file gives back what it does not need, a few megabytes at a time.
    if (forgotten > 0) await this.#sql.all('pragma incremental_vacuum(500)', []);
    return { expired, forgotten };
  };

  nextAt: JobQueue['nextAt'] = () => this.#jobs.nextAt(this.#sql, { leases: true });

  beginKey: JobQueue['beginKey'] = (ask) => this.#keys.begin(this.#sql, ask);

  answerKey: JobQueue['answerKey'] = (ask) => this.#keys.answer(this.#sql, ask);

  dropKey: JobQueue['dropKey'] = (ask) => this.#keys.drop(this.#sql, ask);

  renewKeys: JobQueue['renewKeys'] = ({ tokens, now }) => this.#keys.renew(this.#sql, tokens, now);

  dueWebhooks: JobQueue['dueWebhooks'] = ({ most, now }) => this.#webhooks.due(this.#sql, most, now);

  settleWebhook: JobQueue['settleWebhook'] = ({ id, error, againAt }) =>
    this.#webhooks.settle(this.#sql, id, error, againAt);

  makeSecret: JobQueue['makeSecret'] = ({ owner, secret, now }) => putSecret(this.#sql, owner, secret, now);

  hasSecret: JobQueue['hasSecret'] = async ({ owner }) =>
    (await first(this.#sql, 'select 1 as one from webhook_secrets where owner = $1 limit 1', [owner])) !== null;

  /** Another process that works on the file cannot tell of it. */
  onChange(): void {}

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Jobs that are due, one of each tenant in turn: whoever has queued a thousand does not stand in front of the others. */
  async #waiting(most: number, now: number): Promise<readonly string[]> {
    const owners = await this.#sql.all(`select distinct owner from jobs where status = 'queued' and run_at <= $1`, [
      now,
    ]);
    const queues: string[][] = [];
    for (const row of owners) {
      const rows = await this.#sql.all(
        `select id from jobs where status = 'queued' and owner = $1 and run_at <= $2
         order by priority desc, run_at, seq limit $3`,
        [text(row, 'owner'), now, most],
      );
      queues.push(rows.map((one) => text(one, 'id')));
    }
    return inTurn(queues, most);
  }
}

/** The first of each list, then the second of each, as many as `most`. */
function inTurn(lists: readonly (readonly string[])[], most: number): readonly string[] {
  const taken: string[] = [];
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  for (let at = 0; at < longest && taken.length < most; at += 1) {
    for (const list of lists) {
      const one = list[at];
      if (one !== undefined && taken.length < most) taken.push(one);
    }
  }
  return taken;
}
