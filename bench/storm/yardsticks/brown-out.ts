import { figure } from '../../figures.ts';
import type { Lab } from '../lab.ts';
import { amplification, answeredShare, lost, timeToRecover } from '../measures.ts';
import { holdfast } from '../policies/holdfast.ts';
import { POLICIES } from '../policies/index.ts';
import type { Policy } from '../policies/policy.ts';
import { brownOut, CAPACITY, ONSET } from '../scenes.ts';
import { medianAndWorst, shown, table, type Yardstick } from './yardstick.ts';

const LOADS = [0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2] as const;

/** A load is borne when four seeds of five recover within a minute. */
const BORNE = { within: 60, share: 0.8 } as const;

/** Triggers besides the usual ten seconds. */
const SHORT = 4;
const USUAL = 10;
const LONG = 30;

/** The highest load that a client's traffic recovers from by itself; 0 when there is none. */
async function criticalLoad(lab: Lab, policy: Policy, seconds: number): Promise<number> {
  for (const load of LOADS) if (await bears(lab, policy, load, seconds)) return load;
  return 0;
}

async function bears(lab: Lab, policy: Policy, load: number, seconds: number): Promise<boolean> {
  let mayFail = Math.floor((1 - BORNE.share) * lab.extent.seeds + 1e-9);
  for (const seed of lab.seeds) {
    const tale = await lab.tell(policy, `brown-out ${load} ${seconds}`, brownOut(load, seconds), seed);
    if (timeToRecover(tale, 20, ONSET, ONSET + seconds) > BORNE.within) mayFail -= 1;
    // A load that is lost already needs no more seeds.
    if (mayFail < 0) return false;
  }
  return true;
}

/** What a brown-out does: does the system come back by itself, how soon, and at what price? */
export const afterBrownOut: Yardstick = {
  id: 'brown-out',
  title: 'A brown-out to a fifth of the capacity: the highest load that recovers, and how the recovery goes at 90 %',

  async measure(lab) {
    const rows: string[][] = [];
    const critical = new Map<string, number[]>();
    for (const policy of POLICIES) {
      const loads: number[] = [];
      for (const seconds of [SHORT, USUAL, LONG]) loads.push(await criticalLoad(lab, policy, seconds));
      critical.set(policy.id, loads);
      const high = await atHighLoad(lab, policy);
      rows.push([
        policy.name,
        ...loads.map((load) => (load === 0 ? 'none' : load.toFixed(2))),
        shown(high.amplification, 'less', 2),
        shown(high.after, 'more', 3),
        shown(high.seconds, 'less', 0),
        shown(high.lost, 'less', 2),
      ]);
    }
    const [short, usual, long] = critical.get(holdfast.id) ?? [];
    const own = await atHighLoad(lab, holdfast);
    const atLeast = { atLeast: 0.95 };
    return {
      figures: [
        figure('critical_load', usual ?? 0, 'of capacity', atLeast, 2),
        figure('critical_load.short_trigger', short ?? 0, 'of capacity', atLeast, 2),
        figure('critical_load.long_trigger', long ?? 0, 'of capacity', atLeast, 2),
        ...medianAndWorst('recovery_at_0.9.seconds', own.seconds, 's', { atMost: 3 }, 0),
        ...medianAndWorst('recovery_at_0.9.lost_to_unavoidable', own.lost, 'ratio', { atMost: 1.1 }, 2),
      ],
      page: table(
        [
          'client',
          `highest load, ${SHORT} s`,
          `${USUAL} s`,
          `${LONG} s`,
          'at 0.9: attempts per call within',
          'answered after',
          'seconds to recover',
          'lost ÷ unavoidable',
        ],
        rows,
      ),
    };
  },
};

/** How it goes at nine tenths of the capacity. */
async function atHighLoad(lab: Lab, policy: Policy) {
  const load = 0.9;
  const tales = await lab.tales(policy, `brown-out ${load} ${USUAL}`, brownOut(load, USUAL));
  const end = ONSET + USUAL;
  const unavoidable = (load - 0.2) * CAPACITY * USUAL;
  return {
    amplification: tales.map((tale) => amplification(tale, ONSET, end)),
    after: tales.map((tale) => answeredShare(tale, 200, 290)),
    seconds: tales.map((tale) => timeToRecover(tale, 20, ONSET, end)),
    lost: tales.map((tale) => lost(tale, ONSET, 300) / unavoidable),
  };
}
