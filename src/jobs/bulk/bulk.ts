import { answerLine, type BulkAnswer } from './answer-line.ts';
import type { Journal } from './journal.ts';
import type { NumberedLine } from './input.ts';
import { type BulkRequest, readLine } from './request-line.ts';

/** What a sender says of a request. `later`: it failed in a way that time may heal. */
export type Sent =
  | { readonly kind: 'done'; readonly answer: BulkAnswer }
  | { readonly kind: 'later'; readonly answer: BulkAnswer; readonly afterMs: number };

/** Sends one request and gives what came of it. Must not throw. */
export type Send = (request: BulkRequest) => Promise<Sent>;

export interface BulkOptions {
  readonly lines: AsyncIterable<NumberedLine>;
  readonly journal: Journal;
  readonly send: Send;
  /** Requests under way at most; how many of them a provider is sent at a time, its pacing decides. */
  readonly concurrency: number;
  /** How often a request is sent that fails in a way that time may heal. */
  readonly attempts: number;
  /** Waits; ends early when the work is to stop. */
  readonly wait: (ms: number) => Promise<void>;
  /** The work is to stop: nothing new is begun, what is under way ends. */
  readonly stopping: () => boolean;
}

/** A failure that time may heal is waited for a little longer each time, to this at most, ms. */
const LONGEST_WAIT_MS = 60_000;
const FIRST_WAIT_MS = 1_000;

/**
 * Sends every request that is not in the journal yet, so many at a time, and writes each into it as it ends.
 *
 * @throws {Error} the journal cannot be written; what is under way ends first
 */
export async function runBulk(options: BulkOptions): Promise<void> {
  const { lines, journal, concurrency, stopping } = options;
  const underWay = new Set<Promise<void>>();
  const trouble: unknown[] = [];
  for await (const { number, text } of lines) {
    if (stopping() || trouble.length > 0) break;
    if (journal.has(number)) continue;
    const line = readLine(text);
    // The input was found good before; should it have changed meanwhile, the journal would not fit it.
    if (line.kind === 'wrong') throw new Error(`line ${number}: ${line.problem}`);
    const work = finish(number, line.request, options)
      .catch((error: unknown) => void trouble.push(error))
      .finally(() => underWay.delete(work));
    underWay.add(work);
    if (underWay.size >= concurrency) await Promise.race(underWay);
  }
  await Promise.all(underWay);
  if (trouble.length > 0) throw trouble[0];
}

async function finish(number: number, request: BulkRequest, options: BulkOptions): Promise<void> {
  const { journal, send, attempts, wait, stopping } = options;
  for (let attempt = 1; ; attempt += 1) {
    const sent = await send(request);
    const again = sent.kind === 'later' && attempt < attempts;
    if (!again) {
      const { answer } = sent;
      journal.add({
        line: number,
        answer: answerLine(request.customId, answer),
        fault: answer.fault,
        cost: answer.cost,
      });
      return;
    }
    // Left for the next time: it has not failed for good.
    if (stopping()) return;
    await wait(Math.min(LONGEST_WAIT_MS, Math.max(sent.afterMs, FIRST_WAIT_MS * 2 ** (attempt - 1))));
    if (stopping()) return;
  }
}
