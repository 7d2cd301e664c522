import { describe, expect, test } from 'vitest';
import { readTooLong, type TooLong } from './too-long.ts';
import { estimated, learn, type Lesson, WindowEstimates } from './window-estimates.ts';

const SILENT: TooLong = { limit: null, prompt: null, output: null };
const nothing: Lesson = { kind: 'nothing' };
const told = (window: number, factor = 1): Lesson => ({ kind: 'told', window, factor });
const guessed = (window: number, until = 3_601_000): Lesson => ({ kind: 'guessed', window, until });

/** The factor to four places. */
const rounded = (lesson: Lesson): Lesson =>
  lesson.kind === 'told' ? { ...lesson, factor: Number(lesson.factor.toFixed(4)) } : lesson;

describe('what a refusal teaches', () => {
  test.each<[string, Lesson, number | null, readonly [number, number | null], Partial<TooLong>, Lesson]>([
    ['a smaller window, named', nothing, 128_000, [9_000, null], { limit: 8_192 }, told(8_192)],
    ['a larger one than was known', nothing, 8_192, [9_000, null], { limit: 16_000, prompt: 18_000 }, told(16_000, 2)],
    ['a window nobody knew', nothing, null, [9_000, null], { limit: 8_192 }, told(8_192)],
    [
      'that the provider counts more',
      nothing,
      8_192,
      [8_000, null],
      { limit: 8_192, prompt: 10_000 },
      told(8_192, 1.25),
    ],
    ['more, it does not say how much', nothing, 10_000, [8_000, null], { limit: 10_000 }, told(10_000, 1.275)],
    ['and the answer is part of it', nothing, 10_000, [4_000, 5_000], { limit: 10_000 }, told(10_000, 1.275)],
    ['no nonsense', nothing, 8_192, [100, null], { limit: 8_192, prompt: 9_000 }, told(8_192, 4)],
    ['never to count less', nothing, 8_192, [9_000, null], { limit: 8_192, prompt: 8_500 }, told(8_192)],
    [
      'again: the larger factor stays',
      told(8_192, 1.5),
      8_192,
      [7_000, null],
      { limit: 8_192, prompt: 8_400 },
      told(8_192, 1.5),
    ],
    ['again, silently: by the window that was told', told(8_192), 8_192, [8_000, null], {}, told(8_192, 1.0445)],
    ['a named window after guesses', guessed(3_000), 128_000, [2_900, null], { limit: 2_048 }, told(2_048)],
    ['silently: less than was tried', nothing, 128_000, [100_000, null], {}, guessed(75_000)],
    ['silently, with the answer', nothing, 128_000, [60_000, 40_000], {}, guessed(75_000)],
    ['silently, of a window nobody knew', nothing, null, [10_000, null], {}, guessed(7_500)],
    ['silently again: less than the last guess', guessed(7_500), null, [7_400, null], {}, guessed(5_550)],
    ['never below what anybody has', guessed(600), null, [500, null], {}, guessed(512)],
  ])('%s', (_, lesson, known, [tokens, output], said, expected) => {
    const learnt = learn(lesson, known, { tokens, output, uncounted: false }, { ...SILENT, ...said }, 1_000);
    expect(rounded(learnt)).toEqual(expected);
  });
});

describe('what could not be counted', () => {
  const pictures = { tokens: 500, output: null, uncounted: true };
  test.each<[string, Lesson, Partial<TooLong>, Lesson]>([
    ['teaches nothing in silence', nothing, {}, nothing],
    ['teaches nothing of counting', told(8_192, 1.1), { prompt: 9_000 }, told(8_192, 1.1)],
    ['but a window that is named is one', nothing, { limit: 8_192, prompt: 9_000 }, told(8_192)],
  ])('%s', (_, lesson, said, expected) => {
    expect(learn(lesson, 128_000, pictures, { ...SILENT, ...said }, 1_000)).toEqual(expected);
  });

  test('nor can a short prompt be too long for a large window', () => {
    const refused = { tokens: 500, output: null, uncounted: false };
    expect(learn(nothing, 128_000, refused, SILENT, 1_000)).toBe(nothing);
  });
});

