import { Worker } from 'node:worker_threads';
import type { CallRecord } from '../../engine/record.ts';
import type { Family } from '../metrics/families.ts';
import { isTraced, type TracedRecord } from './call-spans.ts';
import type { FromTelemetryWorker, TelemetryWorkerData, ToTelemetryWorker } from './telemetry.worker.ts';

export interface TelemetryOptions extends TelemetryWorkerData {
  /** Time between two sendings of the metrics, ms; null: they are not sent. */
  readonly metricsEveryMs: number | null;
  readonly families: () => readonly Family[];
  /** Told when something could not be sent, at most once a minute. @default prints to stderr */
  readonly onTrouble?: (message: string) => void;
}

/** Records wait this long for company, ms: a message to the worker for each would cost more than its record. */
const HAND_OVER_MS = 250;

/** Records that may wait for the hand-over; there are more only at more than 16,000 kept calls a second. */
const MOST_WAITING = 4_096;

const TELL_EVERY_MS = 60_000;

/** How long `close` waits for a collector, ms. */
const CLOSE_WITHIN_MS = 3_000;

/**
 * Sends traces and metrics by OTLP. Spans are made, encoded and sent in a worker thread: the calls pay for handing their
 * record over, in batches, and nothing else. A collector that is slow or dead costs spans, never a call.
 */
export class Telemetry {
  readonly #worker: Worker;
  readonly #onTrouble: (message: string) => void;
  readonly #metrics: NodeJS.Timeout | null;
  #waiting: TracedRecord[] = [];
  #alarm: NodeJS.Timeout | null = null;
  #dropped = 0;
  #toldAt = Number.NEGATIVE_INFINITY;
  readonly #closed: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(options: TelemetryOptions) {
    const { endpoint, service, version, directory, personal, providers, metricsEveryMs, families, onTrouble } = options;
    this.#onTrouble = onTrouble ?? ((message) => process.stderr.write(`holdfast: ${message}\n`));
    // The compiler rewrites import paths, but not this one.
    const file = import.meta.url.endsWith('.ts') ? './telemetry.worker.ts' : './telemetry.worker.js';
    this.#worker = new Worker(new URL(file, import.meta.url), {
      name: 'holdfast-telemetry',
      workerData: { endpoint, service, version, directory, personal, providers } satisfies TelemetryWorkerData,
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 128 },
    });
    this.#worker.on('message', (message: FromTelemetryWorker) => this.#hear(message));
    this.#worker.on('error', (error) => this.#lose(String(error)));
    this.#worker.unref();
    const sendMetrics = (): void => this.#tell({ kind: 'metrics', families: taken(families()), at: Date.now() });
    this.#metrics = metricsEveryMs === null ? null : setInterval(sendMetrics, metricsEveryMs).unref();
  }

  /** Spans and records that were given up. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Takes the record of a call that has ended, if its trace is kept. */
  call(record: CallRecord): void {
    if (!isTraced(record) || !record.trace.sampled) return;
    if (this.#waiting.length >= MOST_WAITING) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(record);
    this.#alarm ??= setTimeout(() => this.#handOver(), HAND_OVER_MS).unref();
  }

  /** Sends what waits, as far as the collector takes it within three seconds. */
  async close(): Promise<void> {
    if (this.#metrics !== null) clearInterval(this.#metrics);
    this.#handOver();
    this.#tell({ kind: 'close' });
    this.#worker.ref();
    const alarm = setTimeout(() => this.#closed.resolve(), CLOSE_WITHIN_MS);
    await this.#closed.promise;
    clearTimeout(alarm);
    await this.#worker.terminate();
  }

  #handOver(): void {
    if (this.#alarm !== null) clearTimeout(this.#alarm);
    this.#alarm = null;
    if (this.#waiting.length === 0) return;
    const records = this.#waiting;
    this.#waiting = [];
    this.#tell({ kind: 'calls', records });
  }

  #tell(message: ToTelemetryWorker): void {
    this.#worker.postMessage(message);
  }

  #hear(message: FromTelemetryWorker): void {
    if (message.kind === 'closed') return this.#closed.resolve();
    this.#dropped += message.spans;
    this.#say(
      `telemetry could not be sent (${message.reason}); ${this.#dropped} spans were given up so far, calls go on.`,
    );
  }

  #lose(reason: string): void {
    this.#say(`the thread that sends telemetry died (${reason}); traces and metrics are not sent until a restart.`);
    this.#closed.resolve();
  }

  #say(message: string): void {
    const now = performance.now();
    if (now - this.#toldAt < TELL_EVERY_MS) return;
    this.#toldAt = now;
    this.#onTrouble(message);
  }
}

function taken(families: readonly Family[]): Extract<ToTelemetryWorker, { kind: 'metrics' }>['families'] {
  return families.map(({ name, help, type, samples }) => ({ name, help, type, samples: samples() }));
}
