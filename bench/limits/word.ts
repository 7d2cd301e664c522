import type { Hear, Hints, HintTopic } from '../../src/engine/health/hints.ts';

/** Word between engines of one world, heard at once: as processes that share a Redis hear each other within a millisecond. */
export class Word {
  readonly #listeners: { readonly of: object; readonly topic: HintTopic; readonly hear: Hear }[] = [];

  /** The word as one engine tells and hears it. */
  for(): Hints {
    const of = {};
    return {
      tell: (topic, id, fact) => {
        for (const listener of this.#listeners) {
          if (listener.of !== of && listener.topic === topic) listener.hear(id, fact);
        }
      },
      listen: (topic, hear) => {
        const listener = { of, topic, hear };
        this.#listeners.push(listener);
        return () => this.#listeners.splice(this.#listeners.indexOf(listener), 1);
      },
    };
  }
}
