import { SPANS, type Span } from './spans.ts';

/** The names by which calls are told apart. */
export interface Names {
  readonly tenant: string | null;
  readonly workload: string | null;
  readonly route: string | null;
  /** Asked for by calls, sent by attempts. */
  readonly model: string | null;
  /** Of calls the last one tried. */
  readonly target: string | null;
}

export type Name = keyof Names;

export type Facet = 'all' | 'tenant' | 'workload' | 'route' | 'model' | 'target' | 'served' | 'hit' | 'each';

/**
 * Which of the names a sum looks at. Sums of every combination would be as many as the calls: so those that are drawn look
 * at one name or two, by the minute and with their latencies, and those of every combination are kept by the hour, as plain
 * numbers.
 */
export const FACETS: Readonly<Record<Facet, readonly Name[]>> = {
  all: [],
  tenant: ['tenant'],
  workload: ['tenant', 'workload'],
  route: ['route'],
  model: ['model'],
  target: ['target'],
  served: ['model', 'target'],
  hit: ['tenant', 'model', 'target'],
  each: ['tenant', 'workload', 'route', 'model', 'target'],
};

/** Facets of calls that are drawn: with latencies, by the minute, the hour and the day. */
export const DRAWN: readonly Facet[] = ['all', 'tenant', 'workload', 'route', 'model', 'target', 'served'];

/** Facets of faults, which are few; by the minute, the hour and the day. */
export const FAULTY: readonly Facet[] = [...DRAWN, 'hit'];

/** What a facet sees of a call's names; the others are null. */
export function seenBy(facet: Facet, names: Names): Names {
  const seen: { -readonly [One in Name]: string | null } = {
    tenant: null,
    workload: null,
    route: null,
    model: null,
    target: null,
  };
  for (const name of FACETS[facet]) seen[name] = names[name];
  return seen;
}

/** The first of `facets` that looks at all of `wanted`: they stand in order of what they cost. Null: none does. */
export function facetFor(facets: readonly Facet[], wanted: readonly Name[]): Facet | null {
  return facets.find((facet) => wanted.every((name) => FACETS[facet].includes(name))) ?? null;
}

/** What the sums of every combination are kept by. */
export const COARSE: readonly Span[] = SPANS.slice(1);
