import type { Database } from '../storage/database.ts';
import type { HouseEvent } from './events.ts';

export interface EventWriterOptions {
  readonly database: Database;
  /** How long events are kept, ms. */
  readonly keepMs: number;
  /** Told when they cannot be stored, and when they can again. */
  readonly onTrouble: (message: string) => void;
}

/** Events wait at most this long for others to be written with, ms. */
const BATCH_MS = 100;

/** Rest after a refusal, ms. */
const REST_MS = 5_000;

/** Events that may wait in memory; there are few, and beyond this they repeat one another. */
const PENDING = 1_000;

const SWEEP_EVERY_MS = 5 * 60_000;

/**
 * Writes events into a database that several gateways share. Never blocks and never throws; what cannot be written waits in
 * bounded memory until it can.
 */
export class EventWriter {
  readonly #options: EventWriterOptions;
  #waiting: HouseEvent[] = [];
  #alarm: NodeJS.Timeout | null = null;
  readonly #sweeping: NodeJS.Timeout;
  #writing: Promise<void> | null = null;
  #troubled = false;
  #closed = false;

  constructor(options: EventWriterOptions) {
    this.#options = options;
    this.#sweeping = setInterval(() => void this.sweep().catch(() => undefined), SWEEP_EVERY_MS).unref();
  }

  append(event: HouseEvent): void {
    if (this.#closed || this.#waiting.length >= PENDING) return;
    this.#waiting.push(event);
    this.#arm(BATCH_MS);
  }

  /** Resolves once what was appended before is written, or refused. */
  async flush(): Promise<void> {
    if (this.#alarm !== null) clearTimeout(this.#alarm);
    this.#alarm = null;
    await this.#writing;
    await this.#write();
  }

  /** Writes what waits, and gives up what the database will not take. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#sweeping);
    await this.flush();
    if (this.#alarm !== null) clearTimeout(this.#alarm);
    const lost = this.#waiting.length;
    if (lost > 0) this.#options.onTrouble(`stopping with ${lost} events that could not be stored; they are lost.`);
  }

  /** Deletes what is older than it is to be kept. */
  async sweep(): Promise<void> {
    const { database, keepMs } = this.#options;
    await database.query
      .deleteFrom('events')
      .where('at', '<', Date.now() - keepMs)
      .execute();
  }

  #arm(ms: number): void {
    this.#alarm ??= setTimeout(() => {
      this.#alarm = null;
      void this.flush();
    }, ms).unref();
  }

  #write(): Promise<void> {
    this.#writing ??= this.#insert().finally(() => (this.#writing = null));
    return this.#writing;
  }

  async #insert(): Promise<void> {
    const events = [...this.#waiting];
    if (events.length === 0) return;
    try {
      const rows = events.map((event) => ({
        ...event,
        detail: event.detail === null ? null : JSON.stringify(event.detail),
      }));
      await this.#options.database.query.insertInto('events').values(rows).execute();
      this.#waiting.splice(0, events.length);
      if (this.#troubled) this.#options.onTrouble('events can be stored again.');
      this.#troubled = false;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!this.#troubled) this.#options.onTrouble(`events cannot be stored: ${reason} They wait in memory.`);
      this.#troubled = true;
      if (!this.#closed) this.#arm(REST_MS);
    }
  }
}
