import { describe, expect, test } from 'vitest';
import { Chance } from './chance.ts';
import { seededRandom } from '../random.ts';

/** Sends so many calls to a provider that refuses some; the rate falls with each refusal that is heeded. @returns refusals until not. */
function until(
  chance: Chance,
  refuses: (rate: number, random: number) => boolean,
  { rate = 70, calls = 5_000, seed = 1 } = {},
): { refusals: number; ignored: boolean; rate: number } {
  const random = seededRandom(seed);
  let refusals = 0;
  for (let call = 0; call < calls; call += 1) {
    chance.sent();
    if (!refuses(rate, random())) continue;
    refusals += 1;
    if (chance.refused(rate)) return { refusals, ignored: true, rate };
    rate *= 0.85;
  }
  return { refusals, ignored: false, rate };
}

describe('refusals', () => {
  test.each([0.02, 0.05, 0.1, 0.2])('of %d of the calls, however few are sent, are chance', (share) => {
    const found = [1, 2, 3, 4, 5].map((seed) => until(new Chance(), (_, random) => random < share, { seed }));
    expect(found.filter(({ ignored }) => ignored).length).toBeGreaterThanOrEqual(4);
  });

  test.each([0.3, 0.5, 0.8, 0.95])('of what exceeds %d of the rate are a limit', (part) => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const limit = 70 * part;
      const found = until(new Chance(), (rate, random) => random < 1 - limit / rate, { seed });
      expect(found.ignored).toBe(false);
      expect(found.rate).toBeGreaterThan(limit * 0.8);
    }
  });

  test('of more than a third of the calls are heeded, whatever they are', () => {
    expect(until(new Chance(), (_, random) => random < 0.6).ignored).toBe(false);
  });

  test('that come together, because the calls were sent together, stay chance; many more than before do not', () => {
    const chance = new Chance();
    expect(until(chance, (_, random) => random < 0.05).ignored).toBe(true);
    for (let call = 0; call < 200; call += 1) chance.sent();
    for (let refusal = 0; refusal < 10; refusal += 1) expect(chance.refused(70)).toBe(true);
    let refusals = 0;
    for (let call = 0; call < 200; call += 1) {
      chance.sent();
      if (call % 2 === 0) continue;
      refusals += 1;
      if (!chance.refused(70)) break;
    }
    expect(refusals).toBeLessThan(40);
  });
});
