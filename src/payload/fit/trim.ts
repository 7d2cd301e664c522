import { type Block, blocksOf } from './blocks.ts';
import type { Part, Piece } from './parts.ts';

/** A conversation as it is weighed. */
export interface Talk {
  readonly parts: readonly Part[];
  /** Tokens of everything else in the request. */
  readonly frameTokens: number;
}

/** What is to be done with a conversation so that it fits. */
export interface Cut {
  readonly blocks: readonly Block[];
  /** This many of the blocks that may go are left out, oldest first. */
  readonly dropped: number;
  /** Texts of older parts are shortened to this many tokens. */
  readonly textTokens: number;
  /** The same for the first task and the last turn. */
  readonly ownTextTokens: number;
  /** This many pictures are left out, in the order of {@link picturesOf}. */
  readonly pictures: number;
  /** The most tokens the request has afterwards. */
  readonly tokens: number;
}

/** What the note in a shortened text takes. */
export const TEXT_NOTE_TOKENS = 24;
/** And the one in place of a picture. */
const PICTURE_NOTE_TOKENS = 16;

/** Texts are shortened to the first of these multiples of the floor that does. Steps, so that what was sent before stays the same. */
const STEPS = [16, 8, 4, 2, 1] as const;

/** Shortest that a text is made: a sixty-fourth of the room, within reason. */
function textFloor(limit: number): number {
  return Math.min(1024, Math.max(64, Math.floor(limit / 64)));
}

/** No single text of the current turn may take more than this share of the room. */
const OWN_SHARE = 4;

/**
 * What is left out is rounded up to eighths of the room, so that the beginning of the prompt stays the same for many
 * turns: a provider's prompt cache gives nine tenths off for what it has read before.
 */
const ROUNDING = 8;

export function tokensOf({ parts, frameTokens }: Talk): number {
  let tokens = frameTokens;
  for (const part of parts) tokens += part.tokens;
  return tokens;
}

/**
 * Decides what to leave out: first long texts are shortened, then old pictures go, then old turns, and last the texts and
 * pictures of the current turn. Null when that is not enough, since instructions are never touched.
 */
export function decideTrim(talk: Talk, limit: number): Cut | null {
  const sheet = new Sheet(talk, limit);
  sheet.shortenTexts();
  sheet.leaveOutPictures('old');
  sheet.dropTurns();
  sheet.shortenOwnTexts();
  sheet.leaveOutPictures('own');
  return sheet.tokens <= limit ? sheet.cut() : null;
}

/** Decides what to shorten while every turn stays; whether it then fits is for the caller to see. */
export function decideShortening(talk: Talk, limit: number): Cut {
  const sheet = new Sheet(talk, limit);
  sheet.shortenTexts();
  sheet.leaveOutPictures('old');
  return sheet.cut();
}

/** Whether a block is of the current turn or the first task, and so is spared as long as possible. */
export function isOwn({ stays }: Block): boolean {
  return stays === 'task' || stays === 'last';
}

/** The pictures that may be left out, those of older turns first, each with the part it is in. */
export function picturesOf(
  parts: readonly Part[],
  blocks: readonly Block[],
): { readonly old: readonly Place[]; readonly own: readonly Place[] } {
  const old: Place[] = [];
  const own: Place[] = [];
  for (const block of blocks) {
    for (let index = block.from; index < block.to; index += 1) {
      for (const piece of (parts[index] as Part).pictures) (isOwn(block) ? own : old).push({ index, piece });
    }
  }
  return { old, own };
}

/** Something small in a part of the conversation. */
export interface Place {
  readonly index: number;
  readonly piece: Piece;
}

/** Works a cut out, step by step. Each step does as much as is needed, or as much as it can. */
class Sheet {
  tokens: number;
  readonly #parts: readonly Part[];
  readonly #limit: number;
  readonly #blocks: readonly Block[];
  readonly #pictures: ReturnType<typeof picturesOf>;
  /** Tokens of each block as it has become. */
  readonly #blockTokens: Float64Array;
  readonly #blockOf: Int32Array;
  #dropped = 0;
  #textTokens = Number.POSITIVE_INFINITY;
  #ownTextTokens = Number.POSITIVE_INFINITY;
  #picturesOut = 0;

