import type { Clock } from '../clock.ts';
import type { Hints } from './hints.ts';
import type { Target } from '../target.ts';

/** For so long those who start later hear that a target was found down or well, ms: an older word is worth no more than a look. */
const KEPT_MS = 30_000;

/**
 * Tells other processes which targets this one has found down, and listens to what they have found. Word is a hint, no
 * order: the network of the one that tells may be what is broken. Who hears that a target is down prefers others until a
 * call there goes well; who hears that it is well again looks for itself at once.
 *
 * @returns stops listening
 */
export function shareBreakers(targets: readonly Target[], hints: Hints, clock: Clock): () => void {
  const byId = new Map(targets.map((target) => [target.id, target]));
  for (const { id, breaker } of targets) {
    breaker.onChange((state) => {
      if (state !== 'half-open') hints.tell('breaker', id, { open: state === 'open' }, KEPT_MS);
    });
  }
  return hints.listen('breaker', (id, { open }) => {
    const target = byId.get(id);
    if (open === true) target?.suspicion.warned();
    else if (open === false) target?.breaker.probeSoon(clock.now());
  });
}
