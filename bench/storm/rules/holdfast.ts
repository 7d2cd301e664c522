import { Breaker } from '../../../src/engine/health/breaker.ts';
import type { Random } from '../../../src/engine/clock.ts';
import { faultOf } from '../../../src/engine/fault/index.ts';
import { DEFAULT_BREAKER } from '../../../src/engine/policy.ts';
import { seededRandom } from '../../../src/engine/random.ts';
import { windowHolds } from './chance.ts';
import type { RuleMaker } from './rule.ts';

const FAULT = faultOf('server-error');
const EVENLY: Random = () => 0.5;

/** Outcomes over which the length of a run is averaged. */
const SAMPLES = 300_000;

/** The engine's own breaker, driven outcome by outcome. */
export const holdfastRule: RuleMaker = {
  id: 'holdfast',
  name: 'Holdfast',
  make: () => {
    let breaker = new Breaker(DEFAULT_BREAKER);
    return {
      take(now, failed) {
        const permit = breaker.enter(now);
        if (permit === null) return false;
        breaker.settle(permit, failed ? FAULT : null, now, now, EVENLY);
        if (breaker.state.name === 'closed') return false;
        breaker = new Breaker(DEFAULT_BREAKER);
        return true;
      },
    };
  },
  // How long a run has to be depends on what was learnt, so that is averaged over; the chance of such a run is exact.
  hazard(rate, errors) {
    const breaker = new Breaker(DEFAULT_BREAKER);
    const random = seededRandom(1);
    const gapMs = 1000 / rate;
    let runs = 0;
    for (let taken = 0; taken < SAMPLES; taken += 1) {
      const now = taken * gapMs;
      const failed = random() < errors;
      const permit = breaker.enter(now);
      // In weather in which it opens at once there is nothing rare to be computed.
      if (permit === null) return 1;
      breaker.settle(permit, failed ? FAULT : null, now, now, EVENLY);
      if (!failed) runs += errors ** breaker.runToOpen;
    }
    const { failureRate, minimumVolume, windowMs } = DEFAULT_BREAKER;
    const window = windowHolds(rate, errors, { share: failureRate, least: minimumVolume, windowMs });
    return Math.min(1, runs / SAMPLES + window);
  },
};
