import { figure, type Figure } from '../../figures.ts';

/** A quantity that is measured of every client, on the virtual clock and over HTTP. */
export interface Quantity {
  readonly id: string;
  readonly title: string;
  readonly better: 'less' | 'more';
  /** Values that differ by less say nothing: what one run over HTTP, or a second's worth of counting, cannot tell apart. */
  readonly grain: number;
  readonly decimals: number;
}

/** One client's values of a quantity. */
export interface Compared {
  readonly client: string;
  /** Median over the seeds. */
  readonly virtual: number;
  /** Of the seed whose callers are played over HTTP. */
  readonly twin: number;
  readonly http: number;
}

/** Values of the virtual clock that differ by this share of the greater are well apart. */
const WELL_APART = 0.25;

/**
 * Pairs of clients that the virtual clock tells well apart, and of them those whose order is the other way round over HTTP.
 */
export function ranking({ grain }: Quantity, rows: readonly Compared[]): { pairs: number; reversed: string[] } {
  let pairs = 0;
  const reversed: string[] = [];
  for (const low of rows) {
    for (const high of rows) {
      const gap = high.virtual - low.virtual;
      if (!(gap > 0) || (Number.isFinite(gap) && gap <= Math.max(grain, WELL_APART * high.virtual))) continue;
      pairs += 1;
      if (high.http < low.http) reversed.push(`${low.client} and ${high.client}`);
    }
  }
  return { pairs, reversed };
}

/** How many times the one is of the other, the greater by the less; what is below the grain counts as the grain. */
export function timesApart(one: number, other: number, grain: number): number {
  if (one === other) return 1;
  const [a, b] = [Math.max(one, grain), Math.max(other, grain)];
  return Math.max(a / b, b / a);
}

/** Over HTTP within twice of what the virtual clock says of the same callers. */
export function withinTwice({ id, grain }: Pick<Quantity, 'id' | 'grain'>, { twin, http }: Compared): Figure {
  return figure(`${id}.times_virtual`, timesApart(twin, http, grain), 'times', { atMost: 2 }, 2);
}