  constructor(talk: Talk, limit: number) {
    this.tokens = tokensOf(talk);
    this.#parts = talk.parts;
    this.#limit = limit;
    this.#blocks = blocksOf(talk.parts);
    this.#pictures = picturesOf(talk.parts, this.#blocks);
    this.#blockTokens = new Float64Array(this.#blocks.length);
    this.#blockOf = new Int32Array(talk.parts.length);
    for (let at = 0; at < this.#blocks.length; at += 1) {
      const { from, to, tokens } = this.#blocks[at] as Block;
      this.#blockTokens[at] = tokens;
      for (let index = from; index < to; index += 1) this.#blockOf[index] = at;
    }
  }

  cut(): Cut {
    return {
      blocks: this.#blocks,
      dropped: this.#dropped,
      textTokens: this.#textTokens,
      ownTextTokens: this.#ownTextTokens,
      pictures: this.#picturesOut,
      tokens: this.tokens,
    };
  }

  /** Long texts of older turns, then those of the current one, which keep their share of the room. */
  shortenTexts(): void {
    const old = this.#texts(false);
    for (const step of STEPS) {
      if (this.tokens <= this.#limit) return;
      const to = textFloor(this.#limit) * step;
      const saved = old.reduce((sum, { piece }) => sum + savedBy(piece, to), 0);
      if (saved === 0 || (this.tokens - saved > this.#limit && step !== 1)) continue;
      this.#textTokens = to;
      for (const { index, piece } of old) this.#save(index, savedBy(piece, to));
      break;
    }
    this.#shortenOwn(Math.floor(this.#limit / OWN_SHARE));
  }

  leaveOutPictures(which: 'old' | 'own'): void {
    for (const { index, piece } of this.#pictures[which]) {
      if (this.tokens <= this.#limit) return;
      this.#picturesOut += 1;
      this.#save(index, Math.max(0, piece.tokens - PICTURE_NOTE_TOKENS));
    }
  }

  dropTurns(): void {
    const excess = this.tokens - this.#limit;
    if (excess <= 0) return;
    const round = Math.max(1, Math.floor(this.#limit / ROUNDING));
    const wanted = Math.ceil(excess / round) * round;
    let gone = 0;
    for (let at = 0; at < this.#blocks.length && gone < wanted; at += 1) {
      if (this.#blocks[at]?.stays !== null) continue;
      gone += this.#blockTokens[at] as number;
      this.#dropped += 1;
    }
    this.tokens -= gone;
  }

  /** The last resort. */
  shortenOwnTexts(): void {
    this.#shortenOwn(textFloor(this.#limit));
  }

  /** The texts of the current turn share what room there is, none being made shorter than the floor. */
  #shortenOwn(floor: number): void {
    if (this.tokens <= this.#limit) return;
    const sizes = this.#texts(true)
      .map(({ piece }) => Math.min(piece.tokens, this.#ownTextTokens + TEXT_NOTE_TOKENS))
      .sort((a, b) => a - b);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const level = shareOut(sizes, total - (this.tokens - this.#limit));
    const to = Math.min(this.#ownTextTokens, Math.max(floor, level - TEXT_NOTE_TOKENS));
    this.#ownTextTokens = to;
    this.tokens -= total - sizes.reduce((sum, size) => sum + Math.min(size, to + TEXT_NOTE_TOKENS), 0);
  }

  #save(index: number, tokens: number): void {
    this.tokens -= tokens;
    const block = this.#blockOf[index] as number;
    (this.#blockTokens[block] as number) -= tokens;
  }

  /** The long texts of the current turn and the first task, or all others. */
  #texts(own: boolean): Place[] {
    const texts: Place[] = [];
    for (const block of this.#blocks) {
      if (isOwn(block) !== own) continue;
      for (let index = block.from; index < block.to; index += 1) {
        for (const piece of (this.#parts[index] as Part).texts) texts.push({ index, piece });
      }
    }
    return texts;
  }
}

/** What shortening a text to so many tokens saves, its note taken off. */
function savedBy({ tokens }: Piece, to: number): number {
  return Math.max(0, tokens - to - TEXT_NOTE_TOKENS);
}

/** The level up to which sizes, smallest first, can be filled with so much in all. */
function shareOut(sizes: readonly number[], all: number): number {
  let left = all;
  for (const [at, size] of sizes.entries()) {
    const share = left / (sizes.length - at);
    if (size > share) return Math.floor(share);
    left -= size;
  }
  return Number.POSITIVE_INFINITY;
}
