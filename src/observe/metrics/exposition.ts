import type { Metric, openMetricsContentType, prometheusContentType } from 'prom-client';
import type { Family } from './families.ts';

/** A page to be scraped. */
export interface Page {
  readonly contentType: string;
  readonly body: string;
}

/** Writes the families in the format that the scraper asks for: OpenMetrics, with exemplars, or Prometheus's own text. */
export async function expose(families: readonly Family[], accept: string | undefined): Promise<Page> {
  // Only now: it brings some megabytes, and not every gateway is scraped.
  const client = await import('prom-client');
  const open = accept?.includes('application/openmetrics-text') === true;
  const registry = new client.Registry<typeof openMetricsContentType | typeof prometheusContentType>();
  registry.setContentType(open ? client.openMetricsContentType : client.prometheusContentType);
  for (const family of families) registry.registerMetric(asMetric(family) as unknown as Metric);
  return { contentType: registry.contentType, body: await registry.metrics() };
}

/** What prom-client's registry needs of a metric: a name, a type, and its values on demand. */
function asMetric({ name, help, type, samples }: Family): Record<string, unknown> {
  // OpenMetrics has a counter's suffix on its samples only, and the registry puts it there itself.
  const metric = { name, help, type, get: () => Promise.resolve({ name: metric.name, help, type, values: samples() }) };
  return metric;
}
