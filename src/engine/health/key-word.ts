import type { Clock } from '../clock.ts';
import type { FaultKind } from '../fault/fault.ts';
import type { Hints } from './hints.ts';
import type { Target } from '../target.ts';

/** For so long those who start later hear of a dead key, ms: then they find out for themselves. */
const KEPT_MS = 60_000;

/**
 * Tells other processes which keys this one has found dead, or alive again, and listens to what they have found: so the key
 * is refused once, and not once in every process.
 *
 * @returns stops listening
 */
export function shareDeadKeys(targets: readonly Target[], hints: Hints, clock: Clock): () => void {
  const byId = new Map(targets.map((target) => [target.id, target]));
  for (const { id, standing } of targets) {
    standing.onChange((fault) => {
      const fact = fault === null ? { kind: null, message: null } : { kind: fault.kind, message: fault.message };
      hints.tell('dead-key', id, fact, KEPT_MS);
    });
  }
  return hints.listen('dead-key', (id, { kind, message }) => {
    const standing = byId.get(id)?.standing;
    if (kind === null) standing?.clear(clock.now());
    else standing?.told(kind as FaultKind, String(message), clock.now());
  });
}
