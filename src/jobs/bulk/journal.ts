import { closeSync, fstatSync, ftruncateSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { parseJson } from '../../engine/parse-json.ts';
import { linesOf } from './input.ts';

/** What a finished request leaves in the journal. */
export interface JournalEntry {
  /** Number of the request's line in the input, from 1. */
  readonly line: number;
  /** The line of the output. */
  readonly answer: string;
  /** The kind of fault; null when it was answered. */
  readonly fault: string | null;
  readonly cost: number | null;
}

/** What was done before, and where it stands. */
interface Place {
  readonly at: number;
  readonly bytes: number;
  readonly failed: boolean;
}

/** Sums over everything that is done. */
export interface Done {
  readonly answered: number;
  readonly failed: number;
  /** Failed requests by the kind of their fault. */
  readonly faults: ReadonlyMap<string, number>;
  /** Millionths of a US dollar, as far as known. */
  readonly cost: number;
  readonly unpriced: number;
}

const NEWLINE = 10;

/**
 * The memory of a bulk that outlives its process: a file to which each finished request is appended at once. Whoever takes the
 * work up again goes on with what is not in it; half a line, which a sudden end may leave, counts as not written.
 */
export class Journal {
  readonly #path: string;
  readonly #fd: number;
  readonly #places = new Map<number, Place>();
  readonly #faults = new Map<string, number>();
  #end = 0;
  #answered = 0;
  #cost = 0;
  #unpriced = 0;

  private constructor(path: string, fd: number) {
    this.#path = path;
    this.#fd = fd;
  }

  /**
   * Opens the journal of an input; makes it when the work begins.
   *
   * @throws {Error} it belongs to another input, or cannot be read or written
   */
  static async open(path: string, fingerprint: string): Promise<Journal> {
    const fd = openSync(path, 'a+');
    try {
      const journal = new Journal(path, fd);
      journal.#cutHalfLine();
      if (fstatSync(fd).size === 0) journal.#append(JSON.stringify({ holdfast: 'bulk', input: fingerprint }));
      else await journal.#read(fingerprint);
      return journal;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  get done(): Done {
    const failed = [...this.#faults.values()].reduce((sum, count) => sum + count, 0);
    return { answered: this.#answered, failed, faults: this.#faults, cost: this.#cost, unpriced: this.#unpriced };
  }

  has(line: number): boolean {
    return this.#places.has(line);
  }

  /** Whether a line that is done has failed. */
  hasFailed(line: number): boolean {
    return this.#places.get(line)?.failed === true;
  }

  /** @throws {Error} the disk is full, say: then it is as if the request had not been made */
  add(entry: JournalEntry): void {
    const { line, answer, fault, cost } = entry;
    this.#note(entry, this.#end, this.#append(JSON.stringify([line, answer, fault, cost])));
  }

  /** The output's line for a line of the input. @throws {Error} it is not done, or the journal was changed */
  answerOf(line: number): string {
    const place = this.#places.get(line);
    if (place === undefined) throw new Error(`line ${line} is not done`);
    const bytes = Buffer.alloc(place.bytes);
    readSync(this.#fd, bytes, 0, place.bytes, place.at);
    return entryOf(bytes.toString('utf8')).answer;
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** For when everything has been handed over. */
  remove(): void {
    this.close();
    rmSync(this.#path);
  }

  async #read(fingerprint: string): Promise<void> {
    let isHead = true;
    for await (const { text } of linesOf(this.#path)) {
      const bytes = Buffer.byteLength(text) + 1;
      if (isHead) requireSame(text, fingerprint, this.#path);
      else this.#note(entryOf(text), this.#end, bytes);
      isHead = false;
      this.#end += bytes;
    }
  }

  #note({ line, fault, cost }: JournalEntry, at: number, bytes: number): void {
    this.#places.set(line, { at, bytes, failed: fault !== null });
    if (fault === null) this.#answered += 1;
    else this.#faults.set(fault, (this.#faults.get(fault) ?? 0) + 1);
    if (cost === null) this.#unpriced += 1;
    else this.#cost += cost;
  }

  /** @returns how many bytes were appended */
  #append(text: string): number {
    const bytes = Buffer.from(`${text}\n`);
    const start = this.#end;
    try {
      for (let written = 0; written < bytes.length;) written += writeSync(this.#fd, bytes, written);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(
        `${this.#path} cannot be written (${why}). Make room and go on with the same command: what stands in it is not sent again.`,
        { cause: error },
      );
    }
    this.#end = start + bytes.length;
    return bytes.length;
  }

  /** A process that was killed, or a disk that was full, may have left half a line behind. */
  #cutHalfLine(): void {
    const { size } = fstatSync(this.#fd);
    const block = Buffer.alloc(1 << 16);
    for (let end = size; end > 0;) {
      const start = Math.max(0, end - block.length);
      const read = readSync(this.#fd, block, 0, end - start, start);
      const newline = block.subarray(0, read).lastIndexOf(NEWLINE);
      if (newline >= 0) return void (start + newline + 1 < size && ftruncateSync(this.#fd, start + newline + 1));
      end = start;
    }
    if (size > 0) ftruncateSync(this.#fd, 0);
  }
}

function requireSame(head: string, fingerprint: string, path: string): void {
  const { holdfast, input } = parseJson(head) as { readonly holdfast?: unknown; readonly input?: unknown };
  if (holdfast !== 'bulk') throw new Error(`${path} is no journal of a bulk; move it away, or write to another --out`);
  if (input === fingerprint) return;
  throw new Error(
    `${path} is the journal of another input: the file has changed since it was begun. Write to another --out, or delete the journal to begin anew.`,
  );
}

function entryOf(text: string): JournalEntry {
  const [line, answer, fault, cost] = parseJson(text) as [number, string, string | null, number | null];
  return { line, answer, fault, cost };
}
