import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import type { Family, Sample } from '../metrics/families.ts';
import type { PersonalKind } from '../redact/finding.ts';
import { houseRedactor } from '../redact/house-redactor.ts';
import { spansOf, type TracedRecord } from './call-spans.ts';
import { MetricSender } from './metric-sender.ts';
import { SpanSender } from './span-sender.ts';

/** What the worker is started with. */
export interface TelemetryWorkerData {
  /** The collector's root, without a final slash. */
  readonly endpoint: string;
  readonly service: string;
  readonly version: string;
  /** The data directory, for the salt of placeholders. */
  readonly directory: string;
  /** Personal details that are taken out. */
  readonly personal: readonly PersonalKind[];
  /** Providers by the ids of their targets. */
  readonly providers: Readonly<Record<string, string>>;
}

/** A family with its samples taken. */
export type TakenFamily = Omit<Family, 'samples'> & { readonly samples: readonly Sample[] };

export type ToTelemetryWorker =
  | { readonly kind: 'calls'; readonly records: readonly TracedRecord[] }
  | { readonly kind: 'metrics'; readonly families: readonly TakenFamily[]; readonly at: number }
  | { readonly kind: 'close' };

export type FromTelemetryWorker =
  | { readonly kind: 'dropped'; readonly spans: number; readonly reason: string }
  | { readonly kind: 'closed' };

/** Behind the threads that calls wait for, which have 0. Of a busy core a tenth is left to it: enough for most, and what is too much is dropped, and counted. */
const PRIORITY = 10;

if (parentPort === null) throw new Error('telemetry.worker runs as a worker thread only');
const port = parentPort;
const { endpoint, service, version, directory, personal, providers } = workerData as TelemetryWorkerData;
const redactor = houseRedactor(directory, personal);
stepBack();
const from = { endpoint, service, version };
const spans = new SpanSender(from, (count, reason) => tell({ kind: 'dropped', spans: count, reason }));
const metrics = new MetricSender(from, (reason) => tell({ kind: 'dropped', spans: 0, reason }));

/** A batch of spans takes some milliseconds, and calls would wait for a core meanwhile where there is only one. */
function stepBack(): void {
  // Elsewhere it is the whole process that has a priority.
  if (process.platform !== 'linux') return;
  try {
    setPriority(PRIORITY);
  } catch {
    // Some sandboxes allow nobody to change it; all goes on as it did.
  }
}

function tell(message: FromTelemetryWorker): void {
  port.postMessage(message);
}

function providerOf(target: string): string {
  return providers[target] ?? target;
}

port.on('message', (message: ToTelemetryWorker) => {
  switch (message.kind) {
    case 'calls':
      for (const record of message.records) {
        for (const span of spansOf(record, providerOf)) {
          const attributes = redactor.json(span.attributes) as typeof span.attributes;
          spans.add({
            ...span,
            name: redactor.text(span.name),
            attributes,
            error: span.error === null ? null : redactor.text(span.error),
          });
        }
      }
      break;
    case 'metrics':
      metrics.send(message.families, message.at);
      break;
    case 'close':
      void Promise.all([spans.close(), metrics.close()]).then(() => {
        tell({ kind: 'closed' });
        port.close();
      });
  }
});
