import { Worker } from 'node:worker_threads';

import type { CallRecord } from '../engine/record.ts';
import type { PostgresAddress } from '../storage/postgres/connection.ts';
import { type CallBatch, CallPacker } from './call-batch.ts';
import type { HouseEvent } from './events.ts';
import { passwordOf, type RecordPlace, sentPlace } from './record-place.ts';
import type { PersonalKind } from './redact/finding.ts';
import { DEFAULT_PERSONAL } from './redact/house-redactor.ts';
import { DEFAULT_RETENTION, type RetentionLimits } from './retention.ts';
import {
  dropped,
  noticed,
  recovered,
  refused,
  SOUND,
  type StorageTrouble,
  type TroubleStep,
} from './storage-trouble.ts';
import type { FromStoreWorker, StoreWorkerData, ToStoreWorker } from './store.worker.ts';

export interface RecordStoreOptions {
  /** The data directory; made when it is missing. */
  readonly directory: string;
  /** The database that several gateways share. @default none: records are kept in the data directory */
  readonly postgres?: PostgresAddress | null;
  /** How long and how much is kept. @default 30 days, 1024 MB */
  readonly retention?: Partial<RetentionLimits>;
  /** Personal details that are taken out of what is kept. @default all but the addresses of machines */
  readonly personal?: readonly PersonalKind[];
  /** Time between two sweeps for retention, ms. @default 5 minutes: a sweep without work costs three lookups. */
  readonly sweepEveryMs?: number;
  /** Records that may wait in memory, at about 200 bytes each; beyond, the oldest are dropped and counted. @default 50,000 */
  readonly maxPending?: number;
  /** Told when records cannot be stored, at most once a minute, and when they can again. @default prints to stderr */
  readonly onTrouble?: (message: string) => void;
}

/**
 * Records wait at most this long before they are handed to the worker, ms: what a `kill -9` may take with it. Each hand-over
 * costs about as much as ten records, on either thread; whoever wants to read is not kept waiting, see `catchUp`.
 */
const BATCH_MS = 500;

/** Longest that a reader waits for the database to catch up, ms. */
const CATCH_UP_WITHIN_MS = 250;

/** Enough to make the commit's cost vanish among the rows'. */
const BATCH_ROWS = 1000;

/** Batches handed over together after a backlog: some 10 ms of the worker's time when they are full. */
const BATCHES_PER_WRITE = 5;

/** Rest after a refusal, doubling from the first to the last, ms. */
const FIRST_REST_MS = 250;
const LONGEST_REST_MS = 10_000;

/** How long `close` waits for the database before it gives the rest up, ms. */
const CLOSE_WITHIN_MS = 10_000;

/** Events that may wait in memory; there are few, and beyond this they repeat one another. */
const EVENTS_PENDING = 1000;

interface Batch {
  readonly calls: CallBatch;
  /** Called when the batch was written, refused or dropped. */
  readonly settled: (() => void)[];
}

/** What goes on between this thread and the worker. Batches stay here until they are written, so that a dying worker takes none. */
type Traffic =
  | { readonly kind: 'idle' }
  | { readonly kind: 'writing'; readonly batches: Batch[]; readonly refusals: number }
  | { readonly kind: 'resting'; readonly alarm: NodeJS.Timeout; readonly refusals: number };

/**
 * Stores the record of every call, off the path of the calls: they are packed into flat batches and handed to a worker
 * thread every half second or 1,000 records. Never blocks and never throws; trouble with the disk is told, kept in bounded memory
 * and got over without help.
 *
 * Does not keep the process alive by itself: `close` at the end, or the last half second is lost.
 */
export class RecordStore {
  readonly #place: RecordPlace;
  readonly #workerData: Omit<StoreWorkerData, 'password'>;
  readonly #maxPending: number;
  readonly #onTrouble: (message: string) => void;
  readonly #opening: PromiseWithResolvers<string | null> = Promise.withResolvers();
  #worker: Worker | null = null;
  #traffic: Traffic = { kind: 'idle' };
  #trouble: StorageTrouble = SOUND;
  /** The batch being filled. */
  readonly #filling = new CallPacker();
  #sealAlarm: NodeJS.Timeout | null = null;
  /** Full batches that wait for the worker, oldest first. */
  #waiting: Batch[] = [];
  #waitingRows = 0;
  #dropped = 0;
  /** Events that wait for the worker, and how many of them, the oldest, are on their way. */
  #events: HouseEvent[] = [];
  #eventsSent = 0;
  #closed = false;
  /** Those who wait for the sums, in the order in which they asked the worker. */
  readonly #readers: (() => void)[] = [];
  /** Those who wait for the worker; only for them it keeps the process alive. */
  #waiters = 0;

  constructor(options: RecordStoreOptions) {
    this.#place = { directory: options.directory, postgres: options.postgres ?? null };
    this.#workerData = {
      place: sentPlace(this.#place),
      retention: { ...DEFAULT_RETENTION, ...options.retention },
      personal: options.personal ?? DEFAULT_PERSONAL,
      sweepEveryMs: options.sweepEveryMs ?? 5 * 60_000,
    };
    this.#maxPending = options.maxPending ?? 50_000;
    this.#onTrouble = options.onTrouble ?? ((message) => process.stderr.write(`holdfast: ${message}\n`));
    this.#startWorker();
  }

