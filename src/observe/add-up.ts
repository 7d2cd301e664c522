import { RecordWriter } from './record-writer.ts';
import { DEFAULT_RETENTION } from './retention.ts';

/** Longest that it may take, ms: a database from before there were sums may have millions of calls to add. */
const WITHIN_MS = 2_000;

/**
 * Adds up what the sums in a data directory lack of its calls, for a process that is about to read them beside a gateway:
 * which carries them over now and then.
 */
export function addUp(directory: string): void {
  const writer = new RecordWriter(directory, DEFAULT_RETENTION);
  const until = performance.now() + WITHIN_MS;
  try {
    while (writer.addUp() && performance.now() < until);
  } catch {
    // Whoever may not write, or has no room to, is told what is there.
  } finally {
    writer.close();
  }
}
