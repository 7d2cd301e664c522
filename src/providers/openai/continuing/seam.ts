import type { ContinuationStyle } from '../../../engine/continuing/ports.ts';

/** A model that is told to repeat the last words repeats about so many characters. */
const ANCHOR = 60;

/** So far back an overlap is looked for: models that repeat more than they were asked to repeat the last sentence. */
const REACH = 240;

/** A shorter overlap than this may be chance, unless it is the whole text. */
const LEAST = 12;

/** The last words of a text, which a model is told to begin with: from the beginning of a word. */
export function anchorOf(text: string): string {
  const tail = text.trimEnd().slice(-ANCHOR);
  if (tail.length < ANCHOR) return tail;
  const space = tail.search(/\s\S/);
  return space < 0 || space > ANCHOR / 2 ? tail : tail.slice(space + 1);
}

/** What goes on, once it is certain where it does: the text without what had been given. Null: it does not go on there. */
type Joined = { readonly rest: string } | null;

/**
 * The place where a continuation meets the text that was given. Holds back the continuation's head until it can be told from
 * the overlap what of it is new.
 */
export class Seam {
  readonly #text: string;
  readonly #style: ContinuationStyle;
  #held = '';
  #joined = false;

  /** @param text everything that was given before, or its end */
  constructor(text: string, style: ContinuationStyle) {
    this.#text = text;
    this.#style = style;
    this.#joined = text === '';
  }

  /** @returns what of the piece is to be given, which may be nothing yet; null when it does not go on where the text ends. */
  take(piece: string): string | null {
    if (this.#joined) return piece;
    this.#held += piece;
    return this.#settle(false);
  }

  /** The continuation has ended: what was held back is decided with what there is. */
  end(): string | null {
    return this.#joined ? '' : this.#settle(true);
  }

  #settle(ended: boolean): string | null {
    const joined = this.#style === 'instruction' ? this.#overlap(ended) : this.#exactly(ended);
    if (joined === undefined) return '';
    if (joined === null) return null;
    this.#joined = true;
    this.#held = '';
    return joined.rest;
  }

  /** Goes on at the very character. */
  #exactly(ended: boolean): Joined | undefined {
    return this.#afterSpace(this.#held, ended);
  }

  /** Begins with words that were given last: those that were asked for, or a longer or shorter part of the end. */
  #overlap(ended: boolean): Joined | undefined {
    const head = this.#held.trimStart();
    const anchor = anchorOf(this.#text);
    // First of all, since in a text that repeats itself a longer overlap could be found that is none.
    if (head.startsWith(anchor)) return this.#afterSpace(head.slice(anchor.length), ended);
    if (anchor.startsWith(head) && !ended) return undefined;
    const tail = this.#text.trimEnd().slice(-REACH);
    let mayGrow = false;
    for (const start of startsIn(tail)) {
      const met = meet(tail, start, head);
      if (met === 'short') mayGrow = true;
      else if (met !== null && (!mayGrow || ended)) return this.#afterSpace(head.slice(met), ended);
    }
    return mayGrow && !ended ? undefined : null;
  }

  /** White space at the end of what was given is not asked to be repeated, and may come again all the same. */
  #afterSpace(rest: string, ended: boolean): Joined | undefined {
    const space = this.#text.slice(this.#text.trimEnd().length);
    if (rest.length < space.length && space.startsWith(rest) && !ended) return undefined;
    let same = 0;
    while (same < space.length && space[same] === rest[same]) same += 1;
    return { rest: rest.slice(same) };
  }
}

/** Where words begin that an overlap may begin with, the longest first. */
function* startsIn(tail: string): Generator<number> {
  for (let at = 0; at === 0 || tail.length - at >= LEAST; at += 1) {
    if (at === 0 || (isSpace(tail[at - 1]) && !isSpace(tail[at]))) yield at;
  }
}

/**
 * Compares the tail from `start` on with the head; runs of white space are alike, however they are written.
 *
 * @returns where in the head the new text begins; `short` when the head ends before the tail does; null when they differ
 */
function meet(tail: string, start: number, head: string): number | 'short' | null {
  let at = start;
  let met = 0;
  while (at < tail.length) {
    if (met >= head.length) return 'short';
    const [one, other] = [tail[at], head[met]];
    if (one === other || (isSpace(one) && isSpace(other))) {
      at += 1;
      met += 1;
    } else if (isSpace(one) && isSpace(tail[at - 1])) at += 1;
    else if (isSpace(other) && isSpace(head[met - 1])) met += 1;
    else return null;
  }
  return met;
}

function isSpace(letter: string | undefined): boolean {
  return letter !== undefined && /\s/.test(letter);
}