describe('what is known, put right', () => {
  const known = { window: 128_000, maxInput: 100_000, maxOutput: 16_384 };
  test.each<[string, Lesson, number, object]>([
    ['nothing learnt', nothing, 0, { ...known, factor: 1 }],
    ['a window told', told(8_192, 1.2), 0, { window: 8_192, maxInput: 8_192, maxOutput: null, factor: 1.2 }],
    [
      'a window guessed',
      guessed(50_000),
      3_600_999,
      { window: 50_000, maxInput: 50_000, maxOutput: 16_384, factor: 1, until: 3_601_000 },
    ],
    ['a guess that is over', guessed(50_000), 3_601_000, { ...known, factor: 1 }],
  ])('%s', (_, lesson, now, expected) => {
    expect(estimated(known, lesson, now)).toEqual({ until: Number.POSITIVE_INFINITY, ...expected });
  });
});

test('lessons are for one model at one target', () => {
  let now = 0;
  const known = { window: 128_000, maxInput: null, maxOutput: null };
  const windows = new WindowEstimates(
    (model) => (model === 'gpt-4o' ? known : null),
    () => now,
  );
  const before = windows.version;
  windows.refused('a', 'gpt-4o', { tokens: 9_000, output: null, uncounted: false }, { ...SILENT, limit: 8_192 });
  windows.refused('a', 'other', { tokens: 10_000, output: null, uncounted: false }, SILENT);
  expect(windows.of('a', 'gpt-4o').window).toBe(8_192);
  expect(windows.of('b', 'gpt-4o').window).toBe(128_000);
  expect(windows.of('a', 'other').window).toBe(7_500);
  expect(windows.version).toBe(before + 2);
  now += 3_600_000;
  expect(windows.of('a', 'gpt-4o').window).toBe(8_192);
  expect(windows.of('a', 'other').window).toBeNull();
});

test.each<[string, Partial<TooLong>]>([
  [
    "This model's maximum context length is 4097 tokens. However, you requested 5360 tokens (1360 in the messages, 4000 in the completion). Please reduce the length.",
    { limit: 4097, prompt: 1360, output: 4000 },
  ],
  [
    "This model's maximum context length is 8192 tokens. However, your messages resulted in 9311 tokens. Please reduce the length of the messages.",
    { limit: 8192, prompt: 9311 },
  ],
  [
    "'max_tokens' or 'max_completion_tokens' is too large: 3000. This model's maximum context length is 4096 tokens and your request has 1500 input tokens",
    { limit: 4096, prompt: 1500, output: 3000 },
  ],
  [
    "You passed 2000 input tokens and requested 500 output tokens. However, the model's context length is only 2048 tokens",
    { limit: 2048, prompt: 2000, output: 500 },
  ],
  [
    'input length and `max_tokens` exceed context limit: 199000 + 8192 > 200000',
    { limit: 200_000, prompt: 199_000, output: 8192 },
  ],
  ['prompt is too long: 210,123 tokens > 200,000 maximum', { limit: 200_000, prompt: 210_123 }],
  [
    'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
    { limit: 1_048_576, prompt: 1_200_000 },
  ],
  [
    'the request (5000 tokens) exceeds the available context size (4096 tokens), try increasing it',
    { limit: 4096, prompt: 5000 },
  ],
  [
    'Please reduce the length of the messages or completion. Current length is 9000 while limit is 8192',
    { limit: 8192, prompt: 9000 },
  ],
  ["This model's maximum prompt length is 131072 but the request contains more", { limit: 131_072 }],
  ['Prompt contains too many tokens, too large for model with 32768 maximum context length', { limit: 32_768 }],
  ['Your input exceeds the context window of this model. Please adjust your input and try again.', {}],
])('%s', (message, expected) => {
  expect(readTooLong(message)).toEqual({ ...SILENT, ...expected });
});
