import { hash } from 'node:crypto';
import type { Part } from './parts.ts';

/** What all summaries together may hold, in characters; each is of some thousand. */
const MOST_CHARACTERS = 16 * 1024 * 1024;

/** Sums up a text in a few words, by asking a model. */
export type Summarise = (text: string) => Promise<string>;

/**
 * Summaries of beginnings of conversations, found by all that was said in them. A conversation comes back with every turn
 * and begins as it did; so its next summary starts from the one before, and each turn is summed up once.
 */
export class Summaries {
  readonly #texts = new Map<string, string>();
  #characters = 0;
  /** Those being written: conversations that come twice at once ask for one summary. */
  readonly #underWay = new Map<string, Promise<string>>();
  /** The key that a part made of the key before it, so that a long beginning is not hashed again at every turn. */
  readonly #keys = new WeakMap<Part, { readonly before: string; readonly key: string }>();

  /** The key of a beginning, made of that of the shorter one before it and the parts from one index to another. */
  keyAfter(before: string, parts: readonly Part[], from: number, to: number): string {
    const last = parts[to - 1];
    if (last === undefined) return before;
    const known = this.#keys.get(last);
    if (known?.before === before) return known.key;
    const digests = parts.slice(from, to).map(({ digest }) => digest);
    const key = hash('sha256', [before, ...digests].join(' '), 'base64');
    this.#keys.set(last, { before, key });
    return key;
  }

  find(key: string): string | null {
    const text = this.#texts.get(key);
    if (text === undefined) return null;
    // A Map keeps the order of insertion: what was used is put behind what was not.
    this.#texts.delete(key);
    this.#texts.set(key, text);
    return text;
  }

  /** The summary of this key: as it is known, as it is being written already, or as `write` writes it. */
  async of(key: string, write: () => Promise<string>): Promise<string> {
    const known = this.find(key) ?? this.#underWay.get(key);
    if (known !== undefined) return known;
    const writing = write();
    this.#underWay.set(key, writing);
    try {
      const text = await writing;
      this.#keep(key, text);
      return text;
    } finally {
      this.#underWay.delete(key);
    }
  }

  #keep(key: string, text: string): void {
    this.#texts.set(key, text);
    this.#characters += text.length;
    for (const [oldest, { length }] of this.#texts) {
      if (this.#characters <= MOST_CHARACTERS) return;
      this.#texts.delete(oldest);
      this.#characters -= length;
    }
  }
}
