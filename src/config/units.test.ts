import { describe, expect, it } from 'vitest';
import { formatDuration, formatSize, parseDuration, parseSize } from './units.ts';

describe('durations', () => {
  it.each([
    ['250ms', 250],
    ['5s', 5_000],
    ['1.5m', 90_000],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['30d', 2_592_000_000],
    ['5 s', 5_000],
    [750, 750],
    ['5', null],
    ['5 sec', null],
    ['-5s', null],
    ['5S', null],
    ['', null],
    [Number.NaN, null],
    [Number.POSITIVE_INFINITY, null],
  ])('reads %j as %j', (written, ms) => {
    expect(parseDuration(written)).toBe(ms);
  });

  it.each([
    [90_000, '90s'],
    [120_000, '2m'],
    [86_400_000, '1d'],
    [1_500, '1500ms'],
    [0, '0ms'],
  ])('writes %j as %j', (ms, written) => {
    expect(formatDuration(ms)).toBe(written);
  });
});

describe('sizes', () => {
  it.each([
    ['64KiB', 65_536],
    ['10MB', 10_000_000],
    ['1gib', 1_073_741_824],
    ['1.5KiB', 1_536],
    ['12B', 12],
    [99, 99],
    ['12', null],
    ['12 kilobytes', null],
  ])('reads %j as %j', (written, bytes) => {
    expect(parseSize(written)).toBe(bytes);
  });

  it.each([
    [65_536, '64KiB'],
    [10_000_000, '10MB'],
    [1_073_741_824, '1GiB'],
    [999, '999B'],
  ])('writes %j as %j', (bytes, written) => {
    expect(formatSize(bytes)).toBe(written);
  });
});
