import { Latency } from '../../../src/engine/health/latency.ts';
import { Suspicion } from '../../../src/engine/health/suspicion.ts';
import { seededRandom } from '../../../src/engine/random.ts';

/**
 * Share of the calls that are kept from a target for nothing: it always fails so many of them, each by itself, and another
 * stands. Three failures in a row are enough for that, so it happens; and it ends with the first calls that are tried again.
 */
export function detourShare(rate: number, errors: number, seed: number, calls: number): number {
  const suspicion = new Suspicion(true, new Latency());
  const random = seededRandom(seed);
  let now = 0;
  let kept = 0;
  for (let call = 0; call < calls; call += 1) {
    now -= (1000 / rate) * Math.log(1 - random());
    if (suspicion.avoid(now, random)) kept += 1;
    else suspicion.ended(suspicion.sent(now), random() < errors ? 'failure' : 'success', now);
  }
  return kept / calls;
}
