import { Worker } from 'node:worker_threads';
import type { PromptCount } from '../tokens/count.ts';
import type { Answers, FromPayloadWorker, Question, ToPayloadWorker } from './messages.ts';
import { UnreadablePrompt } from './unreadable-prompt.ts';

/** Bytes that may wait for the thread; what comes on top is refused, so that a crowd of huge prompts cannot eat the memory. */
const MOST_WAITING_BYTES = 256 * 1024 * 1024;

/** Room for the parsed form of the largest body that a gateway takes by default (64 MiB), and a vocabulary or two. */
const HEAP_MB = 1024;

interface Waiting {
  readonly bytes: number;
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
    return this.#ask({ kind: 'count', what: question, model }, what.length);
  }

  /** Ends the thread; whoever still waits is told so. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#lose('it was closed');
    await worker?.terminate();
  }

  #ask<Kind extends Question['kind']>(question: Question & { kind: Kind }, bytes: number): Promise<Answers[Kind]> {
    return new Promise((resolve, reject) => {
      if (this.#waitingBytes + bytes > MOST_WAITING_BYTES) {
        reject(new Error('too many prompts wait to be counted'));
        return;
      }
      const id = (this.#lastId += 1);
      const worker = (this.#worker ??= this.#start());
      worker.postMessage({ id, question } satisfies ToPayloadWorker);
      if (this.#waiting.size === 0) worker.ref();
      this.#waitingBytes += bytes;
      this.#waiting.set(id, { bytes, resolve: resolve as Waiting['resolve'], reject });
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
    this.#waiting.delete(message.id);
    this.#waitingBytes -= waiting.bytes;
    if (this.#waiting.size === 0) this.#worker?.unref();
    if ('answer' in message) waiting.resolve(message.answer);
    else waiting.reject(message.unreadable ? new UnreadablePrompt(message.failure) : new Error(message.failure));
  }

  #lose(reason: string): void {
    this.#worker = null;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#waitingBytes = 0;
    for (const { reject } of waiting) reject(new Error(`the thread that works on prompts is gone: ${reason}`));
  }
}
