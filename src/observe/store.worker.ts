import { parentPort, workerData } from 'node:worker_threads';

import type { CallBatch } from './call-batch.ts';
import type { HouseEvent } from './events.ts';
import type { PersonalKind } from './redact/finding.ts';
import { RecordWriter } from './record-writer.ts';
import type { RetentionLimits } from './retention.ts';
import { yieldToCalls } from './yield-to-calls.ts';

/** What the worker is started with. */
export interface StoreWorkerData {
  readonly directory: string;
  readonly retention: RetentionLimits;
  /** Personal details that are taken out. */
  readonly personal: readonly PersonalKind[];
  /** Time between two sweeps, ms. */
  readonly sweepEveryMs: number;
}

export type ToStoreWorker =
  | { readonly kind: 'write'; readonly batches: readonly CallBatch[]; readonly events: readonly HouseEvent[] }
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
const { directory, retention, personal, sweepEveryMs } = workerData as StoreWorkerData;
const writer = new RecordWriter(directory, retention, personal);

function tell(message: FromStoreWorker): void {
  port.postMessage(message);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function write(batches: readonly CallBatch[], events: readonly HouseEvent[]): void {
  try {
    const leftOut = writer.write(batches, events);
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

function addUp(): void {
  clearTimeout(nextAddUp);
  nextAddUp = undefined;
  const startedAt = performance.now();
  let more = false;
  try {
    more = writer.addUp();
  } catch (error) {
    tell({ kind: 'notice', message: `calls cannot be added up: ${reasonOf(error)}` });
  }
  const endedAt = performance.now();
  const rest = (endedAt - startedAt) * REST_PER_WORK;
  restingUntil = endedAt + Math.min(Math.max(rest, FRESH_MS), LONGEST_REST_MS);
  if (more) nextAddUp = setTimeout(addUp, 0);
}

/** After a write: there is something to add up, some time. */
function addUpLater(): void {
  if (writer.heavy) {
    clearTimeout(nextAddUp);
    nextAddUp = setTimeout(addUp, Math.max(0, restingUntil - performance.now()));
  } else {
    nextAddUp ??= setTimeout(addUp, ADD_UP_AFTER_MS);
  }
}

function addUpForReader(): void {
  if (nextAddUp !== undefined && performance.now() >= restingUntil) addUp();
  tell({ kind: 'added-up' });
}

function sweep(): void {
  clearTimeout(nextSweep);
  let more = false;
  try {
    more = writer.sweepStep(Date.now());
  } catch (error) {
    tell({ kind: 'notice', message: `old call records cannot be deleted: ${reasonOf(error)}` });
  }
  // One step per turn, so that waiting batches are written in between.
  nextSweep = setTimeout(sweep, more ? 0 : sweepEveryMs);
}

yieldToCalls();

let nextSweep: NodeJS.Timeout | undefined;
try {
  writer.open();
  tell({ kind: 'opened' });
  nextAddUp = setTimeout(addUp, 0);
} catch (error) {
  tell({ kind: 'unopened', reason: reasonOf(error) });
}
sweep();

function close(): void {
  if (nextAddUp !== undefined) addUp();
  clearTimeout(nextAddUp);
  clearTimeout(nextSweep);
  writer.close();
  port.close();
}

port.on('message', (message: ToStoreWorker) => {
  switch (message.kind) {
    case 'write':
      write(message.batches, message.events);
      addUpLater();
      break;
    case 'add-up':
      addUpForReader();
      break;
    case 'close':
      close();
      break;
  }
});
