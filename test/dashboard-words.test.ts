import { describe, expect, test } from 'vitest';
import {
  ago,
  count,
  duration,
  durationTick,
  many,
  momentTick,
  money,
  percent,
  rate,
  shareOf,
  step,
} from '../web/src/format.ts';
import { list, moment, number, numberOrNull, object, oneOf, text } from '../web/src/read.ts';

// What the dashboard makes of figures and of answers that are not as expected, apart from any browser.

describe('figures are short, with their unit, and no more exact than they are', () => {
  test.each([
    [duration(null), '–'],
    [duration(0.234), '0.2 ms'],
    [duration(811.6), '812 ms'],
    [duration(1_234), '1.23 s'],
    [duration(12_345), '12.3 s'],
    [duration(123_000), '2 m 03 s'],
    [duration(7_380_000), '2 h 03 m'],
    [durationTick(0), '0'],
    [durationTick(2_000), '2 s'],
    [durationTick(90_000), '1.5 m'],
    [money(null), '–'],
    [money(0), '$0'],
    [money(0.000_02), '< $0.0001'],
    [money(0.004_321), '$0.0043'],
    [money(12.3), '$12.30'],
    [money(12_345), '$12.3K'],
    [percent(0), '0 %'],
    [percent(1), '100 %'],
    [percent(0.000_2), '< 0.1 %'],
    [percent(0.9996), '> 99.9 %'],
    [percent(0.012_34), '1.2 %'],
    [percent(0.144), '14 %'],
    [shareOf(3, 20), '3/20'],
    [shareOf(150, 1_000), '15 %'],
    [shareOf(0, 0), '–'],
    [count(9_999), '9,999'],
    [count(12_345), '12.3K'],
    [rate(0.1234), '0.12'],
    [rate(0.0069), '< 0.01'],
    [rate(0), '0'],
    [step(60_000), 'a minute'],
    [step(900_000), 'in 15 min'],
    [step(21_600_000), 'in 6 h'],
    [step(86_400_000), 'a day'],
    [many(1, 'retry', 'retries'), '1 retry'],
    [many(0, 'call'), '0 calls'],
    [ago(null), 'never'],
    [ago(98_000, 100_000), 'just now'],
    [ago(40_000, 100_000), '60 s ago'],
    [ago(0, 600_000), '10 min ago'],
    [ago(0, 3 * 86_400_000), '3 d ago'],
  ])('%s', (shown, wanted) => expect(shown).toBe(wanted));

  test('moments beside an axis are times of a day, or days', () => {
    const at = new Date(2026, 2, 9, 14, 5).getTime();
    expect(momentTick(at, 3_600_000)).toBe('14:05');
    expect(momentTick(at, 30 * 86_400_000)).toBe('03-09');
    expect(momentTick(new Date(2026, 2, 9).getTime(), 3 * 86_400_000)).toBe('03-09');
  });
});

test('what an older or newer gateway answers is shown as far as it goes, and breaks nothing', () => {
  for (const odd of [undefined, null, 7, 'text', [], {}, Number.NaN]) {
    expect(list(odd, text)).toEqual([]);
    expect(typeof number(odd)).toBe('number');
    expect(Object.keys(object(odd))).toEqual([]);
    expect(oneOf(odd, ['a', 'b'], 'b')).toBe('b');
  }
  expect(numberOrNull(Number.POSITIVE_INFINITY)).toBeNull();
  expect(moment('2026-03-09T14:05:00.000Z')).toBe(Date.UTC(2026, 2, 9, 14, 5));
  expect(moment('yesterday')).toBeNull();
  expect(list([1, 'x', null], text)).toEqual(['', 'x', '']);
});
