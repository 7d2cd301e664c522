import { describe, expect, it } from 'vitest';

import { parseDuration, parseMoment } from './moment.ts';

describe('a duration', () => {
  it.each([
    ['250ms', 250],
    ['1.5s', 1500],
    ['15m', 900_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
    ['1w', 604_800_000],
    [' 90 s ', 90_000],
    ['15', null],
    ['-2h', null],
    ['soon', null],
    ['', null],
  ])('%j is %s ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });
});

describe('a moment', () => {
  const now = Date.UTC(2026, 2, 9, 12);
  it.each([
    ['2h', now - 7_200_000],
    ['2026-03-08T10:00:00Z', Date.UTC(2026, 2, 8, 10)],
    ['2026-03-08', new Date(2026, 2, 8).getTime()],
    ['2026-03-08 10:30', new Date(2026, 2, 8, 10, 30).getTime()],
    ['2026-03-08T10:30:15.5+02:00', Date.UTC(2026, 2, 8, 8, 30, 15, 500)],
    ['99999w', 0],
    ['2026-13-08', null],
    ['2026-02-31', null],
    ['2026-03-08 (noon)', null],
    ['yesterday', null],
    ['1', null],
  ])('%j is %s', (text, at) => {
    expect(parseMoment(text, now)).toBe(at);
  });
});
