import { describe, expect, it } from 'vitest';

import { clip, painter, plain, showDuration, showMoment, wantsColour } from './terminal.ts';

describe('colour', () => {
  it.each<[NodeJS.ProcessEnv, boolean, boolean]>([
    [{}, true, true],
    [{}, false, false],
    [{ NO_COLOR: '1' }, true, false],
    [{ NO_COLOR: '' }, true, true],
    [{ NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
    [{ FORCE_COLOR: '1' }, false, true],
    [{ FORCE_COLOR: '0' }, true, false],
    [{ TERM: 'dumb' }, true, false],
  ])('with %j on a screen (%s): %s', (env, isScreen, colour) => {
    expect(wantsColour(env, isScreen)).toBe(colour);
  });

  it('is put around the text, or not', () => {
    expect(painter(true)('red', 'x')).toBe('\u001B[31mx\u001B[39m');
    expect(painter(false)('red', 'x')).toBe('x');
  });
});

describe('texts', () => {
  it.each([
    [0.213, '0.2 ms'],
    [0, '0 ms'],
    [812.34, '812 ms'],
    [999.4, '999 ms'],
    [999.7, '1.00 s'],
    [1234, '1.23 s'],
    [123_400, '2m 03s'],
  ])('%s ms is %s', (ms, text) => {
    expect(showDuration(ms)).toBe(text);
  });

  it('shows moments in local time', () => {
    const at = new Date(2026, 2, 9, 4, 3, 2, 7).getTime();
    expect(showMoment(at)).toBe('2026-03-09 04:03:02');
    expect(showMoment(at, true)).toBe('2026-03-09 04:03:02.007');
  });

  it('lets nothing through that would steer the terminal', () => {
    expect(plain('gpt\u001B[2J\r\nmodel\u009B')).toBe('gpt [2J model ');
  });

  it.each([
    ['abcdef', 6, 'abcdef'],
    ['abcdef', 4, 'abc…'],
    ['abcdef', 0, ''],
  ])('clips %s to %s', (text, width, clipped) => {
    expect(clip(text, width)).toBe(clipped);
  });
});
