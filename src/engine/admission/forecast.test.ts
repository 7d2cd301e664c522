import { expect, test } from 'vitest';
import type { Demand } from './demand.ts';
import { Forecasts } from './forecast.ts';

function demand(promptTokens: number, continues = false): Demand {
  return {
    promptTokens,
    promptMember: 'messages',
    continues,
    outputTokens: null,
    outputMember: null,
    unattended: false,
    hidesUsage: false,
    costsUnread: false,
    generates: true,
  };
}

const usage = (inputTokens: number | null, outputTokens: number): Parameters<Forecasts['learn']>[2] => ({
  inputTokens,
  outputTokens,
  cachedTokens: null,
  reasoningTokens: null,
});

test('a model nobody has used is taken for talkative; one that is known, for as talkative as it was of late', () => {
  const forecasts = new Forecasts();
  expect(forecasts.outputTokens('m')).toBe(4_096);
  for (let call = 0; call < 19; call += 1) forecasts.learn('m', demand(10), usage(10, 400), 1);
  expect(forecasts.outputTokens('m')).toBe(4_096);
  forecasts.learn('m', demand(10), usage(10, 400), 1);
  expect(forecasts.outputTokens('m')).toBe(500);
  expect(forecasts.outputTokens('other')).toBe(4_096);
});

test('a long answer counts at once, and is forgotten after a thousand shorter ones', () => {
  const forecasts = new Forecasts();
  forecasts.learn('m', demand(10), usage(10, 20_000), 1);
  expect(forecasts.outputTokens('m')).toBe(25_000);
  for (let call = 0; call < 600; call += 1) forecasts.learn('m', demand(10), usage(10, 8), 1);
  expect(forecasts.outputTokens('m')).toBe(25_000);
  for (let call = 0; call < 600; call += 1) forecasts.learn('m', demand(10), usage(10, 8), 1);
  expect(forecasts.outputTokens('m')).toBe(256);
});

test('of several choices each is as long as a share of all', () => {
  const forecasts = new Forecasts();
  forecasts.learn('m', demand(10), usage(10, 40_000), 4);
  expect(forecasts.outputTokens('m')).toBe(12_500);
});

test('prompts are only ever estimated higher: short ones by some tokens, long ones by a share', () => {
  const forecasts = new Forecasts();
  forecasts.learn('m', demand(1_000), usage(700, 1), 1);
  expect(forecasts.promptTokens('m', 1_000)).toBe(1_000);
  forecasts.learn('m', demand(1_000), usage(1_500, 1), 1);
  forecasts.learn('m', demand(20), usage(52, 1), 1);
  expect(forecasts.promptTokens('m', 1_000)).toBe(1_532);
  expect(forecasts.promptTokens('m', 10)).toBe(47);
  expect(forecasts.promptTokens('other', 10)).toBe(10);
});

test('what the provider kept, or does not tell, teaches nothing about prompts', () => {
  const forecasts = new Forecasts();
  forecasts.learn('m', demand(1_000, true), usage(90_000, 1), 1);
  forecasts.learn('m', demand(1_000), usage(null, 1), 1);
  expect(forecasts.promptTokens('m', 1_000)).toBe(1_000);
});

test('made-up names of models do not fill the memory', () => {
  const forecasts = new Forecasts();
  for (let call = 0; call < 5_000; call += 1) forecasts.learn(`m${call}`, demand(1), usage(1, 9_000), 1);
  expect(forecasts.outputTokens('m4999')).toBe(11_250);
  expect(forecasts.outputTokens('m1')).toBe(4_096);
});
