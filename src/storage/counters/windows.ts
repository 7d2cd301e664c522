import type { Measure, Period } from '../../engine/admission/quota.ts';

/** Use that is settled, until its time is over. Times are wall time, ms since 1970. */
export interface Window {
  add(amount: number, at: number): void;
  /** What counts at `at`. */
  total(at: number): number;
  /** From `at` until at least `amount` of what counts then is over. */
  freeInMs(amount: number, at: number): number;
  /** Number of the oldest piece that counts at `at`. */
  oldestAt(at: number): number;
  /** A moment in the piece of this number. */
  momentIn(piece: number): number;
  /** What counts at `at`, piece by piece, the oldest first. */
  each(at: number, visit: (piece: number, amount: number) => void): void;
}

/** The window that a quota's use is counted in; null for calls under way, which are only ever held. */
export function windowFor(measure: Measure, period: Period): Window | null {
  if (measure === 'calls' || period === 'moment') return null;
  if (period === 'month') return new CalendarWindow(monthOf);
  if (measure === 'money') return new CalendarWindow(dayOf);
  return period === 'minute' ? new SlidingWindow(MINUTE) : new SlidingWindow(DAY);
}

interface Span {
  readonly lengthMs: number;
  /** Use within one piece of this length is counted together, until the youngest of it is over: the window's only error. */
  readonly pieceMs: number;
}

/** Pieces of a quarter of a second keep a minute exact to 0.4 %; five minutes do the same for a day. */
const MINUTE: Span = { lengthMs: 60_000, pieceMs: 250 };
const DAY: Span = { lengthMs: 86_400_000, pieceMs: 300_000 };

/** Entries that are over are cut off once they are this many numbers, so that cutting stays rare. */
const CUT_FROM = 64;

/**
 * A window that slides: whatever span of its length one looks at, what was added in it counted at its end. Only pieces
 * with something in them take memory, because most holders of quotas are people who come by now and then.
 */
class SlidingWindow implements Window {
  readonly #span: Span;
  /** Number and amount of each piece in turn, oldest first. */
  #pieces: number[] = [];
  /** Where the first piece stands that still counts. */
  #first = 0;
  #total = 0;
  /** When the first piece is over. */
  #firstOverAt = Number.POSITIVE_INFINITY;

  constructor(span: Span) {
    this.#span = span;
  }

  add(amount: number, at: number): void {
    if (amount === 0) return;
    this.#forget(at);
    const pieces = this.#pieces;
    const piece = Math.floor(at / this.#span.pieceMs);
    const last = pieces.length - 2;
    // A little behind the last piece is a clock's unsteadiness: counted with the last, it counts a little longer.
    if (last >= this.#first && piece <= (pieces[last] as number))
      pieces[last + 1] = (pieces[last + 1] as number) + amount;
    else {
      if (this.#total === 0) this.#firstOverAt = this.#overAt(piece);
      pieces.push(piece, amount);
    }
    this.#total += amount;
  }

  total(at: number): number {
    this.#forget(at);
    return this.#total;
  }

  freeInMs(amount: number, at: number): number {
    this.#forget(at);
    const pieces = this.#pieces;
    let left = amount;
    for (let index = this.#first; index < pieces.length; index += 2) {
      left -= pieces[index + 1] as number;
      if (left <= 0) return this.#overAt(pieces[index] as number) - at;
    }
    return 0;
  }

  oldestAt(at: number): number {
    return Math.floor((at - this.#span.lengthMs) / this.#span.pieceMs);
  }

  momentIn(piece: number): number {
    return piece * this.#span.pieceMs;
  }

  each(at: number, visit: (piece: number, amount: number) => void): void {
    this.#forget(at);
    const pieces = this.#pieces;
    for (let index = this.#first; index < pieces.length; index += 2) {
      visit(pieces[index] as number, pieces[index + 1] as number);
    }
  }

  #forget(at: number): void {
    if (this.#total === 0) return;
    if (at >= this.#firstOverAt) this.#forgetPieces(at);
    else if (at + this.#span.lengthMs < this.#firstOverAt - this.#span.pieceMs) this.#redate(at);
  }

  #forgetPieces(at: number): void {
    const pieces = this.#pieces;
    let first = this.#first;
    while (first < pieces.length && this.#overAt(pieces[first] as number) <= at) {
      this.#total -= pieces[first + 1] as number;
      first += 2;
    }
    if (first >= pieces.length) {
      this.#clear();
      return;
    }
    this.#firstOverAt = this.#overAt(pieces[first] as number);
    if (first >= CUT_FROM) {
      this.#pieces = pieces.slice(first);
      first = 0;
    }
    this.#first = first;
  }

  /** The clock was set back: what counts is dated now, or it would count until the clock had caught up. */
  #redate(at: number): void {
    const piece = Math.floor(at / this.#span.pieceMs);
    this.#pieces = [piece, this.#total];
    this.#first = 0;
    this.#firstOverAt = this.#overAt(piece);
  }

  #clear(): void {
    this.#pieces = [];
    this.#first = 0;
    this.#total = 0;
    this.#firstOverAt = Number.POSITIVE_INFINITY;
  }

  #overAt(piece: number): number {
    return (piece + 1) * this.#span.pieceMs + this.#span.lengthMs;
  }
}

/** The calendar's span around a moment, in UTC: from its first millisecond to the first of the next. */
type CalendarSpan = (at: number) => { readonly from: number; readonly to: number };

const DAY_MS = 86_400_000;

function dayOf(at: number): { from: number; to: number } {
  const from = Math.floor(at / DAY_MS) * DAY_MS;
  return { from, to: from + DAY_MS };
}

function monthOf(at: number): { from: number; to: number } {
  const date = new Date(at);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return { from: Date.UTC(year, month, 1), to: Date.UTC(year, month + 1, 1) };
}

/** A window that begins anew with each day or month, as people keep their budgets. It is one piece, numbered by its first day. */
class CalendarWindow implements Window {
  readonly #spanOf: CalendarSpan;
  #from = Number.NEGATIVE_INFINITY;
  #to = Number.NEGATIVE_INFINITY;
  #total = 0;

  constructor(spanOf: CalendarSpan) {
    this.#spanOf = spanOf;
  }

  add(amount: number, at: number): void {
    this.#turnTo(at);
    this.#total += amount;
  }

  total(at: number): number {
    this.#turnTo(at);
    return this.#total;
  }

  freeInMs(_amount: number, at: number): number {
    this.#turnTo(at);
    return this.#to - at;
  }

  oldestAt(at: number): number {
    return this.#spanOf(at).from / DAY_MS;
  }

  momentIn(piece: number): number {
    return piece * DAY_MS;
  }

  each(at: number, visit: (piece: number, amount: number) => void): void {
    this.#turnTo(at);
    if (this.#total !== 0) visit(this.#from / DAY_MS, this.#total);
  }

  #turnTo(at: number): void {
    if (at >= this.#from && at < this.#to) return;
    // A clock that is set back over midnight must not give a budget twice.
    if (at >= this.#to) this.#total = 0;
    const { from, to } = this.#spanOf(at);
    this.#from = from;
    this.#to = to;
  }
}
