import { Breaker } from '../../../src/engine/breaker.ts';
import type { Random } from '../../../src/engine/clock.ts';
import { faultOf } from '../../../src/engine/fault/index.ts';
import { DEFAULT_BREAKER } from '../../../src/engine/policy.ts';
import type { RuleMaker } from './rule.ts';

const FAULT = faultOf('server-error');
const EVENLY: Random = () => 0.5;

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
};
