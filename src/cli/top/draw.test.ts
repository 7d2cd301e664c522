import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { painter } from '../terminal.ts';
import { draw, lineOf } from './draw.ts';
import { Screen } from './screen.ts';
import type { View } from './view.ts';

const plainly = painter(false);

const CELL = {
  target: 'openai',
  model: 'gpt-4o',
  attempts: 9120,
  errors: 1310,
  share: 0.144,
  firstContentMs: { p50: 1250, p95: 3000 },
};

const VIEW: View = {
  at: new Date(2026, 10, 22, 8, 22, 10).getTime(),
  root: 'http://127.0.0.1:4141',
  verdict: {
    tone: 'worn',
    sentence: 'openai degraded 12 min; 94 % diverted; callers: +0.8 s',
    detail: 'openai: 470 of 500 attempts failed.',
  },
  overview: {
    total: {
      calls: 15_312,
      answered: 15_020,
      failed: 290,
      interrupted: 2,
      retries: 640,
      fallbacks: 1680,
      inputTokens: 1,
      outputTokens: 1,
      cost: 20.42,
      wastedCost: 1.22,
      firstContentMs: { p50: 510, p95: 1700 },
      faults: [
        { kind: 'overloaded', party: 'provider', calls: 220, attempts: 1260 },
        { kind: 'rate-limit-tokens', party: 'account', calls: 0, attempts: 452 },
      ],
    },
    series: { calls: [null, 0, 10, 20, 40], failed: [null, 0, 0, 10, 20] },
  },
  matrix: {
    targets: [
      { id: 'openai', breaker: 'half-open', waiting: 3 },
      { id: 'local', breaker: 'closed', waiting: 0 },
    ],
    cells: [CELL, { ...CELL, model: 'gpt-4o-mini', attempts: 20, errors: 3, share: 0.15, firstContentMs: null }],
  },
  frame: { seconds: 1, calls: 12, failed: 1, interrupted: 0, inFlight: 34, firstContentMs: { p50: 430, p95: 1200 } },
  trouble: null,
};

test('a screen of 80 by 24 holds everything, the verdict first', () => {
  const lines = draw(VIEW, 80, 24, plainly);
  expect(lines).toEqual([
    `holdfast top  http://127.0.0.1:4141${' '.repeat(31)}08:22:10  live`,
    '▲ openai degraded 12 min; 94 % diverted; callers: +0.8 s',
    '  openai: 470 of 500 attempts failed.',
    '',
    'now      12 calls/s, 1 failed/s, 34 under way, p50 430 ms, p95 1.20 s',
    '1 hour   15,312 calls, 98.1 % answered, 640 retries, 1,680 moved, $20.42 ($1.22…',
    'calls    · ▂▄█',
    'failed   ·  ▂▄',
    '',
    'target  model        breaker    attempts  errors     p50     p95  waiting',
    'openai  gpt-4o       half-open     9,120    14 %  1.25 s  3.00 s        3',
    '        gpt-4o-mini                   20    3/20       -       -',
    'local   no attempts  closed',
    '',
    'faults',
    'overloaded: 1,260 attempts, 220 calls told, provider at fault',
    'rate-limit-tokens: 452 attempts, all answered in the end, account at fault',
    'q ends',
  ]);
});

describe('however small the terminal', () => {
  const many = Array.from({ length: 50 }, (_, index) => ({ ...CELL, model: `model-${index}` }));
  const crowded = { ...VIEW, matrix: { ...VIEW.matrix, cells: many } };
  test.each([
    [80, 24],
    [60, 20],
    [40, 16],
    [200, 60],
  ])('%i by %i is kept to', (width, height) => {
    const lines = draw(crowded, width, height, painter(true));
    expect(lines.length).toBeLessThanOrEqual(height);
    for (const line of lines) expect(stripVTControlCharacters(line).length).toBeLessThanOrEqual(width);
    expect(stripVTControlCharacters(lines[1] ?? '')).toMatch(/^▲ openai degraded/);
  });
});

test('a long verdict takes two lines', () => {
  const lines = draw(VIEW, 46, 24, plainly);
  expect(lines.slice(1, 3)).toEqual(['▲ openai degraded 12 min; 94 % diverted;', '  callers: +0.8 s']);
});

test('what callers write cannot steer the terminal', () => {
  const hostile = '\u{1B}[2J\u{7}model';
  const view = { ...VIEW, matrix: { ...VIEW.matrix, cells: [{ ...CELL, model: hostile }] } };
  expect(draw(view, 80, 24, plainly).join('\n')).not.toMatch(/\p{Cc}(?<!\n)/u);
});

test('a break is told, and what is old is not taken for now', () => {
  const lines = draw({ ...VIEW, frame: null, trouble: 'not live, trying again' }, 80, 24, plainly);
  expect(lines[0]).toMatch(/not live, trying again$/);
  expect(lines[4]).toBe('now      waiting for the first second');
});

test('where there is no screen, a line tells a second', () => {
  expect(lineOf(VIEW)).toBe(
    '2026-11-22 08:22:10  now      12 calls/s, 1 failed/s, 34 under way, p50 430 ms, p95 1.20 s; openai degraded 12 min; 94 % diverted; callers: +0.8 s',
  );
});

test('a screen is drawn over, never wiped, and given back once', () => {
  let written = '';
  const screen = new Screen({ write: (text) => (written += text) });
  screen.show(['one', 'two']);
  screen.show(['three']);
  screen.close();
  screen.close();
  expect(written).toBe(
    '\u{1B}[?1049h\u{1B}[?25l\u{1B}[Hone\u{1B}[K\r\ntwo\u{1B}[K\u{1B}[J\u{1B}[Hthree\u{1B}[K\u{1B}[J\u{1B}[?25h\u{1B}[?1049l',
  );
  expect(written).not.toContain('\u{1B}[2J');
});
