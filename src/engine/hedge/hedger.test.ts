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

/** Makes calls of which each asks for a second attempt. @returns how many got one. */
function asked(hedger: Hedger, calls: number, wins: (hedge: number) => boolean): number {
  let made = 0;
  for (let call = 0; call < calls; call += 1) {
    hedger.begin();
    if (!hedger.take()) continue;
    hedger.settle(wins(made));
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
    ['all that the budget allows where they help', 0.05, () => true, 500, 505],
    ['as many where every fourth helps', 0.05, (hedge: number) => hedge % 4 === 0, 430, 505],
    ['one in 500 where none helps', 0.05, () => false, 20, 45],
    ['no more than a small budget', 0.001, () => false, 10, 15],
  ])('%s', (_, budget, wins, least, most) => {
    const made = asked(new Hedger({ afterMs: 1, budget }), 10_000, wins);
    expect(made).toBeGreaterThanOrEqual(least);
    expect(made).toBeLessThanOrEqual(most);
  });

  test('useless ones that become useful are made again', () => {
    const hedger = new Hedger({ afterMs: 1, budget: 0.05 });
    asked(hedger, 10_000, () => false);
    expect(hedger.share).toBe(0.002);
    asked(hedger, 2_000, () => true);
    expect(hedger.share).toBe(0.05);
  });

  test('one that was not made is not paid for', () => {
    const hedger = new Hedger({ afterMs: 1, budget: 0.05 });
    for (let at = 0; at < 5; at += 1) expect(hedger.take()).toBe(true);
    expect(hedger.take()).toBe(false);
    hedger.giveBack();
    expect(hedger.take()).toBe(true);
  });
});
