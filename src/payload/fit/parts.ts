import { hash } from 'node:crypto';
import type { MessageReading, Path, PromptWire } from '../prompt/prompt-wire.ts';
import type { JsonObject } from '../tokens/json.ts';
import type { Count } from '../tokens/tokenizer.ts';
import type { Scale } from '../tokens/weigh.ts';

/** Something in a part that can be made smaller. */
export interface Piece {
  readonly path: Path;
  readonly tokens: number;
}

/** One message of a conversation, or one item of a Responses input, and what is to be known of it. Never changed. */
export interface Part extends Omit<MessageReading, 'texts' | 'pictures'> {
  readonly message: JsonObject;
  readonly tokens: number;
  /** Names the part by all that it says. */
  readonly digest: string;
  /** Texts that people paste and tools put out: what can be shortened. */
  readonly texts: readonly Piece[];
  readonly pictures: readonly Piece[];
}

/** Parts remembered by one scales; a conversation comes back with every turn, so nearly all of it is known. */
const REMEMBERED = 100_000;

/** Weighs the parts of conversations, each only once. */
export class Scales {
  readonly wire: PromptWire;
  readonly #scale: Scale;
  readonly #known = new Map<string, Part>();

  constructor(wire: PromptWire, scale: Scale) {
    this.wire = wire;
    this.#scale = scale;
  }

  weigh(message: JsonObject): Part {
    const digest = hash('sha256', JSON.stringify(message), 'base64');
    const known = this.#known.get(digest);
    if (known !== undefined) return known;
    const part = this.#read(message, digest);
    if (this.#known.size >= REMEMBERED) this.#known.clear();
    this.#known.set(digest, part);
    return part;
  }

  /** The part that `make` makes of a part, made once for each `how`: what is shortened now is shortened so in the next turn. */
  changed(part: Part, how: string, make: () => JsonObject): Part {
    const key = `${part.digest} ${how}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const made = this.weigh(make());
    this.#known.set(key, made);
    return made;
  }

  count(text: string): number {
    return this.#scale.count(text).tokens;
  }

  #read(message: JsonObject, digest: string): Part {
    const counts = new Map<string, Count>();
    const noting: Scale = {
      model: this.#scale.model,
      count: (text) => {
        const count = this.#scale.count(text);
        counts.set(text, count);
        return count;
      },
    };
    const { wire } = this;
    const { tokens } = wire.weigh(noting, message);
    const reading = wire.read(message);
    return {
      ...reading,
      message,
      tokens,
      digest,
      texts: reading.texts.map(({ path, text }) => ({ path, tokens: (counts.get(text) ?? noting.count(text)).tokens })),
      pictures: reading.pictures.map(({ path, picture }) => ({ path, tokens: wire.weighPicture(noting, picture) })),
    };
  }
}
