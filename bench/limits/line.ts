import type { Figure, Target } from '../figures.ts';
import { medianAndWorst } from '../storm/yardsticks/yardstick.ts';

/** How much a run costs. */
export interface Extent {
  /** Runs of each experiment, where chance has a part in it. */
  readonly seeds: number;
  /** Shorter and noisier. */
  readonly quick: boolean;
}

/** What a line of the benchmark showed. */
export interface Section {
  readonly figures: readonly Figure[];
  /** Markdown. */
  readonly page: string;
}

/** One thing that is measured. */
export interface Line {
  readonly title: string;
  readonly measure: (extent: Extent) => Promise<Section>;
}

/** Measures of one experiment, one value for each seed. */
export type Samples = ReadonlyMap<string, readonly number[]>;

/** Runs an experiment once for each seed, and gathers what each run measured by name. */
export async function samples(
  { seeds }: Extent,
  experiment: (seed: number) => Promise<Readonly<Record<string, number>>>,
): Promise<Samples> {
  const all = new Map<string, number[]>();
  for (let seed = 1; seed <= seeds; seed += 1) {
    for (const [name, value] of Object.entries(await experiment(seed))) {
      const values = all.get(name);
      if (values === undefined) all.set(name, [value]);
      else values.push(value);
    }
  }
  return all;
}

/** Median and worst of one measure, both held to the target. */
export function held(
  from: Samples,
  name: string,
  id: string,
  unit: string,
  target: Target,
  decimals: number,
): Figure[] {
  return medianAndWorst(id, from.get(name) ?? [], unit, target, decimals);
}
