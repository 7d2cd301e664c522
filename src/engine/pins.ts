import type { Call } from './call.ts';

/** Conversations remembered at a time; at some 100 bytes each that is a few megabytes at most. */
const CAPACITY = 50_000;

/**
 * Which target made which piece of provider state. A previous response or an encrypted piece of reasoning can be read
 * only by the account that made it, so a call that carries one goes back there and nowhere else.
 */
export class Pins {
  readonly #targets = new Map<string, string>();

  /** The target that a call's conversation belongs to; null when it is free or its maker is unknown. */
  targetOf(call: Call): string | null {
    for (const pin of call.pins) {
      const target = this.#targets.get(pin);
      if (target !== undefined) return target;
    }
    return null;
  }

  remember(pins: readonly string[], target: string): void {
    for (const pin of pins) {
      this.#targets.delete(pin);
      this.#targets.set(pin, target);
    }
    // A Map keeps the order of insertion: the first key is the oldest.
    while (this.#targets.size > CAPACITY) {
      const oldest = this.#targets.keys().next();
      if (oldest.done === true) return;
      this.#targets.delete(oldest.value);
    }
  }
}
