/** A member whose value differs from event to event, while all around it stays the same. */
export interface Gap {
  readonly member: string;
  /** Most are texts; some formats number their events. */
  readonly holds: 'text' | 'number';
  /** It differs from stream to stream only. @default false: from event to event */
  readonly steady?: boolean;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;

/**
 * What an event of a stream looks like when it brings a piece of content and nothing else. The next ones are like it but for
 * what fills its gaps, and to see this takes a fifth of the time of a parse: the bytes between the gaps are compared, and
 * what fills them must be a text without a quote, a backslash or a control character, or a whole number. Then it is JSON of
 * the very same structure.
 */
export class Likeness {
  /** The event that was learnt from. */
  readonly #pattern: Buffer;
  /** Where in it the bytes before, between and behind the gaps begin and end, in turn. */
  readonly #bounds: readonly number[];
  readonly #gaps: readonly Gap[];
  /** Which of the gaps holds the content; -1 when none does. */
  readonly #contentAt: number;

  private constructor(pattern: Buffer, bounds: readonly number[], gaps: readonly Gap[], content: Gap | null) {
    this.#pattern = pattern;
    this.#bounds = bounds;
    this.#gaps = gaps;
    this.#contentAt = content === null ? -1 : gaps.indexOf(content);
  }

  /**
   * Learns from an event that has been parsed and brings content, and nothing else that would have to be read.
   *
   * @param data its text as Latin-1.
   * @param content the gap that holds the content; null for an event that brings none.
   * @param others gaps that may be there besides.
   * @returns null when it cannot be told for certain where the content and the others stand.
   */
  static of(data: string, content: Gap | null, others: readonly Gap[]): Likeness | null {
    const found: { readonly gap: Gap; readonly at: number }[] = [];
    for (const gap of content === null ? others : [content, ...others]) {
      if (gap !== content && !data.includes(opening(gap))) continue;
      const at = placeOfOnly(data, gap);
      if (at < 0) return null;
      found.push({ gap, at });
    }
    found.sort((one, other) => one.at - other.at);
    const pattern = Buffer.from(data, 'latin1');
    const bounds = [0];
    for (const { gap, at } of found) {
      const end = endOfText(pattern, at, gap);
      if (end < 0) return null;
      bounds.push(at, end);
    }
    bounds.push(pattern.length);
    const gaps = found.map(({ gap }) => gap);
    return new Likeness(pattern, bounds, gaps, content);
  }

  /** What the stream's events look like that has an event like this one between `start` and `end`: with its steady gaps filled. */
  closer(bytes: Buffer, start: number, end: number): Likeness {
    const bounds = [0];
    const gaps: Gap[] = [];
    let at = start;
    for (let index = 0; index < this.#gaps.length; index += 1) {
      const gap = this.#gaps[index] as Gap;
      const partEnd = at + this.#lengthOf(index);
      at = endOfGap(bytes, partEnd, end, gap);
      if (gap.steady === true) continue;
      bounds.push(partEnd - start, at - start);
      gaps.push(gap);
    }
    bounds.push(end - start);
    const content = this.#contentAt < 0 ? null : (this.#gaps[this.#contentAt] as Gap);
    // Copied, because the bytes are a part of what was read at once, and would keep all of it.
    return new Likeness(Buffer.from(bytes.subarray(start, end)), bounds, gaps, content);
  }

  /**
   * The length of the content when the event between `start` and `end` is like the one that was learnt from, 0 where there is
   * none; else -1.
   */
  contentIn(bytes: Buffer, start: number, end: number): number {
    const bounds = this.#bounds;
    const last = this.#gaps.length;
    let length = 0;
    let at = start;
    for (let index = 0; index <= last; index += 1) {
      const from = bounds[2 * index] as number;
      const to = bounds[2 * index + 1] as number;
      const partEnd = at + to - from;
      if (partEnd > end || bytes.compare(this.#pattern, from, to, at, partEnd) !== 0) return -1;
      if (index === last) return partEnd === end ? length : -1;
      const gap = this.#gaps[index] as Gap;
      at = endOfGap(bytes, partEnd, end, gap);
      // What comes behind is compared next, the closing quote first: whatever else ended the text makes the two differ.
      if (gap.holds === 'number' && at === partEnd) return -1;
      if (index === this.#contentAt) length = at - partEnd;
    }
    return -1;
  }

  #lengthOf(part: number): number {
    return (this.#bounds[2 * part + 1] as number) - (this.#bounds[2 * part] as number);
  }
}

/** Events that a stream may be learnt from: most need one, and some are never alike. */
const LESSONS = 5;

/** Learns what the events of one stream look like. */
export class Learner {
  readonly #content: Gap;
  readonly #others: readonly Gap[];
  #lessonsLeft: number;
  #lesson: string | null = null;
  /** What nearly all events look like. */
  #usual: Likeness | null = null;

  /** @param willing whether there is anything to be learnt. */
  constructor(content: Gap, others: readonly Gap[], willing = true) {
    this.#content = content;
    this.#others = others;
    this.#lessonsLeft = willing ? LESSONS : 0;
  }

  /** Whether an event that brings content, and nothing else that would have to be read, is worth being told of. */
  get willing(): boolean {
    return this.#lessonsLeft > 0;
  }

  /** Takes such an event, its text as Latin-1. It is learnt from with the next: the first is on its way to a caller who waits. */
  hear(data: string): void {
    this.#lessonsLeft -= 1;
    this.#lesson = data;
  }

  /** As {@link Likeness.contentIn}. */
  contentIn(bytes: Buffer, start: number, end: number): number {
    if (this.#lesson !== null) {
      this.#usual = Likeness.of(this.#lesson, this.#content, this.#others);
      this.#lesson = null;
    }
    return this.#usual === null ? -1 : this.#usual.contentIn(bytes, start, end);
  }
}

function opening({ member }: Gap): string {
  return `"${member}":`;
}

/** Where the value of a member begins, or what its quotes hold, if the member stands there only once; else -1. */
function placeOfOnly(data: string, gap: Gap): number {
  const name = opening(gap);
  const at = data.indexOf(name);
  if (at < 0 || data.indexOf(name, at + 1) >= 0) return -1;
  const behind = at + name.length;
  const value = data.charCodeAt(behind) === SPACE ? behind + 1 : behind;
  if (gap.holds === 'number') return value;
  return data.charCodeAt(value) === QUOTE ? value + 1 : -1;
}

/** Where that ends, in an event that has been parsed; -1 when it is not what the gap holds. */
function endOfText(bytes: Buffer, from: number, gap: Gap): number {
  const end = endOfGap(bytes, from, bytes.length, gap);
  if (gap.holds === 'text') return bytes[end] === QUOTE ? end : -1;
  return end > from ? end : -1;
}

function endOfGap(bytes: Buffer, from: number, end: number, { holds }: Gap): number {
  return holds === 'text' ? endOfPlain(bytes, from, end) : endOfNumber(bytes, from, end);
}

/** One past the bytes that stand for themselves within a string of JSON. */
function endOfPlain(bytes: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && isPlain(bytes[at] as number)) at += 1;
  return at;
}

function isPlain(byte: number): boolean {
  return byte !== QUOTE && byte !== BACKSLASH && byte >= SPACE;
}

/** One past a whole number as JSON writes it, without a zero before it; `from` itself when none stands there. */
function endOfNumber(bytes: Buffer, from: number, end: number): number {
  if (bytes[from] === ZERO) return from + 1;
  let at = from;
  while (at < end && (bytes[at] as number) >= ZERO && (bytes[at] as number) <= NINE) at += 1;
  return at;
}
