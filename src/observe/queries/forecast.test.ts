import { describe, expect, it } from 'vitest';
import { forecastOf } from './forecast.ts';

const DAY_MS = 86_400_000;

/** Dollars of each day from `from` on. */
function days(from: number, count: number, cost: (weekday: number, index: number) => number): Map<number, number> {
  return new Map(
    Array.from({ length: count }, (_, index) => {
      const at = from + index * DAY_MS;
      return [at, cost(new Date(at).getUTCDay(), index)] as const;
    }),
  );
}

describe('a forecast', () => {
  it('of a steady month is what the days come to', () => {
    const now = Date.UTC(2026, 10, 11, 12);
    const known = days(Date.UTC(2026, 9, 1), 41, () => 10);
    known.set(Date.UTC(2026, 10, 11), 5);
    // Ten whole days, half a day that came to 5, half a day still, nineteen days to come.
    expect(forecastOf(known, now)).toEqual({
      month: '2026-11',
      spent: 105,
      expected: 300,
      low: 300,
      high: 300,
      basisDays: 28,
    });
  });

  it('knows weekends once there are two of them', () => {
    const now = Date.UTC(2026, 10, 15);
    const known = days(Date.UTC(2026, 9, 1), 45, (weekday) => (weekday % 6 === 0 ? 0 : 10));
    // November 2026 has 21 weekdays.
    expect(forecastOf(known, now)).toMatchObject({ expected: 210, low: 210, high: 210 });
  });

  it('goes by the mean of what few days there are, and is less sure', () => {
    const now = Date.UTC(2026, 10, 5);
    const known = days(Date.UTC(2026, 10, 1), 4, (_, index) => [8, 12, 9, 11][index] ?? 0);
    const forecast = forecastOf(known, now);
    expect(forecast).toMatchObject({ spent: 40, basisDays: 4 });
    expect(forecast?.expected).toBeCloseTo(300, 9);
    expect(forecast?.low).toBeLessThan(280);
    expect(forecast?.high).toBeGreaterThan(320);
  });

  it('is never below what is spent', () => {
    const now = Date.UTC(2026, 10, 28);
    const known = days(Date.UTC(2026, 10, 20), 8, (_, index) => (index === 0 ? 1000 : 0));
    expect(forecastOf(known, now)?.low).toBe(1000);
  });

  it('of the first day ever is not made', () => {
    const today = Date.UTC(2026, 10, 5);
    expect(forecastOf(new Map([[today, 3]]), today + DAY_MS / 2)).toBeNull();
    expect(forecastOf(new Map(), today)).toBeNull();
  });
});
