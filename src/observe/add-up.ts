import { openKeeper } from './open-keeper.ts';
import type { RecordPlace } from './record-place.ts';
import { DEFAULT_RETENTION } from './retention.ts';

/** Longest that it may take, ms: a database from before there were sums may have millions of calls to add. */
const WITHIN_MS = 2_000;

/**
 * Adds up what the sums lack of the calls, for a process that is about to read them beside a gateway: which carries them over
 * now and then.
 */
export async function addUp(place: RecordPlace): Promise<void> {
  const keeper = await openKeeper(place, DEFAULT_RETENTION);
  const until = performance.now() + WITHIN_MS;
  try {
    while ((await keeper.addUp(Date.now())) && performance.now() < until);
  } catch {
    // Whoever may not write, or has no room to, is told what is there.
  } finally {
    await keeper.close();
  }
}
