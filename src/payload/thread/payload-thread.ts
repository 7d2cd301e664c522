import { Worker } from 'node:worker_threads';
import type { Summarise } from '../fit/summaries.ts';
import type { PromptCount } from '../tokens/count.ts';
import type { Answers, FitAnswer, FitQuestion, FromPayloadWorker, Question, ToPayloadWorker } from './messages.ts';
import { UnreadablePrompt } from './unreadable-prompt.ts';

/** Bytes that may wait for the thread; what comes on top is refused, so that a crowd of huge prompts cannot eat the memory. */
const MOST_WAITING_BYTES = 256 * 1024 * 1024;

/** Room for the parsed form of the largest body that a gateway takes by default (64 MiB), and a vocabulary or two. */
const HEAP_MB = 1024;

interface Waiting {
  readonly bytes: number;
  readonly summarise: Summarise | null;
  readonly resolve: (answer: Answers[keyof Answers]) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The thread for work on prompts that takes longer than an event loop may stand still: an exact count is some 100 µs for
 * each kilobyte, and hostile texts take a hundred times that. Started when first asked; a thread that dies is replaced, and
 * whoever waited for it is told.
 */
export class PayloadThread {
  #worker: Worker | null = null;
  readonly #waiting = new Map<number, Waiting>();
  #waitingBytes = 0;
  #lastId = 0;

  /**
   * Counts a prompt.
   *
   * @param what a request of Chat Completions, Responses or Embeddings, as JSON; or a text alone.
   * @param model whose tokens are counted; null: the model that the request names.
   * @throws {UnreadablePrompt} it is no request that has a prompt.
   */
  count(what: Uint8Array | string, model: string | null): Promise<PromptCount> {
    const question = typeof what === 'string' ? { text: what } : { body: what };
    return this.#ask({ kind: 'count', what: question, model }, what.length, null);
  }

  /**
   * Makes a prompt fit its model, or says that it does.
   *
   * @param summarise asked for the summaries that are needed; null: there is nobody to ask.
   * @throws {UnreadablePrompt} it is no request that has a conversation.
   */
  fit(question: Omit<FitQuestion, 'kind'>, summarise: Summarise | null): Promise<FitAnswer> {
    return this.#ask({ kind: 'fit', ...question }, question.body.length, summarise);
  }

  /** Ends the thread; whoever still waits is told so. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#lose('it was closed');
    await worker?.terminate();
  }

  #ask<Kind extends Question['kind']>(
    question: Question & { kind: Kind },
    bytes: number,
    summarise: Summarise | null,
  ): Promise<Answers[Kind]> {
    return new Promise((resolve, reject) => {
      if (this.#waitingBytes + bytes > MOST_WAITING_BYTES) {
        reject(new Error('too many prompts wait to be counted'));
        return;
      }
      const id = (this.#lastId += 1);
      const worker = (this.#worker ??= this.#start());
      worker.postMessage({ kind: 'ask', id, question } satisfies ToPayloadWorker);
      if (this.#waiting.size === 0) worker.ref();
      this.#waitingBytes += bytes;
      this.#waiting.set(id, { bytes, summarise, resolve: resolve as Waiting['resolve'], reject });
    });
  }

  #start(): Worker {
    // The compiler rewrites import paths, but not this one.
    const file = import.meta.url.endsWith('.ts') ? './payload.worker.ts' : './payload.worker.js';
    const worker = new Worker(new URL(file, import.meta.url), {
      name: 'holdfast-payload',
      // Not the process's own flags: some of them (`--input-type`, loaders) are wrong for a worker.
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
    worker.on('message', (message: FromPayloadWorker) => this.#hear(message));
    const lost = (reason: string): void => {
      if (this.#worker === worker) this.#lose(reason);
    };
    worker.on('error', (error) => lost(String(error)));
    worker.on('exit', (code) => lost(`exit code ${code}`));
    // Only a question under way keeps the process alive.
    worker.unref();
    return worker;
  }

  #hear(message: FromPayloadWorker): void {
    const waiting = this.#waiting.get(message.id);
    if (waiting === undefined) return;
    if (message.kind === 'sum-up') {
      void this.#sumUp(waiting.summarise, message.textId, message.text);
      return;
    }
    this.#waiting.delete(message.id);
    this.#waitingBytes -= waiting.bytes;
    if (this.#waiting.size === 0) this.#worker?.unref();
    if (message.kind === 'answer') waiting.resolve(message.answer);
    else waiting.reject(message.unreadable ? new UnreadablePrompt(message.reason) : new Error(message.reason));
  }

  async #sumUp(summarise: Summarise | null, textId: number, text: string): Promise<void> {
    const worker = this.#worker;
    let summary: string | null = null;
    let reason = 'no summariser is configured';
    try {
      if (summarise !== null) summary = await summarise(text);
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
    // The thread that asked may be gone by now, and another would not know what this is.
    if (this.#worker === worker) {
      worker?.postMessage({ kind: 'summary', textId, summary, reason } satisfies ToPayloadWorker);
    }
  }

  #lose(reason: string): void {
    this.#worker = null;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#waitingBytes = 0;
    for (const { reject } of waiting) reject(new Error(`the thread that works on prompts is gone: ${reason}`));
  }
}
