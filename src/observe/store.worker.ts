import { parentPort, workerData } from 'node:worker_threads';

import type { CallBatch } from './call-batch.ts';
import type { HouseEvent } from './events.ts';
import { openKeeper } from './open-keeper.ts';
import type { SentPlace } from './record-place.ts';
import type { PersonalKind } from './redact/finding.ts';
import type { RetentionLimits } from './retention.ts';
import { yieldToCalls } from './yield-to-calls.ts';

/** What the worker is started with. */
export interface StoreWorkerData {
  readonly place: SentPlace;
  /** The database's, of the moment. */
  readonly password: string | null;
  readonly retention: RetentionLimits;
  /** Personal details that are taken out. */
  readonly personal: readonly PersonalKind[];
  /** Time between two sweeps, ms. */
  readonly sweepEveryMs: number;
}

export type ToStoreWorker =
  | {
      readonly kind: 'write';
      readonly batches: readonly CallBatch[];
      readonly events: readonly HouseEvent[];
      /** The database's, of the moment. */
      readonly password: string | null;
    }
  /** Somebody is about to read the sums. */
  | { readonly kind: 'add-up' }
  | { readonly kind: 'close' };

/** Each `write` is answered by one `written` or one `refused`, and each `add-up` by one `added-up`. */
export type FromStoreWorker =
  | { readonly kind: 'opened' }
  | { readonly kind: 'unopened'; readonly reason: string }
  | { readonly kind: 'written' }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'added-up' }
  | { readonly kind: 'notice'; readonly message: string };

if (parentPort === null) throw new Error('store.worker runs as a worker thread only');
const port = parentPort;
const { place, retention, personal, sweepEveryMs } = workerData as StoreWorkerData;
let { password } = workerData as StoreWorkerData;
const { directory, postgres: server } = place;
const postgres = server === null ? null : { ...server, password: () => password };
const keeper = await openKeeper({ directory, postgres }, retention, personal);

/** The keeper does one thing at a time, and what is handed to it later is done later. */
let lastTurn: Promise<void> = Promise.resolve();
function inTurn(work: () => Promise<void>): void {
  lastTurn = lastTurn.then(work);
}

function tell(message: FromStoreWorker): void {
  port.postMessage(message);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function write(batches: readonly CallBatch[], events: readonly HouseEvent[]): Promise<void> {
  try {
    const leftOut = await keeper.write(batches, events);
    if (leftOut > 0) {
      const why = 'a field is missing or of the wrong type, or they are stored already';
      tell({ kind: 'notice', message: `${leftOut} call records were left out: ${why}.` });
    }
    tell({ kind: 'written' });
  } catch (error) {
    tell({ kind: 'refused', reason: reasonOf(error) });
  }
}

/**
 * While nobody asks, sums are carried to the database this long after the first call that they lack, ms: what it costs hardly
 * depends on how many calls are among them.
 */
const ADD_UP_AFTER_MS = 15_000;

/** Whoever asks finds sums no older than this, ms, */
const FRESH_MS = 1000;

/** unless there is so much to tell apart that carrying it over takes long: it gets a fiftieth of the time at most. */
const REST_PER_WORK = 50;

/** But they are never older than this, ms. */
const LONGEST_REST_MS = 30_000;

/** Set while the sums lack calls. */
let nextAddUp: NodeJS.Timeout | undefined;
/** Until then the sums are fresh enough, or have cost enough, by `performance.now`. */
let restingUntil = 0;

async function addUp(): Promise<void> {
  clearTimeout(nextAddUp);
  nextAddUp = undefined;
  const before = process.threadCpuUsage();
  let more = false;
  try {
    more = await keeper.addUp(Date.now());
  } catch (error) {
    tell({ kind: 'notice', message: `calls cannot be added up: ${reasonOf(error)}` });
  }
  const { user, system } = process.threadCpuUsage(before);
  const rest = ((user + system) / 1000) * REST_PER_WORK;
  restingUntil = performance.now() + Math.min(Math.max(rest, FRESH_MS), LONGEST_REST_MS);
  if (more) addUpIn(0);
}

function addUpIn(ms: number): void {
  nextAddUp = setTimeout(() => inTurn(addUp), ms);
}

/** After a write: there is something to add up, some time. */
function addUpLater(): void {
  if (keeper.heavy) {
    clearTimeout(nextAddUp);
    addUpIn(Math.max(0, restingUntil - performance.now()));
  } else if (nextAddUp === undefined) {
    addUpIn(ADD_UP_AFTER_MS);
  }
}

async function addUpForReader(): Promise<void> {
  const lacking = keeper.shared || nextAddUp !== undefined;
  if (lacking && performance.now() >= restingUntil) await addUp();
  tell({ kind: 'added-up' });
}

async function sweep(): Promise<void> {
  let more = false;
  try {
    more = await keeper.sweepStep(Date.now());
  } catch (error) {
    tell({ kind: 'notice', message: `old call records cannot be deleted: ${reasonOf(error)}` });
  }
  // One step per turn, so that waiting batches are written in between.
  nextSweep = setTimeout(() => inTurn(sweep), more ? 0 : sweepEveryMs);
}

async function open(): Promise<void> {
  try {
    await keeper.open();
    tell({ kind: 'opened' });
    addUpIn(0);
  } catch (error) {
    tell({ kind: 'unopened', reason: reasonOf(error) });
  }
}

async function close(): Promise<void> {
  if (nextAddUp !== undefined) await addUp();
  clearTimeout(nextAddUp);
  clearTimeout(nextSweep);
  await keeper.close();
  port.close();
}

let nextSweep: NodeJS.Timeout | undefined;

yieldToCalls();
inTurn(open);
inTurn(sweep);

port.on('message', (message: ToStoreWorker) => {
  switch (message.kind) {
    case 'write':
      password = message.password;
      inTurn(async () => {
        await write(message.batches, message.events);
        addUpLater();
      });
      break;
    case 'add-up':
      inTurn(addUpForReader);
      break;
    case 'close':
      inTurn(close);
      break;
  }
});
