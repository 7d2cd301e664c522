import { createHash, hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { MOST_LINE_BYTES, readLine } from './request-line.ts';

/** A line of a file, counted from 1, blank lines included. */
export interface NumberedLine {
  readonly number: number;
  readonly text: string;
}

/** What a first reading of the whole input finds. */
export interface InputFacts {
  /** Requests in it. */
  readonly lines: number;
  /** Tells whether it is the same input when the work is taken up again. */
  readonly fingerprint: string;
  /** What is wrong, by line, the first of them only. */
  readonly problems: readonly string[];
  readonly problemCount: number;
}

const SHOWN_PROBLEMS = 20;

/** The lines of a file, one by one, however large it is; blank ones are left out. @throws {Error} it cannot be read, or a line has no end */
export async function* linesOf(file: string, onChunk?: (chunk: Buffer) => void): AsyncGenerator<NumberedLine> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  let number = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>) {
    onChunk?.(chunk);
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      number += 1;
      const text = Buffer.concat([...rest, chunk.subarray(start, end)])
        .toString('utf8')
        .trim();
      rest = [];
      restBytes = 0;
      start = end + 1;
      if (text !== '') yield { number, text: withoutMark(text) };
    }
    rest.push(chunk.subarray(start));
    restBytes += chunk.length - start;
    if (restBytes > MOST_LINE_BYTES) throw new Error(`line ${number + 1} of ${file} is longer than 64 MiB`);
  }
  const last = Buffer.concat(rest).toString('utf8').trim();
  if (last !== '') yield { number: number + 1, text: withoutMark(last) };
}

/** Reads the input through, before anything is sent: what is wrong in its last line is better known at once. */
export async function inspect(file: string): Promise<InputFacts> {
  const whole = createHash('sha256');
  const seen = new Set<number>();
  const problems: string[] = [];
  let problemCount = 0;
  let lines = 0;
  const note = (number: number, problem: string): void => {
    problemCount += 1;
    if (problems.length < SHOWN_PROBLEMS) problems.push(`line ${number}: ${problem}`);
  };
  for await (const { number, text } of linesOf(file, (chunk) => whole.update(chunk))) {
    lines += 1;
    const line = readLine(text);
    if (line.kind === 'wrong') note(number, line.problem);
    else {
      // Six bytes of a hash instead of the id: a million of them fit into some tens of megabytes.
      const mark = hash('sha1', line.request.customId, 'buffer').readUIntBE(0, 6);
      if (seen.has(mark))
        note(number, `custom_id ${JSON.stringify(line.request.customId)} stands in an earlier line already`);
      seen.add(mark);
    }
  }
  return { lines, fingerprint: whole.digest('hex'), problems, problemCount };
}

/** Editors of some systems put a mark before the first letter of a file. */
function withoutMark(text: string): string {
  return text.startsWith('\u{feff}') ? text.slice(1) : text;
}
