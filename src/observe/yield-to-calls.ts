import { readlinkSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { basename } from 'node:path';

/** Steps down by which this thread yields to the one that carries the calls; it still gets a quarter of a core that both want. */
const YIELDS = 5;

/**
 * Calls go before their records: on a single core a batch of these would otherwise hold up every call that comes within its
 * millisecond. Linux alone gives each thread a priority of its own, and names it where this looks.
 */
export function yieldToCalls(): void {
  try {
    setPriority(Number(basename(readlinkSync('/proc/thread-self'))), Math.min(19, getPriority() + YIELDS));
  } catch {
    // Then both are served alike.
  }
}
