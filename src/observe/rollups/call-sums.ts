import { Sketch } from '../sketch/sketch.ts';

/** What is added up of calls, in the order of the columns. */
export const SUMS = [
  'calls',
  'answered',
  'failed',
  'interrupted',
  'cancelled',
  'attempts',
  'retries',
  'fallbacks',
  'hedges',
  'input_tokens',
  'output_tokens',
  'cached_tokens',
  'reasoning_tokens',
  'cost',
  'unpriced',
  'wasted_attempts',
  'waste_failed_attempts',
  'waste_failed_calls',
  'waste_interrupted',
  'waste_abandoned',
  'waste_hedges',
] as const;

export type SumName = (typeof SUMS)[number];

/** Place of each sum among the values. */
export const SUM: Readonly<Record<SumName, number>> = Object.fromEntries(
  SUMS.map((name, place) => [name, place]),
) as Record<SumName, number>;

/** Calls added up. */
export class CallSums {
  readonly values: Float64Array = new Float64Array(SUMS.length);
  /** Microseconds. */
  readonly duration: Sketch = new Sketch();
  readonly firstContent: Sketch = new Sketch();
  readonly overhead: Sketch = new Sketch();

  merge({ values, duration, firstContent, overhead }: CallSums): void {
    for (let place = 0; place < values.length; place += 1) {
      this.values[place] = (this.values[place] ?? 0) + (values[place] ?? 0);
    }
    this.duration.merge(duration);
    this.firstContent.merge(firstContent);
    this.overhead.merge(overhead);
  }
}

/** What is added up of attempts, in the order of the columns. */
export const ATTEMPT_SUMS = ['attempts', 'retries', 'fallbacks', 'hedges'] as const;

/** Attempts counted. */
export type AttemptCounts = Record<(typeof ATTEMPT_SUMS)[number], number>;

/** Attempts added up. */
export class AttemptSums implements AttemptCounts {
  attempts = 0;
  retries = 0;
  fallbacks = 0;
  hedges = 0;
  readonly duration: Sketch = new Sketch();
  readonly firstContent: Sketch = new Sketch();

  merge(other: AttemptSums): void {
    for (const name of ATTEMPT_SUMS) this[name] += other[name];
    this.duration.merge(other.duration);
    this.firstContent.merge(other.firstContent);
  }
}

/** One fault added up. */
export class FaultSums {
  readonly kind: string;
  readonly party: string;
  calls = 0;
  attempts = 0;
  firstAt: number = Number.POSITIVE_INFINITY;
  lastAt = 0;
  /** The last call that met it. */
  lastSeq = 0;

  constructor(kind: string, party: string) {
    this.kind = kind;
    this.party = party;
  }

  merge(other: Omit<FaultSums, 'merge' | 'kind' | 'party'>): void {
    this.calls += other.calls;
    this.attempts += other.attempts;
    this.firstAt = Math.min(this.firstAt, other.firstAt);
    this.lastAt = Math.max(this.lastAt, other.lastAt);
    this.lastSeq = Math.max(this.lastSeq, other.lastSeq);
  }
}
