import { randomUUID } from 'node:crypto';
import type { PgBoss } from 'pg-boss';
import type { Pool } from 'pg';
import type { Job } from '../job.ts';
import type { QueueSettings } from '../queue.ts';
import type { Cell, Sql } from '../sql/sql.ts';

const QUEUE = 'holdfast-jobs';

/** pg-boss keeps its tables in a schema of its own. */
export const BOSS_SCHEMA = 'holdfast_boss';

/** The shortest that pg-boss allows between signs of life, s. */
const LEAST_HEARTBEAT_S = 10;

/** A ticket may be active for as long as pg-boss allows; what ends it is a missing heartbeat. */
const LONGEST_ACTIVE_S = 86_400;

/** Tickets are handed out again as often as it takes: when a job has lost too many workers is decided by the job itself. */
const HANDED_OUT_AGAIN = 1_000;

/** A ticket that nobody took is thrown away after this, s. */
const RETENTION_S = 90 * 86_400;

/** Used tickets are of no interest to anybody, s. */
const USED_S = 600;

/** The same trouble is not told again before this, ms. */
const TROUBLE_EVERY_MS = 60_000;

/** What a ticket says. */
interface Ticket {
  readonly id: string;
}

/**
 * The order in which jobs go, and who has one in hand: pg-boss keeps a ticket for each attempt that is due, gives it to one
 * gateway, and takes it back when that gateway gives no sign of life. Everything is done within the transaction that also changes
 * the job, so that there is never the one without the other.
 */
export class Tickets {
  readonly #boss: PgBoss;
  readonly #heartbeatS: number;

  private constructor(boss: PgBoss, heartbeatS: number) {
    this.#boss = boss;
    this.#heartbeatS = heartbeatS;
  }

  static async open(pool: Pool, { leaseMs }: QueueSettings, say: (line: string) => void): Promise<Tickets> {
    const { PgBoss: Boss } = await import('pg-boss');
    const heartbeatS = Math.max(LEAST_HEARTBEAT_S, Math.ceil(leaseMs / 1000));
    // How soon a missing heartbeat is noticed.
    const everyS = Math.max(1, Math.floor(heartbeatS / 10));
    const boss = new Boss({
      db: { executeSql: (text, values) => pool.query(text, values as unknown[]) },
      schema: BOSS_SCHEMA,
      schedule: false,
      superviseIntervalSeconds: everyS,
      monitorIntervalSeconds: everyS,
    });
    let saidAt = Number.NEGATIVE_INFINITY;
    boss.on('error', (error) => {
      // While the database is away it says so with everything that it tries.
      if (performance.now() - saidAt < TROUBLE_EVERY_MS) return;
      saidAt = performance.now();
      say(`jobs: pg-boss: ${error.message}`);
    });
    await boss.start();
    await boss.createQueue(QUEUE, {
      expireInSeconds: LONGEST_ACTIVE_S,
      heartbeatSeconds: heartbeatS,
      retryLimit: HANDED_OUT_AGAIN,
      retryDelay: 0,
      retentionSeconds: RETENTION_S,
      deleteAfterSeconds: USED_S,
    });
    return new Tickets(boss, heartbeatS);
  }

  /** Puts a ticket in for a job's next attempt. */
  async put(sql: Sql, job: Pick<Job, 'id' | 'priority' | 'runAt'>): Promise<void> {
    await this.#send(sql, job.id, randomUUID(), job.priority, new Date(job.runAt));
  }

  /**
   * Puts a ticket in for a job that its worker has in hand already, under the id `ticket`. It waits as long as a worker may give
   * no sign of life, and {@link hold} makes it wait longer: nobody gets it unless the worker is lost.
   */
  async putHeld(sql: Sql, job: Pick<Job, 'id' | 'priority'>, ticket: string): Promise<void> {
    await this.#send(sql, job.id, ticket, job.priority, this.#later());
  }

  /** Takes tickets that are due, the most urgent first. */
  async take(sql: Sql, most: number): Promise<readonly { readonly ticket: string; readonly job: string }[]> {
    const tickets = await this.#boss.fetch<Ticket>(QUEUE, { batchSize: most, db: asBoss(sql) });
    return tickets.map(({ id, data }) => ({ ticket: id, job: data.id }));
  }

  /** Gives a sign of life for tickets in hand. */
  async hold(sql: Sql, tickets: readonly string[], held: ReadonlySet<string>): Promise<void> {
    const db = asBoss(sql);
    const active = tickets.filter((ticket) => !held.has(ticket));
    if (active.length > 0) await this.#boss.touch(QUEUE, active, { db });
    for (const ticket of tickets) {
      if (held.has(ticket)) await this.#boss.update(QUEUE, undefined, { id: ticket, startAfter: this.#later(), db });
    }
  }

  /** The attempt is over, and its ticket with it. */
  async spend(sql: Sql, ticket: string): Promise<void> {
    await this.#boss.complete(QUEUE, ticket, null, { db: asBoss(sql), includeQueued: true });
  }

  async close(): Promise<void> {
    await this.#boss.stop({ graceful: false, close: false });
  }

  async #send(sql: Sql, job: string, ticket: string, priority: number, startAfter: Date): Promise<void> {
    const data: Ticket = { id: job };
    await this.#boss.send(QUEUE, data, { id: ticket, priority, startAfter, db: asBoss(sql) });
  }

  #later(): Date {
    return new Date(Date.now() + this.#heartbeatS * 1_000);
  }
}

/** A transaction of ours, as pg-boss wants to be given one. */
function asBoss(sql: Sql): { executeSql: (text: string, values?: unknown[]) => Promise<{ rows: unknown[] }> } {
  return {
    executeSql: async (text, values = []) => ({ rows: [...(await sql.all(text, values as Cell[]))] }),
  };
}