  /** Records that were given up because they could not be stored. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Records that wait in memory, to be shown among the metrics. */
  get pending(): number {
    const writing = this.#traffic.kind === 'writing' ? rowsOf(this.#traffic.batches) : 0;
    return this.#filling.rows + this.#waitingRows + writing;
  }

  /**
   * Resolves once the database was opened.
   * @throws {Error} when it could not be: for a start that would rather stop than keep no records. The store goes on trying.
   */
  async ready(): Promise<void> {
    const reason = await this.#keepingAlive(this.#opening.promise);
    if (reason !== null) throw new Error(reason);
  }

  /** Takes the record of a call that has ended. After `close` it is ignored. */
  append(record: CallRecord): void {
    if (this.#closed) return;
    this.#filling.add(record);
    if (this.#filling.rows >= BATCH_ROWS) {
      this.#seal();
      this.#pump();
    } else {
      this.#sealAlarm ??= this.#armSeal();
    }
  }

  /** Takes an event, to be stored in the same way. After `close` it is ignored. */
  appendEvent(event: HouseEvent): void {
    if (this.#closed || this.#events.length >= EVENTS_PENDING) return;
    this.#events.push(event);
    this.#sealAlarm ??= this.#armSeal();
  }

  /**
   * Resolves once everything appended before is in the database, or the database has refused it: then `onTrouble` was told
   * and the records go on waiting.
   */
  async flush(): Promise<void> {
    this.#seal();
    if (this.#traffic.kind === 'resting') {
      const { alarm, refusals } = this.#traffic;
      clearTimeout(alarm);
      this.#traffic = { kind: 'idle' };
      this.#pump(refusals + 1);
    } else {
      this.#pump();
    }
    // Events alone come in an empty batch.
    const last = this.#waiting.at(-1) ?? (this.#traffic.kind === 'writing' ? this.#traffic.batches.at(-1) : undefined);
    if (last === undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    last.settled.push(resolve);
    await this.#keepingAlive(promise);
  }

  /**
   * To be called before the database is read: resolves once it holds every call appended before, with sums that are no more
   * than about a second old. Gives up after a quarter of a second, and at once while the database is in trouble: then there is
   * to read what there is.
   */
  async catchUp(): Promise<void> {
    if (this.#closed || this.#traffic.kind === 'resting') return;
    await within(CATCH_UP_WITHIN_MS, this.#catchUp());
  }

  async #catchUp(): Promise<void> {
    await this.flush();
    if (this.#worker === null) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#readers.push(resolve);
    this.#worker.postMessage({ kind: 'add-up' } satisfies ToStoreWorker);
    await this.#keepingAlive(promise);
  }

  /** Writes what waits, gives up what the database will not take within ten seconds, and ends the worker. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await within(CLOSE_WITHIN_MS, this.flush());
    const lost = this.pending;
    if (lost > 0) this.#onTrouble(`stopping with ${lost} call records that could not be stored; they are lost.`);
    if (this.#traffic.kind === 'resting') clearTimeout(this.#traffic.alarm);
    const worker = this.#worker;
    this.#worker = null;
    if (worker === null) return;
    const { promise: exited, resolve } = Promise.withResolvers<void>();
    worker.once('exit', () => resolve());
    worker.ref();
    worker.postMessage({ kind: 'close' } satisfies ToStoreWorker);
    await within(CLOSE_WITHIN_MS, exited);
    await worker.terminate();
  }

  #armSeal(): NodeJS.Timeout {
    return setTimeout(() => {
      this.#seal();
      this.#pump();
    }, BATCH_MS).unref();
  }

  /** Ends the batch being filled, and drops the oldest waiting ones when there are too many. */
  #seal(): void {
    if (this.#sealAlarm !== null) clearTimeout(this.#sealAlarm);
    this.#sealAlarm = null;
    const calls = this.#filling.take() ?? (this.#events.length > this.#eventsSent ? NO_CALLS : null);
    if (calls === null) return;
    this.#waiting.push({ calls, settled: [] });
    this.#waitingRows += calls.rows;
    let lost = 0;
    while (this.pending > this.#maxPending) {
      const oldest = this.#waiting.shift();
      if (oldest === undefined) break;
      lost += oldest.calls.rows;
      this.#waitingRows -= oldest.calls.rows;
      settle([oldest]);
    }
    this.#dropped += lost;
    if (lost > 0) this.#say(dropped(this.#trouble, Date.now(), lost));
  }

  /** Hands waiting batches to the worker, unless it is at work or resting. */
  #pump(refusals = 0): void {
    if (this.#traffic.kind !== 'idle' || this.#waiting.length === 0) return;
    // After a refusal one batch goes first, alone, to find out.
    const batches = this.#waiting.splice(0, refusals === 0 ? BATCHES_PER_WRITE : 1);
    this.#waitingRows -= rowsOf(batches);
    this.#traffic = { kind: 'writing', batches, refusals };
    try {
      const worker = this.#worker ?? this.#startWorker();
      const password = passwordOf(this.#place);
      const message = {
        kind: 'write',
        batches: batches.map(({ calls }) => calls),
        events: this.#events,
        password,
      } as const;
      worker.postMessage(message satisfies ToStoreWorker);
      this.#eventsSent = this.#events.length;
    } catch (error) {
      // A machine out of threads or memory must not fail the call whose record happened to fill the batch.
      this.#refused(`${String(error)}.`);
    }
  }

  #startWorker(): Worker {
    // The compiler rewrites import paths, but not this one.
    const file = import.meta.url.endsWith('.ts') ? './store.worker.ts' : './store.worker.js';
    const worker = new Worker(new URL(file, import.meta.url), {
      name: 'holdfast-store',
      workerData: { ...this.#workerData, password: passwordOf(this.#place) } satisfies StoreWorkerData,
      // Not the process's own flags: some of them (`--input-type`, loaders) are wrong for a worker. Node 24 still warns of its SQLite.
      execArgv: ['--disable-warning=ExperimentalWarning'],
      // It holds a few batches and no more, which go to a server as text; SQLite's own memory is not counted here.
      resourceLimits: { maxOldGenerationSizeMb: this.#place.postgres === null ? 64 : 192, maxYoungGenerationSizeMb: 4 },
    });
    worker.on('message', (message: FromStoreWorker) => this.#hear(message));
    worker.on('error', (error) => this.#lose(worker, String(error)));
    worker.on('exit', (code) => this.#lose(worker, `exit code ${code}`));
    if (this.#waiters === 0) worker.unref();
    this.#worker = worker;
    return worker;
  }

  #hear(message: FromStoreWorker): void {
    switch (message.kind) {
      case 'opened':
        this.#opening.resolve(null);
        break;
      case 'unopened':
        this.#opening.resolve(message.reason);
        this.#say(refused(this.#trouble, Date.now(), message.reason, this.pending));
        break;
      case 'written':
        this.#written();
        break;
      case 'refused':
        this.#refused(message.reason);
        break;
      case 'added-up':
        this.#readers.shift()?.();
        break;
      case 'notice':
        this.#say(noticed(this.#trouble, Date.now(), message.message));
        break;
    }
  }

  #written(): void {
    if (this.#traffic.kind !== 'writing') return;
    const { batches } = this.#traffic;
    this.#traffic = { kind: 'idle' };
    this.#events.splice(0, this.#eventsSent);
    this.#eventsSent = 0;
    settle(batches);
    // Half empty, not merely a little less than full: else a database that is too slow would recover with every batch.
    if (this.pending <= this.#maxPending / 2) this.#say(recovered(this.#trouble, Date.now()));
    this.#pump();
  }

  #refused(reason: string): void {
    if (this.#traffic.kind !== 'writing') return;
    const { batches, refusals } = this.#traffic;
    this.#eventsSent = 0;
    this.#waiting.unshift(...batches);
    this.#waitingRows += rowsOf(batches);
    const rest = Math.min(FIRST_REST_MS * 2 ** refusals, LONGEST_REST_MS);
    const alarm = setTimeout(() => {
      this.#traffic = { kind: 'idle' };
      this.#pump(refusals + 1);
    }, rest).unref();
    this.#traffic = { kind: 'resting', alarm, refusals };
    this.#say(refused(this.#trouble, Date.now(), reason, this.pending));
    settle(this.#waiting);
  }

  /** The worker died: what it was writing goes back to the waiting ones, and the next write starts another. */
  #lose(worker: Worker, reason: string): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    this.#opening.resolve(`the thread that stores call records died: ${reason}`);
    for (const resolve of this.#readers.splice(0)) resolve();
    this.#refused(`the thread that stores them died (${reason}).`);
  }

  async #keepingAlive<Result>(work: Promise<Result>): Promise<Result> {
    this.#waiters += 1;
    this.#worker?.ref();
    const result = await work;
    this.#waiters -= 1;
    if (this.#waiters === 0) this.#worker?.unref();
    return result;
  }

  #say({ next, say }: TroubleStep): void {
    this.#trouble = next;
    if (say !== null) this.#onTrouble(say);
  }
}

const NO_CALLS: CallBatch = {
  rows: 0,
  numbers: new Float64Array(0),
  texts: new Uint8Array(0),
  kinds: [],
  idPrefixes: [],
};

function rowsOf(batches: readonly Batch[]): number {
  return batches.reduce((sum, { calls }) => sum + calls.rows, 0);
}

function settle(batches: readonly Batch[]): void {
  for (const { settled } of batches) {
    for (const resolve of settled.splice(0)) resolve();
  }
}

/** Waits for `work`, but no longer than `ms`. */
async function within(ms: number, work: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const alarm = setTimeout(resolve, ms);
  await Promise.race([work, promise]);
  clearTimeout(alarm);
}
