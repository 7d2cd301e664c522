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

  merge(other: CallSums): void {
    for (const [place, value] of other.values.entries()) this.values[place] = (this.values[place] ?? 0) + value;
    this.duration.merge(other.duration);
    this.firstContent.merge(other.firstContent);
    this.overhead.merge(other.overhead);
  }
}

/** What is added up of attempts, in the order of the columns. */
export const ATTEMPT_SUMS = ['attempts', 'retries', 'fallbacks', 'hedges'] as const;

/** Attempts added up. */
export class AttemptSums {
  attempts = 0;
  retries = 0;
  fallbacks = 0;
  hedges = 0;
  readonly duration: Sketch = new Sketch();
  readonly firstContent: Sketch = new Sketch();
}

/** One fault added up. */
export interface FaultSums {
  readonly kind: string;
  readonly party: string;
  calls: number;
  attempts: number;
  firstAt: number;
  lastAt: number;
  lastSeq: number;
}
