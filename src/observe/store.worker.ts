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
  | { readonly kind: 'close' };

/** Each `write` is answered by one `written` or one `refused`. */
export type FromStoreWorker =
  | { readonly kind: 'opened' }
  | { readonly kind: 'unopened'; readonly reason: string }
  | { readonly kind: 'written' }
  | { readonly kind: 'refused'; readonly reason: string }
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

/** Sums are carried to the database this long after the first call that they lack, ms: charts are no older, */
const ADD_UP_AFTER_MS = 1000;

/** unless there is so much to tell apart that carrying it over takes long: it gets a fiftieth of the time at most. */
const REST_PER_WORK = 50;

/** And no more than so old, ms. */
const LATEST_ADD_UP_MS = 30_000;

let addUpAfterMs = ADD_UP_AFTER_MS;
let nextAddUp: NodeJS.Timeout | undefined;

function addUp(): void {
  nextAddUp = undefined;
  const startedAt = performance.now();
  let more = false;
  try {
    more = writer.addUp();
  } catch (error) {
    tell({ kind: 'notice', message: `calls cannot be added up: ${reasonOf(error)}` });
  }
  const rest = (performance.now() - startedAt) * REST_PER_WORK;
  addUpAfterMs = Math.min(Math.max(rest, ADD_UP_AFTER_MS), LATEST_ADD_UP_MS);
  if (more) nextAddUp = setTimeout(addUp, 0);
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

port.on('message', (message: ToStoreWorker) => {
  if (message.kind === 'write') {
    write(message.batches, message.events);
    nextAddUp ??= setTimeout(addUp, addUpAfterMs);
    return;
  }
  if (nextAddUp !== undefined) {
    clearTimeout(nextAddUp);
    addUp();
    clearTimeout(nextAddUp);
  }
  clearTimeout(nextSweep);
  writer.close();
  port.close();
});
