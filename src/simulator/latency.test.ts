import { describe, expect, test } from 'vitest';
import { seededRandom } from '../engine/random.ts';
import { Latency } from './latency.ts';

function draw(count: number, latency: Latency): { first: number[]; mean: number[] } {
  const paces = Array.from({ length: count }, () => latency.draw());
  return { first: paces.map((pace) => pace.firstTokenMs), mean: paces.map((pace) => pace.gaps(100) / 100) };
}

function quantile(values: readonly number[], share: number): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN;
}

describe('drawn times', () => {
  test('have the quantiles of the measurements', () => {
    const { first, mean } = draw(20_000, new Latency({ random: seededRandom(5), speed: 1 }));
    expect(quantile(first, 0.1)).toBeCloseTo(191, -1);
    expect(Math.abs(quantile(first, 0.5) - 360)).toBeLessThan(12);
    expect(Math.abs(quantile(first, 0.99) - 850)).toBeLessThan(20);
    expect(Math.abs(quantile(mean, 0.5) - 16.5)).toBeLessThan(0.6);
  });

  test('scatter around the mean of their call', () => {
    const pace = new Latency({ random: seededRandom(5), speed: 1 }).draw();
    const gaps = Array.from({ length: 5000 }, () => pace.gap());
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    expect(Math.abs(mean / pace.gaps(1) - 1)).toBeLessThan(0.02);
    expect(new Set(gaps).size).toBeGreaterThan(4000);
  });

  test('shrink with the speed and grow with the weather', () => {
    const whole = draw(10, new Latency({ random: seededRandom(1), speed: 1 })).first;
    const half = draw(10, new Latency({ random: seededRandom(1), speed: 0.5 })).first;
    const stormy = new Latency({ random: seededRandom(1), speed: 0.5 });
    stormy.factor = 4;
    expect(half.map((ms) => ms * 2)).toEqual(whole);
    expect(draw(10, stormy).first.map((ms) => ms / 2)).toEqual(whole);
  });
});

test('speed 0 is at once, and fixed times do not care', () => {
  const instant = new Latency({ random: seededRandom(1), speed: 0 }).draw();
  expect([instant.firstTokenMs, instant.gap(), instant.gaps(9)]).toEqual([0, 0, 0]);
  const fixed = new Latency({ random: seededRandom(1), speed: 0, firstTokenMs: 40, perTokenMs: 3 }).draw();
  expect([fixed.firstTokenMs, fixed.gap(), fixed.gaps(9)]).toEqual([40, 3, 27]);
});
