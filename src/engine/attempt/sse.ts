const LF = 10;
const CR = 13;
const COLON = 58;
const SPACE = 32;

/** Receives each event of a stream as the byte range it came in. */
export interface EventVisitor {
  /**
   * One event; between `start` and `end` stand its data lines only (joined by LF when there were several).
   * @returns false to stop reading.
   */
  onEvent(bytes: Buffer, start: number, end: number): boolean;
  /** Whether the event it was shown last is to be left out of what is handed on. */
  readonly unwanted: boolean;
  /** A line that is no SSE at all, such as a bare JSON or HTML body. Returns false to stop reading. */
  onStray(line: Buffer): boolean;
}

/**
 * Reads server-sent events from bytes, without strings or regular expressions until an event is whole.
 * Understands LF and CRLF line ends, comments, several data lines and events split anywhere between chunks
 * (WHATWG HTML, "Server-sent events"); a bare CR as line end is not used by any provider and is not understood.
 */
export class SseScanner {
  readonly #visitor: EventVisitor;
  readonly #maxEventBytes: number;
  #carried: Buffer[] = [];
  #carriedBytes = 0;

  /** @param maxEventBytes an event larger than this stops the scan with `overflowed` set. */
  constructor(visitor: EventVisitor, maxEventBytes: number) {
    this.#visitor = visitor;
    this.#maxEventBytes = maxEventBytes;
  }

  /** Bytes of an event that has begun and not ended. */
  get carriedBytes(): number {
    return this.#carriedBytes;
  }

  get overflowed(): boolean {
    return this.#carriedBytes > this.#maxEventBytes;
  }

  /**
   * Scans a chunk, visiting each event that is now whole.
   * @returns the bytes that may be handed on: whole events only, up to but without one at which the visitor stopped.
   */
  push(chunk: Buffer): Buffer | null {
    if (this.#carriedBytes > 0) {
      this.#carried.push(chunk);
      this.#carriedBytes += chunk.length;
      // Joining at every chunk would be quadratic in a large event; only a line end can complete one.
      if (chunk.indexOf(LF) < 0) return null;
      chunk = Buffer.concat(this.#carried, this.#carriedBytes);
      this.#carried = [];
      this.#carriedBytes = 0;
    }
    const done = this.#scan(chunk);
    if (done < chunk.length && !this.#stopped) {
      this.#carried.push(done === 0 ? chunk : chunk.subarray(done));
      this.#carriedBytes = chunk.length - done;
    }
    if (this.#cuts !== null) return this.#withoutCuts(chunk, done);
    return done === 0 ? null : done === chunk.length ? chunk : chunk.subarray(0, done);
  }

  /** Where unwanted events begin and end in the chunk, in turn; null when there are none, as nearly always. */
  #cuts: number[] | null = null;

  #withoutCuts(chunk: Buffer, done: number): Buffer | null {
    const cuts = this.#cuts ?? [];
    this.#cuts = null;
    const kept: Buffer[] = [];
    let from = 0;
    for (let index = 0; index < cuts.length; index += 2) {
      kept.push(chunk.subarray(from, cuts[index]));
      from = cuts[index + 1] as number;
    }
    kept.push(chunk.subarray(from, done));
    const bytes = Buffer.concat(kept);
    return bytes.length === 0 ? null : bytes;
  }

  #stopped = false;

  /** Returns where the last whole event that was accepted ends. */
  #scan(bytes: Buffer): number {
    let done = 0;
    // Where the event's data stands: in the chunk itself, unless several lines had to be joined.
    let joined: Buffer | null = null;
    let from = -1;
    let to = 0;
    for (let at = 0; at < bytes.length;) {
      const lf = bytes[at] === LF ? at : bytes.indexOf(LF, at);
      if (lf < 0) break;
      const end = lf > at && bytes[lf - 1] === CR ? lf - 1 : lf;
      if (end === at) {
        if (from >= 0 && !this.#visitor.onEvent(joined ?? bytes, from, to)) return this.#stop(done);
        if (from >= 0 && this.#visitor.unwanted) (this.#cuts ??= []).push(done, lf + 1);
        joined = null;
        from = -1;
        done = lf + 1;
      } else {
        const value = dataStart(bytes, at, end);
        if (value >= 0 && from < 0) {
          from = value;
          to = end;
        } else if (value >= 0) {
          joined = Buffer.concat([(joined ?? bytes).subarray(from, to), NEWLINE, bytes.subarray(value, end)]);
          from = 0;
          to = joined.length;
        } else if (isStray(bytes, at) && !this.#visitor.onStray(bytes.subarray(at, end))) return this.#stop(done);
      }
      at = lf + 1;
    }
    return done;
  }

  #stop(done: number): number {
    this.#stopped = true;
    return done;
  }

  /** Visits what is left when the body has ended: servers forget the last blank line. Returns the bytes to hand on. */
  finish(): Buffer | null {
    if (this.#carriedBytes === 0 || this.#stopped) return null;
    return this.push(BLANK_LINE);
  }
}

const NEWLINE = Buffer.from('\n');
const BLANK_LINE = Buffer.from('\n\n');
const DATA = Buffer.from('data');

/** Where the value of a `data` line begins, or -1 when the line is of another field. */
function dataStart(bytes: Buffer, at: number, end: number): number {
  for (let k = 0; k < 4; k += 1) if (bytes[at + k] !== DATA[k]) return -1;
  if (at + 4 === end) return end;
  if (bytes[at + 4] !== COLON) return -1;
  return bytes[at + 5] === SPACE && at + 5 < end ? at + 6 : at + 5;
}

/**
 * `{`, `[`, `<`, a control character or half of a letter at a line's start: a body in another format, compressed or not,
 * where SSE would have a field name (or, before the first, a byte order mark).
 */
function isStray(bytes: Buffer, at: number): boolean {
  const first = bytes[at] as number;
  if (first < 0x20 || first >= 0x7f) return first !== BYTE_ORDER_MARK;
  return first === 0x7b || first === 0x5b || first === 0x3c;
}

/** The first of its three bytes in UTF-8. */
const BYTE_ORDER_MARK = 0xef;
