import { expect, test } from 'vitest';
import { roomFor } from './room.ts';

const rules = { ceiling: null, reserve: 4_096 };

test.each([
  ['a reserve beside the prompt', { window: 128_000 }, null, rules, 128_000 - 4_096 - 16],
  ['as much as was asked for', { window: 128_000 }, 16_384, rules, 128_000 - 16_384 - 16],
  ['a small window keeps no more than a quarter', { window: 8_192 }, null, rules, 8_192 - 2_048 - 16],
  ['a prompt with a bound of its own', { window: 400_000, maxInput: 272_000 }, null, rules, 272_000 - 16],
  ['a ceiling of the route', { window: 128_000 }, null, { ...rules, ceiling: 20_000 }, 20_000],
  ['a ceiling above the window', { window: 8_192 }, null, { ...rules, ceiling: 20_000 }, 8_192 - 2_048 - 16],
  ['an answer as long as the window', { window: 8_192 }, 8_192, rules, 0],
  ['nothing known', {}, null, rules, Number.POSITIVE_INFINITY],
  ['nothing known but the ceiling', {}, 100, { ...rules, ceiling: 20_000 }, 20_000],
])('%s', (_, limits, output, asked, room) => {
  expect(
    roomFor({ window: null, maxInput: null, maxOutput: null, factor: 1, until: Infinity, ...limits }, output, asked),
  ).toBe(room);
});
