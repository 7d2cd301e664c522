/** An answer as it was given, and when. */
export interface KeptAnswer {
  readonly body: Uint8Array;
  /** Clock time, ms. */
  readonly at: number;
}

export interface MemoryBounds {
  /** Answers kept at most. */
  readonly entries: number;
  /** Bytes of answers kept at most, keys aside. */
  readonly bytes: number;
}

/** Some thousands of usual answers, and less memory than a gateway takes for itself. */
const DEFAULT_BOUNDS: MemoryBounds = { entries: 10_000, bytes: 64 * 1024 * 1024 };

/** No answer may push out more than this part of all others. */
const LARGEST = 1 / 16;

/** Answers in memory by the hash of what was asked. Full, it forgets what has not been asked for the longest time. */
export class AnswerMemory {
  readonly #bounds: MemoryBounds;
  /** A Map keeps the order of insertion: what was asked for last stands last. */
  readonly #answers = new Map<string, KeptAnswer>();
  #bytes = 0;

  constructor(bounds: Partial<MemoryBounds> = {}) {
    this.#bounds = { ...DEFAULT_BOUNDS, ...bounds };
  }

  get size(): number {
    return this.#answers.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Larger ones are not kept. */
  get largest(): number {
    return Math.floor(this.#bounds.bytes * LARGEST);
  }

  get(key: string): KeptAnswer | null {
    const found = this.#answers.get(key);
    if (found === undefined) return null;
    this.#answers.delete(key);
    this.#answers.set(key, found);
    return found;
  }

  set(key: string, answer: KeptAnswer): void {
    this.delete(key);
    if (answer.body.length > this.largest) return;
    this.#answers.set(key, answer);
    this.#bytes += answer.body.length;
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= this.#bounds.entries && this.#bytes <= this.#bounds.bytes) return;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const found = this.#answers.get(key);
    if (found === undefined) return;
    this.#answers.delete(key);
    this.#bytes -= found.body.length;
  }
}
