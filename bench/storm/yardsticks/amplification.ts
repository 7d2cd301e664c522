import { amplification } from '../measures.ts';
import { holdfast, holdfastUnbroken } from '../policies/holdfast.ts';
import { POLICIES } from '../policies/index.ts';
import { fastOutage, ONSET } from '../scenes.ts';
import { medianAndWorst, shown, table, type Yardstick } from './yardstick.ts';

/** Attempts for each arrival while every request is refused at once. */
export const amplificationInOutage: Yardstick = {
  id: 'amplification',
  title: 'Attempts per call in a minute of fast 503, 70 calls/s',

  async measure(lab) {
    const values = new Map<string, number[]>();
    for (const policy of POLICIES) {
      const tales = await lab.tales(policy, 'fast-outage', fastOutage());
      values.set(
        policy.id,
        tales.map((tale) => amplification(tale, ONSET, ONSET + 60)),
      );
    }
    const of = (id: string): number[] => values.get(id) ?? [];
    return {
      figures: [
        ...medianAndWorst('amplification.breaker_off', of(holdfastUnbroken.id), 'attempts/call', { atMost: 1.02 }, 3),
        ...medianAndWorst('amplification.breaker_on', of(holdfast.id), 'attempts/call', { atMost: 0.05 }, 3),
      ],
      page: table(
        ['client', 'attempts per call, median (worst)'],
        POLICIES.map(({ id, name }) => [name, shown(of(id), 'less', 3)]),
      ),
    };
  },
};
