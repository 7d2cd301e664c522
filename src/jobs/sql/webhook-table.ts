import { DELIVERY_LEASE_MS, type DueWebhook, OLD_SECRET_MS } from '../queue.ts';
import { answerOf } from './job-table.ts';
import { JOB_COLUMNS, jobOf, number, text } from './job-row.ts';
import { first, type Row, type Sql } from './sql.ts';

/** The statements about the delivery of webhooks. */
export class WebhookTable {
  /** Appended to a select whose rows several may want at once. */
  readonly #lock: '' | ' for update skip locked';

  constructor(lock: '' | ' for update skip locked') {
    this.#lock = lock;
  }

  async due(sql: Sql, most: number, now: number): Promise<readonly DueWebhook[]> {
    const rows = await sql.all(
      `select ${JOB_COLUMNS} from jobs where webhook_at is not null and webhook_at <= $1 order by webhook_at limit $2${this.#lock}`,
      [now, most],
    );
    const due: DueWebhook[] = [];
    for (const row of rows) {
      const job = jobOf(row);
      await sql.all('update jobs set webhook_at = $2 where id = $1', [job.id, now + DELIVERY_LEASE_MS]);
      const answer = await first(sql, 'select * from job_answers where id = $1', [job.id]);
      due.push({
        job,
        answer: answer === null ? null : answerOf(answer),
        attempts: number(row, 'webhook_attempts'),
        secrets: await secretsOf(sql, job.owner, now),
      });
    }
    return due;
  }

  async settle(sql: Sql, id: string, error: string | null, againAt: number | null): Promise<void> {
    const state = error === null ? 'delivered' : againAt === null ? 'failed' : 'pending';
    await sql.all(
      `update jobs set webhook_state = $2, webhook_error = $3, webhook_at = $4, webhook_attempts = webhook_attempts + 1
       where id = $1 and webhook_state = 'pending'`,
      [id, state, error, againAt],
    );
  }
}

async function secretsOf(sql: Sql, owner: string, now: number): Promise<readonly string[]> {
  const rows = await sql.all(
    `select secret from webhook_secrets where owner = $1 and (replaced_at is null or replaced_at > $2)
     order by created_at desc`,
    [owner, now - OLD_SECRET_MS],
  );
  return rows.map((row: Row) => text(row, 'secret'));
}
