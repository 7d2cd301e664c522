import { describe, expect, test } from 'vitest';
import { chatBody, traffic } from './traffic.ts';
import type { PlannedCall, TrafficOptions } from './traffic.ts';

function take(count: number, options: TrafficOptions): PlannedCall[] {
  const calls: PlannedCall[] = [];
  for (const call of traffic(options)) {
    calls.push(call);
    if (calls.length === count) break;
  }
  return calls;
}

function quantile(values: readonly number[], share: number): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN;
}

/** Mean and coefficient of variation of the gaps between calls. */
function gaps(calls: readonly PlannedCall[]): { mean: number; variation: number } {
  const lengths = calls.slice(1).map((call, at) => call.atMs - (calls[at]?.atMs ?? 0));
  const mean = lengths.reduce((sum, gap) => sum + gap, 0) / lengths.length;
  const variance = lengths.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / lengths.length;
  return { mean, variation: Math.sqrt(variance) / mean };
}

test('the same seed gives the same calls, another seed others', () => {
  const options = { seed: 4, callsPerSecond: 20 };
  expect(take(50, options)).toEqual(take(50, options));
  expect(take(50, options)).not.toEqual(take(50, { ...options, seed: 5 }));
});

test('ends where it is told to', () => {
  const calls = [...traffic({ callsPerSecond: 100, untilMs: 10_000 })];
  expect(calls.length).toBeGreaterThan(850);
  expect(calls.length).toBeLessThan(1150);
  expect(calls.at(-1)?.atMs).toBeLessThan(10_000);
});

test('refuses a rate of nothing', () => {
  expect(() => take(1, { callsPerSecond: 0 })).toThrow('callsPerSecond is 0; it has to be more than 0');
});

describe('arrivals', () => {
  test('steady ones are a Poisson stream', () => {
    const { mean, variation } = gaps(take(20_000, { callsPerSecond: 50 }));
    expect(mean).toBeCloseTo(20, 0);
    expect(variation).toBeCloseTo(1, 1);
  });

  test.each([2, 4])('bursty ones vary %d times as much at the same rate', (burstiness) => {
    const { mean, variation } = gaps(take(60_000, { callsPerSecond: 50, arrivals: 'bursty', burstiness }));
    expect(Math.abs(mean - 20)).toBeLessThan(2);
    expect(Math.abs(variation - burstiness) / burstiness).toBeLessThan(0.15);
  });
});

test.each([
  ['conversation', 1020, 129],
  ['code', 1469, 13],
  ['long-context', 6909, 350],
] as const)('lengths of %s have the medians of its trace', (workload, prompt, output) => {
  const calls = take(20_000, { callsPerSecond: 10, workload });
  const prompts = calls.map((call) => call.promptTokens);
  const outputs = calls.map((call) => call.outputTokens);
  expect(Math.abs(quantile(prompts, 0.5) / prompt - 1)).toBeLessThan(0.05);
  expect(Math.abs(quantile(outputs, 0.5) / output - 1)).toBeLessThan(0.08);
});

test('a body asks for about the planned lengths', () => {
  const body = chatBody({ atMs: 5, promptTokens: 500, outputTokens: 33, stream: true }, 'gpt-4o');
  const text = JSON.stringify(body);
  expect(text).toContain('Write 33 words');
  expect(Math.abs(text.length / 4 - 500)).toBeLessThan(40);
});
