import type { Tale } from '../../../src/simulator/virtual/tally.ts';
import type { Lab } from '../lab.ts';
import { amplification, answeredShare, medianOf } from '../measures.ts';
import { holdfast } from '../policies/holdfast.ts';
import { POLICIES } from '../policies/index.ts';
import type { Policy } from '../policies/policy.ts';
import { BAD_HOURS, decemberOf2024, juneOf2025 } from '../scenes.ts';
import { table, type Yardstick } from './yardstick.ts';

const AS_SHIPPED = { attemptMs: null } as const;

const DAYS = [
  { id: 'june', name: 'like 10 June 2025: 25 % errors for 4 h', scene: juneOf2025 },
  { id: 'december', name: 'like 26 December 2024: one provider gone for 4 h', scene: decemberOf2024 },
] as const;

/** Two bad days as they happened, hour by hour: who was served, with how much extra load, at what cost. */
export const longDays: Yardstick = {
  id: 'long-days',
  title: 'Two bad days: calls of the bad hours that were answered, attempts per call, tokens paid per token had',

  async measure(lab) {
    const rows: string[][] = [];
    for (const { id, name, scene } of DAYS) {
      for (const policy of POLICIES) {
        rows.push([name, policy.name, ...(await row(lab, policy, `${id} alone`, scene(false)))]);
      }
      rows.push([
        name,
        `${holdfast.name}, with a second provider`,
        ...(await row(lab, holdfast, `${id} two`, scene(true))),
      ]);
    }
    return {
      figures: [],
      page: table(['weather', 'client', 'answered', 'attempts per call', 'tokens paid ÷ had'], rows),
    };
  },
};

async function row(lab: Lab, policy: Policy, name: string, scene: Parameters<Lab['tell']>[2]): Promise<string[]> {
  const tales = await lab.tales(policy, name, scene, AS_SHIPPED);
  const middle = (of: (tale: Tale) => number): number => medianOf(tales.map(of));
  const { from, to } = BAD_HOURS;
  return [
    `${(100 * middle((tale) => answeredShare(tale, from, to))).toFixed(2)} %`,
    middle((tale) => amplification(tale, from, to)).toFixed(3),
    middle(({ tokens }) => tokens.made / tokens.answered).toFixed(3),
  ];
}
