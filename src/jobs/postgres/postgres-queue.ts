import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { ClaimedJob, JobQueue, QueueSettings } from '../queue.ts';
import { JobTable } from '../sql/job-table.ts';
import { KeyTable, putSecret } from '../sql/key-table.ts';
import { first } from '../sql/sql.ts';
import { everyStatus } from '../sql/statuses.ts';
import { WebhookTable } from '../sql/webhook-table.ts';
import { Changes, tellOfChange } from './changes.ts';
import type { PostgresAddress } from '../../storage/postgres/connection.ts';
import { makeTables, openJobsPool, PostgresSql } from './connection.ts';
import { Tickets } from './tickets.ts';

export interface PostgresQueueOptions {
  readonly address: PostgresAddress;
  readonly settings: QueueSettings;
  /** Told of trouble in words. */
  readonly say: (line: string) => void;
}

/** What stands once the database has been reached. */
interface Open {
  readonly pool: Pool;
  readonly sql: PostgresSql;
  readonly tickets: Tickets;
}

/** The store is not asked again for what is due before this, ms: pg-boss goes by the database's clock, not by ours. */
const LEAST_REST_MS = 250;

/**
 * Jobs in PostgreSQL, for several gateways that work one queue: how a job stands is in our own tables, who has it in hand is
 * pg-boss's to say. The database is reached when something is first asked, and again when that has failed.
 */
export class PostgresQueue implements JobQueue {
  readonly #options: PostgresQueueOptions;
  readonly #jobs: JobTable;
  readonly #keys: KeyTable;
  readonly #webhooks = new WebhookTable(' for update skip locked');
  readonly #changes: Changes;
  readonly #listeners: ((id: string) => void)[] = [];
  /** Tickets of calls that were under way when they became jobs. */
  readonly #held = new Set<string>();
  #opening: Promise<Open> | null = null;

