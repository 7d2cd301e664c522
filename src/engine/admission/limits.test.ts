import { expect, test } from 'vitest';
import { ceilingsOf, type Limits, quotasOf } from './limits.ts';

test('limits come to one quota each, under an id that tells whose and what', () => {
  const quotas = quotasOf('tenant', 'shop', { requestsPerMinute: 60, tokensPerDay: 0, concurrentCalls: 5 });
  expect(quotas).toEqual([
    {
      id: 'tenant:shop calls/moment',
      level: 'tenant',
      holder: 'shop',
      measure: 'calls',
      period: 'moment',
      amount: 5,
      warnAt: null,
      refuses: true,
    },
    expect.objectContaining({ id: 'tenant:shop requests/minute', amount: 60 }),
    expect.objectContaining({ id: 'tenant:shop tokens/day', amount: 0, refuses: true }),
  ]);
});

test.each<[string, Limits, { amount: number; warnAt: number | null; refuses: boolean }]>([
  ['a number refuses there and warns at 80 %', { budgetPerDay: 10 }, { amount: 10e6, warnAt: 8e6, refuses: true }],
  ['both thresholds', { budgetPerDay: { warn: 2.5, refuse: 3 } }, { amount: 3e6, warnAt: 2.5e6, refuses: true }],
  ['a warning alone', { budgetPerDay: { warn: 1.5 } }, { amount: 1.5e6, warnAt: 1.5e6, refuses: false }],
  ['nothing may be spent', { budgetPerDay: 0 }, { amount: 0, warnAt: null, refuses: true }],
])('a budget is kept in millionths of a dollar: %s', (_, limits, bounds) => {
  expect(quotasOf('key', 'key_1', limits)).toEqual([
    { id: 'key:key_1 money/day', level: 'key', holder: 'key_1', measure: 'money', period: 'day', ...bounds },
  ]);
});

test('of several ceilings the lowest holds', () => {
  expect(ceilingsOf([{ promptTokens: 100 }, {}, { promptTokens: 50, outputTokens: 7 }])).toEqual({
    promptTokens: 50,
    outputTokens: 7,
  });
  expect(ceilingsOf([{}])).toEqual({ promptTokens: null, outputTokens: null });
});
