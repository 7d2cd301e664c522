import { createWriteStream, renameSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import type { Journal } from './journal.ts';
import { linesOf } from './input.ts';

export interface Outputs {
  /** Every answer, in the order of the input. */
  readonly out: string;
  /** The requests that failed, as they stood in the input: an input for another time. */
  readonly failed: string;
}

/** Writes what came of everything. Both files appear whole, or not at all. @throws {Error} a request is not done */
export async function handOver(input: string, journal: Journal, { out, failed }: Outputs): Promise<void> {
  const answers = new PartFile(out);
  const failures = new PartFile(failed);
  for await (const { number, text } of linesOf(input)) {
    await answers.line(journal.answerOf(number));
    if (journal.hasFailed(number)) await failures.line(text);
  }
  await answers.publish();
  if (journal.done.failed > 0) await failures.publish();
  else await failures.discard();
}

/** A file that is written beside its place and moved there once it is whole. */
class PartFile {
  readonly #path: string;
  readonly #stream: ReturnType<typeof createWriteStream>;

  constructor(path: string) {
    this.#path = path;
    this.#stream = createWriteStream(`${path}.part`);
    // Told by `finished` when it is published.
    this.#stream.on('error', () => undefined);
  }

  async line(text: string): Promise<void> {
    if (!this.#stream.write(`${text}\n`)) await once(this.#stream, 'drain');
  }

  async publish(): Promise<void> {
    this.#stream.end();
    await finished(this.#stream);
    renameSync(`${this.#path}.part`, this.#path);
  }

  async discard(): Promise<void> {
    this.#stream.end();
    await finished(this.#stream);
    rmSync(`${this.#path}.part`);
    // From an earlier time, when some had failed.
    rmSync(this.#path, { force: true });
  }
}
