import { describe, expect, test } from 'vitest';
import type { Candidate } from '../plan.ts';
import { DEFAULT_BREAKER, DEFAULT_BUDGET } from '../policy.ts';
import { ScriptedEndpoint } from '../scripted.test-support.ts';
import { Target } from '../target.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { Hedger } from './hedger.ts';

const clock = new VirtualClock();
const targets = ['a', 'b'].map(
  (id) => new Target(new ScriptedEndpoint(id, clock, []), { budget: DEFAULT_BUDGET, breaker: DEFAULT_BREAKER }),
);
const rung: Candidate[] = targets.map((target) => ({ target, model: null, weight: 1 }));
const [a, b] = targets as [Target, Target];

/** Makes calls at a target, of which each asks for a second attempt. @returns how many got one. */
function asked(hedger: Hedger, calls: number, wins: (hedge: number) => boolean, target: Target = a): number {
  let made = 0;
  for (let call = 0; call < calls; call += 1) {
    hedger.begin(target);
    if (!hedger.take(target)) continue;
    hedger.settle(target, wins(made));
    made += 1;
  }
  return made;
}

describe('when a second attempt is begun', () => {
  test('after the time that was said', () => {
    expect(new Hedger({ afterMs: 800, budget: 0.05 }).delayMs(rung)).toBe(800);
  });

  test('never while nothing is known', () => {
    const hedger = new Hedger({ afterMs: null, budget: 0.05 });
    expect(hedger.delayMs(rung)).toBe(Number.POSITIVE_INFINITY);
    for (let call = 0; call < 19; call += 1) hedger.observe(a, 100);
    expect(hedger.delayMs(rung)).toBe(Number.POSITIVE_INFINITY);
  });

  test("when 95 of 100 of the quickest target's calls have content", () => {
    const hedger = new Hedger({ afterMs: null, budget: 0.05 });
    for (let call = 0; call < 128; call += 1) {
      hedger.observe(a, call < 64 ? 100 : call);
      hedger.observe(b, 9_000);
    }
    expect(hedger.delayMs(rung)).toBeGreaterThan(115);
    expect(hedger.delayMs(rung)).toBeLessThan(127);
    expect(hedger.delayMs([rung[1] as Candidate])).toBe(9_000);
  });
});

describe('how many there are', () => {
  test.each([
    ['all that the budget allows where they help', 0.05, () => true, 495, 505],
    ['as many where every second helps', 0.05, (hedge: number) => hedge % 2 === 0, 495, 505],
    ['one in 1000 where none helps', 0.05, () => false, 10, 30],
    ['no more than a small budget', 0.001, () => true, 10, 15],
  ])('%s', (_, budget, wins, least, most) => {
    const made = asked(new Hedger({ afterMs: 1, budget }), 10_000, wins);
    expect(made).toBeGreaterThanOrEqual(least);
    expect(made).toBeLessThanOrEqual(most);
  });

  test('useless ones that become useful are made again', () => {
    const hedger = new Hedger({ afterMs: 1, budget: 0.05 });
    asked(hedger, 10_000, () => false);
    expect(asked(hedger, 10_000, () => true)).toBeGreaterThan(450);
  });

  test('a slow target finds some left, whatever the others ask for', () => {
    const hedger = new Hedger({ afterMs: 1, budget: 0.05 });
    asked(hedger, 200, () => true, b);
    for (let call = 0; call < 100; call += 1) hedger.begin(a);
    let made = 0;
    for (let round = 0; round < 500; round += 1) {
      for (let call = 0; call < 49; call += 1) {
        hedger.begin(a);
        if (hedger.take(a)) hedger.settle(a, (made += 1) % 4 === 0);
      }
      hedger.begin(b);
      expect(hedger.take(b)).toBe(true);
      hedger.settle(b, true);
    }
  });

  test('one that was not made is not paid for', () => {
    const hedger = new Hedger({ afterMs: 1, budget: 0.05 });
    expect([hedger.take(a), hedger.take(a), hedger.take(a)]).toEqual([true, true, false]);
    hedger.giveBack(a);
    expect(hedger.take(a)).toBe(true);
  });
});
