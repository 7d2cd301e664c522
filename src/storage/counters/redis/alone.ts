import type { Measure, Period } from '../../../engine/admission/quota.ts';
import { type Window, windowFor } from '../windows.ts';

/** What one process lets through of one quota while Redis cannot be asked: neither leased nor known to the others. */
export class Alone {
  readonly #counted: boolean;
  readonly #window: Window | null;
  #held = 0;

  constructor(measure: Measure, period: Period) {
    this.#counted = measure === 'requests';
    this.#window = windowFor(measure, period);
  }

  spent(at: number): number {
    return this.#held + (this.#window?.total(at) ?? 0);
  }

  /** From `at` until so much of it is over; 0 when what is in the way does not age. */
  freeInMs(amount: number, at: number): number {
    const settled = this.#window?.total(at) ?? 0;
    const ageing = Math.min(settled, amount);
    return this.#window === null || ageing <= 0 ? 0 : this.#window.freeInMs(ageing, at);
  }

  take(wanted: number, at: number): void {
    if (this.#counted) this.#window?.add(wanted, at);
    else this.#held += wanted;
  }

  settle(reserved: number, real: number, at: number): void {
    if (this.#counted) return;
    // It may have been taken in an earlier absence, which is over and accounted for.
    this.#held = Math.max(0, this.#held - reserved);
    this.#window?.add(real, at);
  }
}
