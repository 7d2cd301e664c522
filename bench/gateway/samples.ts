import { lowerQuartile, median } from '../statistics.ts';
import type { LoadReport } from '../traffic/orders.ts';
import type { ScenarioName } from './scenarios.ts';
import type { TargetName } from './targets.ts';

/** One slice of one scenario at one target. Slices of the same round and turn are compared with one another. */
export interface Sample {
  readonly target: TargetName;
  readonly scenario: ScenarioName;
  readonly round: number;
  readonly turn: number;
  readonly report: LoadReport;
}

export type Metric = (report: LoadReport) => number;

/** All slices of a run. */
export class Samples {
  readonly #samples: Sample[] = [];

  add(sample: Sample): void {
    this.#samples.push(sample);
  }

  /** What a quiet machine would have shown. */
  quiet(target: TargetName, scenario: ScenarioName, metric: Metric): number {
    return lowerQuartile(this.#of(target, scenario).map(({ report }) => metric(report)));
  }

  middle(target: TargetName, scenario: ScenarioName, metric: Metric): number {
    return median(this.#of(target, scenario).map(({ report }) => metric(report)));
  }

  /** Calls that went wrong, of all scenarios. */
  bad(target: TargetName): number {
    return this.#samples.filter((sample) => sample.target === target).reduce((sum, { report }) => sum + report.bad, 0);
  }

  /** Median over the slices of `target` ÷ `base`, taken side by side: noise that lasts falls on both. */
  ratio(target: TargetName, base: TargetName, scenario: ScenarioName, metric: Metric): number {
    return median(this.#pairs(target, base, scenario).map(([a, b]) => metric(a) / metric(b)));
  }

  /** Median over the slices of `target` − `base`. */
  added(target: TargetName, base: TargetName, scenario: ScenarioName, metric: Metric): number {
    return median(this.#pairs(target, base, scenario).map(([a, b]) => metric(a) - metric(b)));
  }

  #of(target: TargetName, scenario: ScenarioName): Sample[] {
    return this.#samples.filter((sample) => sample.target === target && sample.scenario === scenario);
  }

  #pairs(target: TargetName, base: TargetName, scenario: ScenarioName): [LoadReport, LoadReport][] {
    const others = this.#of(base, scenario);
    return this.#of(target, scenario).flatMap((sample): [LoadReport, LoadReport][] => {
      const other = others.find(({ round, turn }) => round === sample.round && turn === sample.turn);
      return other === undefined ? [] : [[sample.report, other.report]];
    });
  }
}
