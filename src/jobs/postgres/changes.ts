import type { Client } from 'pg';
import type { Sql } from '../sql/sql.ts';
import { type PostgresAddress, settingsFor } from '../../storage/postgres/connection.ts';

const CHANNEL = 'holdfast_jobs';

/** Rest before a broken connection is tried again, ms. */
const REST_MS = 1_000;

/** Tells every gateway on the database that a job has changed; they hear of it when the transaction is done. */
export async function tellOfChange(sql: Sql, id: string): Promise<void> {
  await sql.all(`select pg_notify('${CHANNEL}', $1)`, [id]);
}

/**
 * Listens for jobs that any gateway changes, over a connection of its own. While that is broken nobody is told; whoever waits
 * looks by itself now and then.
 */
export class Changes {
  readonly #address: PostgresAddress;
  readonly #heard: (id: string) => void;
  #client: Client | null = null;
  #rest: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(address: PostgresAddress, heard: (id: string) => void) {
    this.#address = address;
    this.#heard = heard;
  }

  async listen(): Promise<void> {
    if (this.#closed) return;
    try {
      const { Client: PgClient } = await import('pg');
      const client = new PgClient({ ...(await settingsFor(this.#address)), keepAlive: true });
      this.#client = client;
      client.on('notification', ({ payload }) => {
        if (payload !== undefined) this.#heard(payload);
      });
      client.on('error', () => this.#lost(client));
      client.on('end', () => this.#lost(client));
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
    } catch {
      this.#lost(this.#client);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#rest !== null) clearTimeout(this.#rest);
    const client = this.#client;
    this.#client = null;
    await client?.end().catch(() => undefined);
  }

  #lost(client: Client | null): void {
    if (this.#closed || this.#client !== client || this.#rest !== null) return;
    this.#client = null;
    void client?.end().catch(() => undefined);
    this.#rest = setTimeout(() => {
      this.#rest = null;
      void this.listen();
    }, REST_MS).unref();
  }
}
