import { expect, it } from 'vitest';
import type { Books } from '../bench/see/mixed/books.ts';
import { reckon, type Witnesses } from '../bench/see/mixed/reckoning.ts';

/** Two calls, of which one failed after a retry, as everybody has counted them. */
function witnesses(
  change: (books: { -readonly [Name in keyof Books]: Books[Name] }) => void = () => undefined,
): Witnesses {
  const sums = {
    calls: 2,
    answered: 1,
    failed: 1,
    attempts: 3,
    retries: 1,
    fallbacks: 0,
    cancelled: 0,
    inputTokens: 10,
    outputTokens: 4,
    cost: 0.25,
    unpriced: 0,
  };
  const metrics: Readonly<Record<string, number>> = {
    'holdfast_calls_total {}': 2,
    'holdfast_call_duration_seconds_count {}': 2,
    'holdfast_calls_total {"outcome":"answered"}': 1,
    'holdfast_calls_total {"outcome":"failed"}': 1,
    'holdfast_calls_total {"tenant":"shop"}': 2,
    'holdfast_calls_total {"model":"gpt-4o"}': 2,
    'holdfast_attempts_total {}': 3,
    'holdfast_attempts_total {"reason":"retry"}': 1,
    'holdfast_attempts_total {"target":"one","model":"gpt-4o"}': 3,
    'holdfast_attempts_total {"target":"one"}': 3,
    'holdfast_attempts_total {"target":"one","fault":""}': 1,
    'holdfast_attempts_total {"fault":"overloaded"}': 2,
    'holdfast_calls_total {"fault":"overloaded"}': 1,
    'holdfast_tokens_total {"type":"input"}': 10,
    'holdfast_tokens_total {"type":"output"}': 4,
    'holdfast_cost_dollars_total {}': 0.25,
    'holdfast_cost_dollars_total {"tenant":"shop"}': 0.25,
  };
  const fault = { kind: 'overloaded', calls: 1, attempts: 2 };
  const quantiles = { p50: 100, p95: 100, p99: 100 };
  const total = { ...sums, durationMs: quantiles, firstContentMs: quantiles, faults: [fault] };
  const call = { tenant: 'shop', model: 'gpt-4o', durationMs: 100, firstContentMs: 100 };
  const books: Books = {
    overview: { total, series: Object.fromEntries(Object.entries(sums).map(([name, value]) => [name, [null, value]])) },
    ofTenants: new Map([['shop', total]]),
    cells: [{ target: 'one', model: 'gpt-4o', attempts: 3, failed: 2, retries: 1, fallbacks: 0 }],
    faults: [{ ...fault, target: 'one' }],
    costs: { total: { calls: 2, cost: 0.25 }, data: [{ id: 'shop', cost: 0.25 }] },
    calls: [
      { ...call, id: 'a', outcome: 'answered' },
      { ...call, id: 'b', outcome: 'failed' },
    ],
    metric: (name, labels = {}) => metrics[`${name} ${JSON.stringify(labels)}`] ?? 0,
  };
  const changed = { ...books };
  change(changed);
  const stats = {
    requests: 3,
    byPath: {},
    byModel: { 'gpt-4o': 3 },
    byStatus: { '200': 1, '503': 2 },
    byFault: { overloaded: 2 },
    aborted: 0,
    aborts: [],
    openRequests: 0,
    openStreams: 0,
    maxOpenRequests: 1,
  };
  return {
    seen: {
      endings: { answered: 1, failed: 1, interrupted: 0, cancelled: 0 },
      byTenant: { shop: 2 },
      byModel: { 'gpt-4o': 2 },
      inputTokens: 10,
      outputTokens: 4,
    },
    providers: { one: { stats } },
    books: changed,
    live: { ...sums, interrupted: 0 },
  };
}

it('finds nothing where everybody has counted the same', () => {
  const { compared, differences } = reckon(witnesses());
  // The overview names no interrupted calls here, which is no number and so differs.
  expect(differences.map(({ what }) => what)).toEqual(['calls interrupted']);
  expect(compared).toBeGreaterThan(50);
});

it.each<[string, Parameters<typeof witnesses>[0], string]>([
  ['a call that is listed twice', (books) => (books.calls = [...books.calls, ...books.calls]), 'calls answered'],
  ['a cell that misses an attempt', (books) => (books.cells = []), 'attempts for gpt-4o at one'],
  ['a fault that is not grouped', (books) => (books.faults = []), 'calls told overloaded'],
  ['money of nobody', (books) => (books.costs = { ...books.costs, data: [] }), 'cost of shop'],
  ['a step too many', (books) => (books.overview = { ...books.overview, series: {} }), 'calls, step by step'],
])('finds %s', (_, change, what) => {
  expect(reckon(witnesses(change)).differences.map((difference) => difference.what)).toContain(what);
});
