import { median } from '../statistics.ts';
import type { LoadReport } from '../traffic/orders.ts';

type Metric = (report: LoadReport) => number;

/** Slices of traffic, each turn one of every competitor, taken side by side: noise that lasts falls on all of them. */
export class Turns<Name extends string> {
  readonly #turns: ReadonlyMap<Name, LoadReport>[] = [];

  /** Plays one slice of each, there and back: nobody gains by who goes before. */
  async play(names: readonly Name[], slice: (name: Name) => Promise<LoadReport>): Promise<void> {
    const order = this.#turns.length % 2 === 0 ? names : names.toReversed();
    const turn = new Map<Name, LoadReport>();
    for (const name of order) turn.set(name, await slice(name));
    this.#turns.push(turn);
  }

  /** Median over the turns of `name` ÷ `base`. */
  ratio(name: Name, base: Name, metric: Metric): number {
    return median(this.#turns.map((turn) => of(turn, name, metric) / of(turn, base, metric)));
  }

  /** Median over the turns of `name` − the slowest of `bases`. */
  added(name: Name, bases: readonly Name[], metric: Metric): number {
    const slowest = (turn: ReadonlyMap<Name, LoadReport>): number =>
      Math.max(...bases.map((base) => of(turn, base, metric)));
    return median(this.#turns.map((turn) => of(turn, name, metric) - slowest(turn)));
  }

  /** Calls that went wrong. */
  bad(name: Name): number {
    return this.#turns.reduce((sum, turn) => sum + (turn.get(name)?.bad ?? 0), 0);
  }
}

function of<Name>(turn: ReadonlyMap<Name, LoadReport>, name: Name, metric: Metric): number {
  const report = turn.get(name);
  return report === undefined ? NaN : metric(report);
}
