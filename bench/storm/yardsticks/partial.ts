import { figure, type Figure } from '../../figures.ts';
import { amplification, answeredShare, medianOf, worstOf } from '../measures.ts';
import { holdfast } from '../policies/holdfast.ts';
import { POLICIES } from '../policies/index.ts';
import { ONSET, someOfTheCalls } from '../scenes.ts';
import { shown, table, type Yardstick } from './yardstick.ts';

const AS_SHIPPED = { attemptMs: null } as const;

/** The bad time that is judged, s: by then whatever is learnt has been learnt, and unlearnt. */
const UNTIL = 240;

/** Faults that hit some of the calls of a lone provider, whatever anybody does: caution is of no use here, only harm. */
const KINDS = [
  { fault: 'server-error', share: 0.05, atLeast: 0.995 },
  { fault: 'server-error', share: 0.2, atLeast: 0.98 },
  { fault: 'overloaded', share: 0.05, atLeast: 0.995 },
  { fault: 'overloaded', share: 0.2, atLeast: 0.98 },
  { fault: 'hang-after-opening', share: 0.01, atLeast: 0.99 },
  { fault: 'reset-before-headers', share: 0.1, atLeast: 0.99 },
] as const;

/** Some calls of a busy provider fail, and there is no other: is everybody else still served? */
export const partialFaults: Yardstick = {
  id: 'partial',
  title:
    'A lone provider fails some of its calls, 70 calls/s with answers of seconds: share answered, attempts per call',

  async measure(lab) {
    const figures: Figure[] = [];
    const rows = new Map<string, string[]>(POLICIES.map(({ id, name }) => [id, [name]]));
    for (const { fault, share, atLeast } of KINDS) {
      for (const policy of POLICIES) {
        // A plain client has no timer for a stream that falls silent, and would wait to the end of days.
        const patient = fault !== 'hang-after-opening' || policy.id.startsWith(holdfast.id);
        const row = rows.get(policy.id) as string[];
        if (!patient) {
          row.push('waits for ever');
          continue;
        }
        const tales = await lab.tales(policy, `some ${fault} ${share}`, someOfTheCalls(fault, share), AS_SHIPPED);
        const answered = tales.map((tale) => answeredShare(tale, ONSET, UNTIL));
        const attempts = medianOf(tales.map((tale) => amplification(tale, ONSET, UNTIL)));
        row.push(`${shown(answered, 'more', 4)}, ${attempts.toFixed(2)}`);
        if (policy !== holdfast) continue;
        const id = `partial.${fault.replaceAll('-', '_')}_${share * 100}_percent.answered`;
        figures.push(figure(id, worstOf(answered, 'more'), 'of the calls', { atLeast }, 4));
      }
    }
    const heads = KINDS.map(({ fault, share }) => `${share * 100} % ${fault}`);
    return { figures, page: table(['client', ...heads], [...rows.values()]) };
  },
};
