import { describe, expect, test } from 'vitest';
import { envelope } from '../fault/index.ts';
import type { Quota } from './quota.ts';
import { goDuration, outputTooLong, promptTooLong, type QuotaRefusal, refusalOf, unpriced } from './quota-words.ts';

const AT = Date.UTC(2026, 4, 14, 12);

function quota(measure: Quota['measure'], period: Quota['period'], amount: number): Quota {
  const id = `tenant:shop ${measure}/${period}`;
  return { id, level: 'tenant', holder: 'shop', measure, period, amount, warnAt: null, refuses: true };
}

function refusal(of: Quota, facts: Partial<QuotaRefusal> = {}): QuotaRefusal {
  return {
    quota: of,
    used: 85,
    freeInMs: 12_500,
    asked: { tokens: 58, microdollars: 41_234 },
    at: AT,
    waitedMs: 0,
    ...facts,
  };
}

describe('a refusal says which limit, its size, its use and when it frees', () => {
  test.each<[string, QuotaRefusal, string, string, string]>([
    [
      'tokens',
      refusal(quota('tokens', 'minute', 100)),
      'tenant shop may use 100 tokens a minute: 85 are used, and this call may take 58. Please try again in 12.5s',
      'tokens',
      'rate_limit_exceeded',
    ],
    [
      'requests',
      refusal(quota('requests', 'day', 90), { freeInMs: 3_600_500 }),
      'tenant shop may use 90 requests a day: 85 are used. Please try again in 1h0m0.5s',
      'requests',
      'rate_limit_exceeded',
    ],
    [
      'calls under way',
      refusal(quota('calls', 'moment', 5), { used: 5 }),
      'tenant shop may have 5 calls under way at once: 5 are used now',
      'requests',
      'rate_limit_exceeded',
    ],
    [
      'a call that is too large',
      refusal(quota('tokens', 'minute', 50), { freeInMs: null }),
      'tenant shop may use 50 tokens a minute, and this call alone may take 58',
      'tokens',
      'rate_limit_exceeded',
    ],
    [
      'a budget',
      refusal(quota('money', 'month', 25e6), { used: 24_970_000 }),
      'the budget of tenant shop, $25.00 a month, is used up: $24.97 are spent or held for calls under way, and this call may cost $0.041. It begins anew at 2026-06-01T00:00:00.000Z',
      'insufficient_quota',
      'insufficient_quota',
    ],
    [
      'a budget of a day',
      refusal(quota('money', 'day', 1e6), { used: 990_000 }),
      'It begins anew at 2026-05-15T00:00:00.000Z',
      'insufficient_quota',
      'insufficient_quota',
    ],
    [
      'a budget smaller than the call',
      refusal(quota('money', 'day', 2_000), { freeInMs: null }),
      'the budget of tenant shop, $0.002 a day, is less than the $0.041 that this call may cost',
      'insufficient_quota',
      'insufficient_quota',
    ],
    [
      'a closed holder',
      refusal(quota('tokens', 'day', 0), { freeInMs: null }),
      'may use no tokens at all',
      'tokens',
      'rate_limit_exceeded',
    ],
    [
      'a holder without money',
      refusal(quota('money', 'day', 0), { freeInMs: null }),
      'may use no money at all',
      'insufficient_quota',
      'insufficient_quota',
    ],
  ])('%s', (_, facts, words, type, code) => {
    const fault = refusalOf(facts);
    expect(fault.message).toContain(words);
    expect(fault.party).toBe('caller');
    expect(fault.retry).toEqual({ here: facts.freeInMs !== null, elsewhere: false, afterMs: facts.freeInMs });
    expect(fault.evidence.slice(0, 2)).toEqual([`quota ${facts.quota.id}`, `limit ${facts.quota.amount}`]);
    const { status, body } = envelope(fault, { requestId: 'hf-1', attempts: 0 });
    expect([status, body.error.type, body.error.code]).toEqual([429, type, code]);
  });

  test('and how long the call has waited for nothing', () => {
    expect(refusalOf(refusal(quota('tokens', 'minute', 100), { waitedMs: 4_999.6 })).evidence).toContain(
      'waited 5000 ms',
    );
  });
});

describe('ceilings', () => {
  const demand = {
    promptTokens: 10,
    promptMember: 'messages',
    continues: false,
    outputTokens: 60,
    outputMember: 'max_tokens',
    unattended: false,
    hidesUsage: false,
    costsUnread: false,
    generates: true,
  };

  test.each([
    [40, 41, 'messages'],
    [41, 41, null],
    [null, 1e9, null],
  ])('a prompt may have %s tokens, and has %s', (most, tokens, param) => {
    expect(promptTooLong(demand, tokens, { promptTokens: most, outputTokens: null })?.param ?? null).toBe(param);
  });

  test.each([
    ['stated', 60, 1, 59, 'max_tokens'],
    ['within', 60, 1, 60, null],
    ['of all choices together', 60, 2, 119, 'max_tokens'],
    ['not stated', null, 3, 2, 'n'],
    ['not stated, and room for a token of each', null, 2, 2, null],
  ])('an answer: %s', (_, outputTokens, choices, most, param) => {
    const asked = { ...demand, outputTokens, outputMember: outputTokens === null ? null : 'max_tokens' };
    expect(outputTooLong(asked, choices, { promptTokens: null, outputTokens: most })?.param ?? null).toBe(param);
  });

  test('do not concern what gives no text', () => {
    const embedding = { ...demand, generates: false, outputTokens: null, outputMember: null };
    expect(outputTooLong(embedding, 1, { promptTokens: null, outputTokens: 1 })).toBeNull();
  });
});

test('a missing price names the model, the budget and the way out', () => {
  const fault = unpriced(quota('money', 'day', 2_000_000), 'house-7', 'local');
  expect(fault.message).toBe(
    'no price is known for the model "house-7" at the target local, so that the budget of tenant shop, which refuses at $2.00 a day, cannot be kept',
  );
  expect(fault.remedy).toContain('prices: [{ models: ["house-7"], targets: [local], input: 0.2, output: 0.6 }]');
  expect(fault.remedy).toContain('{ warn: 2 }');
  expect(unpriced(quota('money', 'day', 1), null, null).message).toContain('the model null, so that');
});

test.each([
  [0, '0ms'],
  [11.2, '12ms'],
  [999, '999ms'],
  [1_500, '1.5s'],
  [60_000, '1m0s'],
  [360_000, '6m0s'],
  [86_400_000, '24h0m0s'],
])('%d ms is %s', (ms, words) => {
  expect(goDuration(ms)).toBe(words);
});
