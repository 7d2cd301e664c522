import type { Buckets, Cells, Exemplar } from './shapes.ts';

/** One line of what is scraped, as prom-client's registry writes them. */
export interface Sample {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly exemplar?: {
    readonly labelSet: Readonly<Record<string, string>>;
    readonly value: number;
    readonly timestamp: number;
  };
}

/** A family of series; its samples are put together when somebody asks for them. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly samples: () => Sample[];
}

/** The combinations that a family is made from, and which of their labels it shows. */
export interface Source {
  readonly labels: readonly (readonly string[])[];
  /** Name of a label, and its place in a combination. */
  readonly shown: Readonly<Record<string, number>>;
}

/** Adds up what the combinations have in common in the labels that are shown. */
export function counterSamples(source: Source, cells: Cells, cell = 0, scale = 1): Sample[] {
  const groups = new Map<string, { labels: Record<string, string>; value: number }>();
  for (const [shape, combination] of source.labels.entries()) {
    const value = cells.get(shape, cell);
    if (value === 0) continue;
    const labels = shownOf(source, combination);
    const key = JSON.stringify(labels);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { labels, value });
    else group.value += value;
  }
  return Array.from(groups.values(), ({ labels, value }) => ({ labels, value: value * scale }));
}

/** The same for histograms, cumulative as Prometheus wants them. */
export function histogramSamples(name: string, source: Source, buckets: Buckets): Sample[] {
  const groups = new Map<string, { labels: Record<string, string>; shapes: number[] }>();
  for (const [shape, combination] of source.labels.entries()) {
    const labels = shownOf(source, combination);
    const key = JSON.stringify(labels);
    const group = groups.get(key) ?? { labels, shapes: [] };
    group.shapes.push(shape);
    groups.set(key, group);
  }
  return Array.from(groups.values()).flatMap(({ labels, shapes }) => oneHistogram(name, labels, shapes, buckets));
}

function oneHistogram(
  name: string,
  labels: Record<string, string>,
  shapes: readonly number[],
  buckets: Buckets,
): Sample[] {
  const samples: Sample[] = [];
  let count = 0;
  for (let bucket = 0; bucket <= buckets.bounds.length; bucket += 1) {
    let exemplar: Exemplar | null = null;
    for (const shape of shapes) {
      count += buckets.count(shape, bucket);
      exemplar ??= buckets.exemplar(shape, bucket);
    }
    const le = buckets.bounds[bucket] ?? '+Inf';
    const sample = { metricName: `${name}_bucket`, labels: { ...labels, le }, value: count };
    samples.push(exemplar === null ? sample : { ...sample, exemplar: shownExemplar(exemplar) });
  }
  if (count === 0) return [];
  const sum = shapes.reduce((total, shape) => total + buckets.sum(shape), 0);
  samples.push(
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  );
  return samples;
}

function shownExemplar({ id, value, at }: Exemplar): NonNullable<Sample['exemplar']> {
  return { labelSet: { call_id: id }, value, timestamp: at };
}

function shownOf({ shown }: Source, combination: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(shown).map(([name, place]) => [name, combination[place] ?? '']));
}
