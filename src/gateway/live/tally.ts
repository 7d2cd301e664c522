import type { Fault } from '../../engine/fault/fault.ts';
import type { CallRecord } from '../../engine/record.ts';
import { Sketch } from '../../observe/sketch/sketch.ts';

/** One fault within a frame. */
export interface FrameFault {
  readonly kind: Fault['kind'];
  readonly party: Fault['party'];
  calls: number;
  attempts: number;
}

/** What ended within one frame of time. */
export class Tally {
  calls = 0;
  answered = 0;
  failed = 0;
  interrupted = 0;
  cancelled = 0;
  attempts = 0;
  retries = 0;
  fallbacks = 0;
  inputTokens = 0;
  outputTokens = 0;
  microdollars = 0;
  readonly faults: Map<string, FrameFault> = new Map();
  readonly firstContent: Sketch = new Sketch();
  readonly duration: Sketch = new Sketch();

  add(record: CallRecord): void {
    const { outcome, fault, attempts, usage, cost, firstContentMs, durationMs } = record;
    // An attempt at a job that is made again is a part of a call, and none of its own.
    if (outcome !== 'retried') {
      this.calls += 1;
      this[outcome] += 1;
      if (fault !== null) this.#faultOf(fault).calls += 1;
      this.duration.add(durationMs * 1000);
      if (firstContentMs !== null) this.firstContent.add(firstContentMs * 1000);
    }
    for (const attempt of attempts) {
      this.attempts += 1;
      if (attempt.reason === 'retry') this.retries += 1;
      else if (attempt.reason === 'fallback') this.fallbacks += 1;
      if (attempt.fault !== null) this.#faultOf(attempt.fault).attempts += 1;
    }
    this.inputTokens += usage.inputTokens ?? 0;
    this.outputTokens += usage.outputTokens ?? 0;
    this.microdollars += cost ?? 0;
  }

  #faultOf({ kind, party }: Fault): FrameFault {
    const key = `${kind} ${party}`;
    let counted = this.faults.get(key);
    if (counted === undefined) this.faults.set(key, (counted = { kind, party, calls: 0, attempts: 0 }));
    return counted;
  }
}