  constructor(options: PostgresQueueOptions) {
    const { settings, address } = options;
    this.#options = options;
    this.#jobs = new JobTable(settings, ' for update');
    this.#keys = new KeyTable(settings);
    this.#changes = new Changes(address, (id) => {
      for (const listener of this.#listeners) listener(id);
    });
  }

  add: JobQueue['add'] = async ({ job, bounds, hold }) => {
    const { sql, tickets } = await this.#open();
    const added = await sql.together(async (within) => {
      const one = await this.#jobs.add(within, job, bounds, hold);
      if (one.kind === 'full' || one.known) return one;
      if (hold === null) await tickets.put(within, job);
      else await tickets.putHeld(within, job, hold);
      await tellOfChange(within, job.id);
      return one;
    });
    if (hold !== null && added.kind === 'added') this.#held.add(hold);
    return added;
  };

  claim: JobQueue['claim'] = async ({ most, now }) => {
    const { sql, tickets } = await this.#open();
    return sql.together(async (within) => {
      const claimed: ClaimedJob[] = [];
      for (const { ticket, job: id } of await tickets.take(within, most)) {
        const job = await this.#jobs.take(within, id, `${ticket}.${randomUUID()}`, now, ticket);
        if (job === null) await tickets.spend(within, ticket);
        else claimed.push(job);
        await tellOfChange(within, id);
      }
      return claimed;
    });
  };

  renew: JobQueue['renew'] = async ({ held, now }) => {
    const { sql, tickets } = await this.#open();
    const lost = await this.#jobs.renew(sql, held, now);
    const kept = held.filter(({ id }) => !lost.includes(id)).map(({ token }) => ticketOf(token));
    await tickets.hold(sql, kept, this.#held);
    return lost;
  };

  end: JobQueue['end'] = async ({ id, token, ending, now }) => {
    const { sql, tickets } = await this.#open();
    const ended = await sql.together(async (within) => {
      if (!(await this.#jobs.end(within, id, token, ending, now))) return false;
      await tickets.spend(within, ticketOf(token));
      await tellOfChange(within, id);
      return true;
    });
    this.#held.delete(token);
    return ended;
  };

  again: JobQueue['again'] = async ({ id, token, ...turn }) => {
    const { sql, tickets } = await this.#open();
    const put = await sql.together(async (within) => {
      const job = await this.#jobs.again(within, id, token, turn);
      if (job === null) return false;
      await tickets.spend(within, ticketOf(token));
      await tickets.put(within, job);
      await tellOfChange(within, id);
      return true;
    });
    this.#held.delete(token);
    return put;
  };

  /** Its ticket is left where it is: whoever takes it finds that there is nothing to do. */
  cancel: JobQueue['cancel'] = async ({ owner, id, now }) => {
    const { sql } = await this.#open();
    return sql.together(async (within) => {
      const job = await this.#jobs.cancel(within, owner, id, now);
      if (job !== null) await tellOfChange(within, id);
      return job;
    });
  };

  retry: JobQueue['retry'] = async ({ owner, id, now }) => {
    const { sql, tickets } = await this.#open();
    return sql.together(async (within) => {
      const job = await this.#jobs.retry(within, owner, id, now);
      if (job === null) return null;
      await tickets.put(within, job);
      await tellOfChange(within, id);
      return job;
    });
  };

  get: JobQueue['get'] = async ({ owner, id }) => this.#jobs.get((await this.#open()).sql, owner, id);

  answer: JobQueue['answer'] = async ({ owner, id }) => this.#jobs.answer((await this.#open()).sql, owner, id);

  list: JobQueue['list'] = async (ask) => this.#jobs.list((await this.#open()).sql, ask);

  counts: JobQueue['counts'] = async () => everyStatus(await this.#jobs.counts((await this.#open()).sql));

  sweep: JobQueue['sweep'] = async ({ now }) => {
    const { sql } = await this.#open();
    return sql.together(async (within) => {
      const expired = await this.#jobs.expire(within, now);
      for (const id of expired) await tellOfChange(within, id);
      const forgotten = (await this.#jobs.forget(within, now)) + (await this.#keys.forget(within, now));
      return { expired, forgotten };
    });
  };

  /** Leases are pg-boss's to watch. */
  nextAt: JobQueue['nextAt'] = async () => {
    const { sql } = await this.#open();
    const at = await this.#jobs.nextAt(sql, { leases: false });
    return at === null ? null : Math.max(at, Date.now() + LEAST_REST_MS);
  };

  beginKey: JobQueue['beginKey'] = async (ask) => this.#keys.begin((await this.#open()).sql, ask);

  answerKey: JobQueue['answerKey'] = async (ask) => this.#keys.answer((await this.#open()).sql, ask);

  dropKey: JobQueue['dropKey'] = async (ask) => this.#keys.drop((await this.#open()).sql, ask);

  renewKeys: JobQueue['renewKeys'] = async ({ tokens, now }) => this.#keys.renew((await this.#open()).sql, tokens, now);

  dueWebhooks: JobQueue['dueWebhooks'] = async ({ most, now }) => {
    const { sql } = await this.#open();
    return sql.together((within) => this.#webhooks.due(within, most, now));
  };

  settleWebhook: JobQueue['settleWebhook'] = async ({ id, error, againAt }) =>
    this.#webhooks.settle((await this.#open()).sql, id, error, againAt);

  makeSecret: JobQueue['makeSecret'] = async ({ owner, secret, now }) => {
    const { sql } = await this.#open();
    await sql.together((within) => putSecret(within, owner, secret, now));
  };

  hasSecret: JobQueue['hasSecret'] = async ({ owner }) => {
    const { sql } = await this.#open();
    return (await first(sql, 'select 1 as one from webhook_secrets where owner = $1 limit 1', [owner])) !== null;
  };

  onChange(listener: (id: string) => void): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {
    await this.#changes.close();
    const open = await this.#opening?.catch(() => null);
    await open?.tickets.close();
    await open?.pool.end();
  }

  #open(): Promise<Open> {
    this.#opening ??= this.#reach().catch((error: unknown) => {
      this.#opening = null;
      throw error;
    });
    return this.#opening;
  }

  async #reach(): Promise<Open> {
    const { address, settings, say } = this.#options;
    const pool = await openJobsPool(address);
    try {
      await makeTables(pool);
      const tickets = await Tickets.open(pool, settings, say);
      await this.#changes.listen();
      return { pool, sql: new PostgresSql(pool), tickets };
    } catch (error) {
      await pool.end();
      throw error;
    }
  }
}

/** The ticket by which a job is held. */
function ticketOf(token: string): string {
  return token.split('.', 1)[0] ?? token;
}
