import { SpanKind, SpanStatusCode, TraceFlags, type HrTime } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { EndedSpan } from './call-spans.ts';

/** Who sends, and where to. */
export interface Sending {
  readonly endpoint: string;
  readonly service: string;
  readonly version: string;
}

/** Spans that wait for a collector that is slow or away, at about a kilobyte each; beyond it the newest are given up. */
const MOST_WAITING = 8_192;

/** Spans in one request: OpenTelemetry's own default. */
const BATCH = 512;

const TIMEOUT_MS = 10_000;

/** How long a beginning batch waits for company, ms. */
const BATCH_MS = 1_000;

/** Sends spans to a collector, one request at a time; what a dead collector does not take is given up and told. */
export class SpanSender {
  readonly #exporter: OTLPTraceExporter;
  readonly #resource: Resource;
  readonly #scope: { readonly name: string; readonly version: string };
  readonly #onDrop: (spans: number, reason: string) => void;
  #waiting: ReadableSpan[] = [];
  #dropped = 0;
  #sending: Promise<void> | null = null;
  #alarm: NodeJS.Timeout | null = null;

  constructor({ endpoint, service, version }: Sending, onDrop: (spans: number, reason: string) => void) {
    this.#exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces`, timeoutMillis: TIMEOUT_MS });
    this.#resource = resourceFromAttributes({ 'service.name': service, 'service.version': version });
    this.#scope = { name: 'holdfast', version };
    this.#onDrop = onDrop;
  }

  add(span: EndedSpan): void {
    if (this.#waiting.length >= MOST_WAITING) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(this.#readable(span));
    if (this.#waiting.length >= BATCH) this.#pump();
    else this.#alarm ??= setTimeout(() => this.#pump(), BATCH_MS);
  }

  /** Sends what waits, once; a collector that is away is not waited for. */
  async close(): Promise<void> {
    this.#pump();
    while (this.#sending !== null) await this.#sending;
    await this.#exporter.shutdown();
  }

  #pump(): void {
    if (this.#alarm !== null) clearTimeout(this.#alarm);
    this.#alarm = null;
    if (this.#dropped > 0) this.#onDrop(this.#dropped, 'more spans came than the collector took');
    this.#dropped = 0;
    if (this.#sending !== null || this.#waiting.length === 0) return;
    const batch = this.#waiting.splice(0, BATCH);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#sending = promise;
    this.#exporter.export(batch, ({ error }) => {
      if (error !== undefined) this.#onDrop(batch.length, error.message);
      this.#sending = null;
      resolve();
      if (this.#waiting.length > 0) this.#pump();
    });
  }

  #readable(span: EndedSpan): ReadableSpan {
    const { traceId, spanId, parentId, error } = span;
    const startTime = hrTime(span.startMs);
    const endTime = hrTime(span.endMs);
    const parent =
      parentId === null ? {} : { parentSpanContext: { traceId, spanId: parentId, traceFlags: TraceFlags.SAMPLED } };
    return {
      ...parent,
      name: span.name,
      kind: KINDS[span.kind],
      spanContext: () => ({ traceId, spanId, traceFlags: TraceFlags.SAMPLED }),
      startTime,
      endTime,
      duration: hrTime(span.endMs - span.startMs),
      status: error === null ? { code: SpanStatusCode.UNSET } : { code: SpanStatusCode.ERROR, message: error },
      attributes: span.attributes as ReadableSpan['attributes'],
      links: [],
      events: [],
      ended: true,
      resource: this.#resource,
      instrumentationScope: this.#scope,
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    };
  }
}

const KINDS = { server: SpanKind.SERVER, internal: SpanKind.INTERNAL, client: SpanKind.CLIENT } as const;

/** Whole seconds, and the nanoseconds beyond them. */
export function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)];
}
