import { expect, it } from 'vitest';
import type { Range } from './queries.ts';
import { gridOf } from './steps.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 10, 22, 8, 13, 7);

it.each([
  ['the last hour', {}, undefined, MINUTE, MINUTE, 61],
  ['a day', { from: NOW - DAY }, undefined, 15 * MINUTE, MINUTE, 97],
  ['a month', { from: NOW - 30 * DAY }, undefined, 6 * HOUR, HOUR, 121],
  ['a month by the day', { from: NOW - 30 * DAY }, DAY, DAY, DAY, 31],
  ['a year', { from: NOW - 365 * DAY }, undefined, 7 * DAY, DAY, 53],
  [
    'an hour of last week, whose minutes are gone',
    { from: NOW - 7 * DAY, to: NOW - 7 * DAY + HOUR },
    MINUTE,
    HOUR,
    HOUR,
    2,
  ],
  ['an end before its beginning', { from: NOW, to: NOW - HOUR }, undefined, MINUTE, MINUTE, 1],
  ['more steps than anybody can see', { from: NOW - 3 * DAY + MINUTE }, MINUTE, 2 * MINUTE, MINUTE, 2160],
] as const)('lays steps over %s', (_, range: Range, step, stepMs, spanMs, count) => {
  const grid = gridOf(range, step, NOW);
  expect({ stepMs: grid.stepMs, spanMs: grid.span.ms, count: grid.at.length }).toEqual({ stepMs, spanMs, count });
  expect(grid.from % stepMs).toBe(0);
  expect(grid.at[0]).toBe(grid.from);
  expect(grid.to).toBe(grid.from + count * stepMs);
  expect(grid.to).toBeGreaterThanOrEqual(Math.min(range.to ?? NOW, NOW));
});
