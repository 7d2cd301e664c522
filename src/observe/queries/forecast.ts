import type { Forecast } from './costs.ts';

const DAY_MS = 86_400_000;

/** Days that are looked back on: four of each day of the week. */
const BASIS_DAYS = 28;

/** From so many whole days on, days of the week are told apart: before, a single odd day would stand for all of its kind. */
const WEEKLY_FROM = 14;

/** Of the normal distribution: four of five cases lie within so many standard deviations. */
const FOUR_OF_FIVE = 1.2816;

/**
 * What the month under way will come to: what it has come to so far, and for what is left of it the mean of the last four
 * weeks, by the day of the week once there are two of each. The bounds follow from how much single days have strayed.
 *
 * @param costs US dollars of each day known, by its start in UTC, ms since 1970; days in between without any cost nothing
 * @returns null before there is a whole day to go by
 */
export function forecastOf(costs: ReadonlyMap<number, number>, now: number): Forecast | null {
  const today = now - (now % DAY_MS);
  const date = new Date(now);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  const [begins, ends] = [Date.UTC(year, month, 1), Date.UTC(year, month + 1, 1)];
  const first = Math.max(Math.min(...costs.keys()), today - BASIS_DAYS * DAY_MS);
  const days = Array.from({ length: Math.max(0, (today - first) / DAY_MS) }, (_, index) => first + index * DAY_MS);
  if (!Number.isFinite(first) || days.length === 0) return null;
  const spent = [...costs].reduce((sum, [at, cost]) => (at >= begins && at <= today ? sum + cost : sum), 0);
  const weekly = days.length >= WEEKLY_FROM;
  const usual = (day: number): number =>
    mean(days.filter((one) => !weekly || (day - one) % (7 * DAY_MS) === 0).map((one) => costs.get(one) ?? 0));
  const left = (today + DAY_MS - now) / DAY_MS;
  let expected = spent + usual(today) * left;
  for (let day = today + DAY_MS; day < ends; day += DAY_MS) expected += usual(day);
  const ahead = left + (ends - today) / DAY_MS - 1;
  const strayed = days.map((day) => ((costs.get(day) ?? 0) - usual(day)) ** 2);
  const deviation = Math.sqrt(strayed.reduce((sum, square) => sum + square, 0) / Math.max(1, days.length - 1));
  // Days stray by themselves, and the mean that they are foretold by is itself drawn from few.
  const bound = FOUR_OF_FIVE * deviation * Math.sqrt(ahead + ahead ** 2 / days.length);
  return {
    month: date.toISOString().slice(0, 7),
    spent,
    expected,
    low: Math.max(spent, expected - bound),
    high: expected + bound,
    basisDays: days.length,
  };
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
