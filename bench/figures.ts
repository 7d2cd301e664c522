/** One measured number and what it is held to. */
export interface Figure {
  /** Stable across releases, so that results can be compared: `json1k.cpu_ratio`. */
  readonly id: string;
  readonly value: number;
  readonly unit: string;
  /** `<= 1.3` or `>= 10`. */
  readonly target: string;
  readonly holds: boolean;
}

/** What a benchmark gives back; `--json` prints exactly this. */
export interface Result {
  readonly name: string;
  readonly figures: readonly Figure[];
}

/** A benchmark: measures, tells its progress on stderr, and gives its figures and a page to read. */
export interface Benchmark {
  readonly summary: string;
  run(options: RunOptions): Promise<Outcome>;
}

export interface RunOptions {
  /** A shorter, noisier run. */
  readonly quick: boolean;
  /** Runs of each experiment, where chance has a part in it. */
  readonly seeds: number;
  /** The long run instead of the usual one, where there is one. */
  readonly nightly: boolean;
  /** As many calls as the figures promise, where the usual run makes do with fewer. */
  readonly full: boolean;
  /** How long to watch, where that can be chosen; null: as long as is usual. */
  readonly minutes: number | null;
  /** The pictures of the documentation instead, where there are any. */
  readonly png: boolean;
}

export interface Outcome {
  readonly figures: readonly Figure[];
  /** Markdown. */
  readonly page: string;
}

/** What a figure is held to. */
export type Target = { readonly atMost: number } | { readonly atLeast: number };

/** Judges a value as it is shown: rounded to the decimals given. A figure that could not be measured does not hold. */
export function figure(id: string, value: number, unit: string, target: Target, decimals: number): Figure {
  const rounded = Number(value.toFixed(decimals));
  const holds = 'atMost' in target ? rounded <= target.atMost : rounded >= target.atLeast;
  return { id, value: rounded, unit, target: said(target), holds };
}

function said(target: Target): string {
  return 'atMost' in target ? `<= ${target.atMost}` : `>= ${target.atLeast}`;
}
