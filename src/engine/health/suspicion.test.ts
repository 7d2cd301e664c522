import { describe, expect, test } from 'vitest';
import { Latency } from './latency.ts';
import { Suspicion } from './suspicion.ts';
import type { Random } from '../clock.ts';
import { seededRandom } from '../random.ts';

const NEVER: Random = () => 0.999;
const ALWAYS: Random = () => 0;

/** Outcomes one after the other, `.` well and `x` not, so many ms apart. @returns the time after the last. */
function outcomes(suspicion: Suspicion, told: string, from = 0, everyMs = 100): number {
  let now = from;
  for (const one of told) {
    suspicion.ended(suspicion.sent(now), one === 'x' ? 'failure' : 'success', now);
    now += everyMs;
  }
  return now;
}

describe('a target', () => {
  test.each([
    ['', false],
    ['xx', false],
    ['xxx', true],
    ['....................xxx', true],
    // Answers begun before it died still arrive.
    ['x.x.x', true],
    ['xxx.......', true],
    ['xxx........', false],
    ['x..........x..........x', false],
  ])('after %j: suspect %s', (told, suspect) => {
    const suspicion = new Suspicion(true, new Latency());
    expect(suspicion.suspect(outcomes(suspicion, told))).toBe(suspect);
  });

  test('that has died is not cleared by the answers of better times', () => {
    const suspicion = new Suspicion(true, new Latency());
    const before = Array.from({ length: 8 }, () => suspicion.sent(0));
    const died = outcomes(suspicion, 'xxx', 3_000, 10);
    const cleared = before.map((call) => {
      suspicion.ended(call, 'success', died);
      return !suspicion.suspect(died);
    });
    expect(cleared).toEqual([false, false, false, false, false, false, false, true]);
  });

  test('that always fails one call in a hundred, or in twenty, loses next to none to that', () => {
    for (const share of [0.01, 0.05]) {
      const suspicion = new Suspicion(true, new Latency());
      const random = seededRandom(5);
      let avoided = 0;
      for (let call = 0; call < 200_000; call += 1) {
        const now = call * 10;
        if (suspicion.avoid(now, random)) avoided += 1;
        else suspicion.ended(suspicion.sent(now), random() < share ? 'failure' : 'success', now);
      }
      expect(avoided / 200_000).toBeLessThan(0.01);
    }
  });
});

describe('a suspect target', () => {
  test('is tried at the earliest a second after its last failure, now and then', () => {
    const suspicion = new Suspicion(true, new Latency());
    outcomes(suspicion, 'xxx');
    expect([suspicion.avoid(1100, ALWAYS), suspicion.avoid(1200, ALWAYS), suspicion.avoid(1200, NEVER)]).toEqual([
      true,
      false,
      true,
    ]);
  });

  test('is tried after a while, however few calls there are', () => {
    const suspicion = new Suspicion(true, new Latency());
    outcomes(suspicion, 'xxx');
    expect([suspicion.avoid(20_100, NEVER), suspicion.avoid(20_200, NEVER)]).toEqual([true, false]);
    outcomes(suspicion, '.', 20_200);
    expect(suspicion.avoid(21_000, NEVER)).toBe(true);
  });

  test('is never avoided where that is off', () => {
    const suspicion = new Suspicion(false, new Latency());
    expect(suspicion.avoid(outcomes(suspicion, 'xxxxx'), NEVER)).toBe(false);
  });
});
