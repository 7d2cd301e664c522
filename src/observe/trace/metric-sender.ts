import { ValueType } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
} from '@opentelemetry/sdk-metrics';
import type { Sample } from '../metrics/families.ts';
import { hrTime, type Sending } from './span-sender.ts';
import type { TakenFamily } from './telemetry.worker.ts';

const TIMEOUT_MS = 10_000;

/** Sends the families of `/metrics` to a collector, under the same names. */
export class MetricSender {
  readonly #exporter: OTLPMetricExporter;
  readonly #resource: ReturnType<typeof resourceFromAttributes>;
  readonly #scope: { readonly name: string; readonly version: string };
  readonly #since = Date.now();
  readonly #onFailure: (reason: string) => void;
  /** A collector that takes longer than the interval is not asked twice at once. */
  #sending: Promise<void> | null = null;

  constructor({ endpoint, service, version }: Sending, onFailure: (reason: string) => void) {
    this.#exporter = new OTLPMetricExporter({ url: `${endpoint}/v1/metrics`, timeoutMillis: TIMEOUT_MS });
    this.#resource = resourceFromAttributes({ 'service.name': service, 'service.version': version });
    this.#scope = { name: 'holdfast', version };
    this.#onFailure = onFailure;
  }

  /** @param at wall time at which the samples were taken, ms since 1970 */
  send(families: readonly TakenFamily[], at: number): void {
    if (this.#sending !== null) return;
    const metrics = families.flatMap((family) => metricOf(family, this.#since, at) ?? []);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#sending = promise;
    this.#exporter.export(
      { resource: this.#resource, scopeMetrics: [{ scope: this.#scope, metrics }] },
      ({ error }) => {
        if (error !== undefined) this.#onFailure(error.message);
        this.#sending = null;
        resolve();
      },
    );
  }

  async close(): Promise<void> {
    await this.#sending;
    await this.#exporter.shutdown();
  }
}

/** A family as OpenTelemetry has it; null when it has no series yet. */
export function metricOf({ name, help, type, samples }: TakenFamily, since: number, at: number): MetricData | null {
  if (samples.length === 0) return null;
  const bare = name.replace(/_total$/, '');
  const unit = bare.endsWith('_seconds') ? 's' : bare.endsWith('_bytes') ? 'By' : '1';
  const descriptor = { name: bare, description: help, unit, valueType: ValueType.DOUBLE };
  const aggregationTemporality = AggregationTemporality.CUMULATIVE;
  const times = { startTime: hrTime(since), endTime: hrTime(at) };
  const point = ({ labels, value }: Sample): DataPoint<number> => ({ ...times, attributes: { ...labels }, value });
  switch (type) {
    case 'counter':
      return {
        descriptor,
        aggregationTemporality,
        dataPointType: DataPointType.SUM,
        isMonotonic: true,
        dataPoints: samples.map(point),
      };
    case 'gauge':
      return { descriptor, aggregationTemporality, dataPointType: DataPointType.GAUGE, dataPoints: samples.map(point) };
    case 'histogram':
      return {
        descriptor,
        aggregationTemporality,
        dataPointType: DataPointType.HISTOGRAM,
        dataPoints: histogramPoints(name, samples).map(({ labels, value }) => ({
          ...times,
          attributes: labels,
          value,
        })),
      };
  }
}

interface HistogramPoint {
  readonly labels: Record<string, string | number>;
  readonly value: Histogram;
}

/** Puts the cumulative lines of a scrape together again: one histogram for each set of labels. */
function histogramPoints(name: string, samples: readonly Sample[]): HistogramPoint[] {
  const groups = new Map<
    string,
    { labels: Record<string, string | number>; buckets: [number, number][]; sum: number; count: number }
  >();
  for (const { metricName, labels, value } of samples) {
    const { le, ...rest } = labels;
    const key = JSON.stringify(rest);
    const group = groups.get(key) ?? { labels: rest, buckets: [], sum: 0, count: 0 };
    groups.set(key, group);
    if (metricName === `${name}_sum`) group.sum = value;
    else if (metricName === `${name}_count`) group.count = value;
    else if (le !== undefined) group.buckets.push([le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le), value]);
  }
  return Array.from(groups.values(), ({ labels, buckets, sum, count }) => {
    const ordered = buckets.toSorted(([one], [other]) => one - other);
    const boundaries = ordered.map(([bound]) => bound).filter(Number.isFinite);
    const counts = ordered.map(([, total], index) => total - (ordered[index - 1]?.[1] ?? 0));
    return { labels, value: { buckets: { boundaries, counts }, sum, count } };
  });
}
