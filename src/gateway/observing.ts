import type { Config } from '../config/config.ts';
import type { SystemClock } from '../engine/system-clock.ts';
import type { CallRecord } from '../engine/record.ts';
import { Capture } from '../observe/capture/capture.ts';
import type { HouseEvent } from '../observe/events.ts';
import type { HouseLog } from '../observe/log/house-log.ts';
import { CallMetrics } from '../observe/metrics/call-metrics.ts';
import type { Family } from '../observe/metrics/families.ts';
import { processFamilies } from '../observe/metrics/gauges.ts';
import { QueryThread } from '../observe/queries/query-thread.ts';
import { houseRedactor } from '../observe/redact/house-redactor.ts';
import { RecordStore } from '../observe/store.ts';
import { heardTrace, tracedLate, type TraceOf, tracing } from '../observe/trace/beginnings.ts';
import { Telemetry } from '../observe/trace/telemetry.ts';
import { showCall } from './admin/see/calls.ts';
import { showFrame } from './admin/see/live.ts';
import { LiveBoard } from './live/board.ts';
import { recordPlaceOf } from './open-database.ts';
import { TurnEnd } from './turn-end.ts';
import { packageVersion } from './version.ts';

/** What is told of calls and of what happens beside them: to people, to the disk, to other machines. */
export interface Observing {
  readonly live: LiveBoard;
  readonly queries: QueryThread;
  /** Keeps requests and answers; null where nobody asked for that. */
  readonly capture: Capture | null;
  readonly traceOf: TraceOf;
  /** What is counted of the calls and of the process, for `/metrics`. */
  readonly families: readonly Family[];
  /** Takes the record of each call, once its reply has been written. */
  emit(record: CallRecord): void;
  /** Stores what a person may look up later. */
  note(event: HouseEvent): void;
  /** Stores what a person should see soon, and says it at once. */
  tell(event: HouseEvent): void;
  /** Sends traces and metrics, where a collector is configured. @param families all that there are, once everything stands */
  send(families: readonly Family[]): void;
  /** Does what waits for the replies: after the last call, before anything is closed that it is told to. */
  finish(): void;
  close(): Promise<void>;
}

export interface ObservingDeps {
  readonly clock: SystemClock;
  /** Calls under way. */
  readonly running: () => number;
  /** Writes the replies that wait: no caller waits for what is done about its call once the answer is there. */
  readonly writeReplies: () => void;
  readonly log: Pick<HouseLog, 'call' | 'event'> | null;
  readonly onRecord: ((record: CallRecord) => void) | undefined;
  /** The record as it is to be taken, once it is known what becomes of the call. */
  readonly settled: (record: CallRecord) => CallRecord;
}

/** Opens everything that listens to the calls. */
export function openObserving(config: Config, deps: ObservingDeps): Observing {
  const { clock, running, writeReplies, log, onRecord, settled } = deps;
  const { data, redaction, telemetry: wanted } = config;
  const { ageMs, sizeBytes } = config.records.retention;
  const retention = { maxAgeMs: ageMs, maxBytes: sizeBytes };
  const place = recordPlaceOf(config);
  const store = new RecordStore({ ...place, retention, personal: redaction.personal });
  const redactor = houseRedactor(data, redaction.personal);
  const metrics = new CallMetrics((text) => redactor.text(text));
  const queries = new QueryThread(place, () => store.catchUp());
  const write = { frame: showFrame, call: showCall };
  const live = new LiveBoard({ now: () => clock.wall(), inFlight: running, write });
  const capture = openCapture(config);
  let telemetry: Telemetry | null = null;
  const records = new TurnEnd<CallRecord>(
    (left) => {
      const known = settled(left);
      const record = wanted === null ? known : tracedLate(known, Math.random);
      metrics.add(record);
      store.append(record);
      live.hear(record);
      log?.call(record);
      telemetry?.call(record);
      onRecord?.(record);
    },
    { before: writeReplies },
  );
  return {
    live,
    queries,
    capture,
    traceOf: wanted === null ? heardTrace : tracing(wanted.traceShare, Math.random),
    families: [
      ...metrics.families(),
      ...processFamilies({ running, recordsPending: () => store.pending, recordsDropped: () => store.dropped }),
    ],
    emit: (record) => records.add(record),
    note(event) {
      store.appendEvent(event);
      log?.event(event);
    },
    tell(event) {
      if (log === null) console.error(`holdfast: ${event.message}`);
      else log.event(event);
      store.appendEvent(event);
    },
    send: (families) => void (telemetry = openTelemetry(config, families)),
    finish: () => records.finish(),
    async close() {
      await telemetry?.close();
      await capture?.close();
      await queries.close();
      await store.close();
    },
  };
}

function openCapture({ capture, data, redaction }: Config): Capture | null {
  if (capture === null) return null;
  const { key, ...rest } = capture;
  const secret = key.kind === 'held' ? key.reveal() : null;
  return new Capture({ ...rest, secret, directory: data, personal: redaction.personal });
}

function openTelemetry({ telemetry, targets, data, redaction }: Config, families: readonly Family[]): Telemetry | null {
  if (telemetry === null) return null;
  const { endpoint, service, metricsEveryMs } = telemetry;
  return new Telemetry({
    endpoint,
    service,
    version: packageVersion(),
    directory: data,
    personal: redaction.personal,
    providers: Object.fromEntries(targets.map(({ id, provider }) => [id, provider])),
    metricsEveryMs,
    families: () => families,
  });
}
