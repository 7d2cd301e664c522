import { describe, expect, it } from 'vitest';
import { aCall, aFault, anAttempt } from '../../../test/fixtures/call-record.ts';
import type { CallRecord } from '../../engine/record.ts';
import { CallMetrics } from './call-metrics.ts';
import { expose } from './exposition.ts';
import { OTHER } from './shapes.ts';

const OPEN = 'application/openmetrics-text; version=1.0.0, text/plain;q=0.5';

async function scrape(records: readonly Partial<CallRecord>[], accept?: string): Promise<string[]> {
  const metrics = new CallMetrics((text) => text);
  for (const record of records) metrics.add(aCall(record));
  return (await expose(metrics.families(), accept)).body.split('\n');
}

const DOWN = aFault({ kind: 'unavailable' });
const failed: Partial<CallRecord> = {
  outcome: 'failed',
  fault: DOWN,
  firstContentMs: null,
  usage: { inputTokens: null, outputTokens: null, cachedTokens: null, reasoningTokens: null },
  cost: null,
  attempts: [anAttempt({ fault: DOWN }), anAttempt({ fault: DOWN, reason: 'retry' })],
};

it('counts calls, attempts, tokens and money', async () => {
  const lines = await scrape([{}, {}, { tenant: 'acme' }, failed]);
  const labels = 'route="default",model="gpt-5-mini",target="openai"';
  expect(lines).toContain(
    `holdfast_calls_total{${labels},tenant="",operation="chat",outcome="answered",fault="",party=""} 2`,
  );
  expect(lines).toContain(
    `holdfast_calls_total{${labels},tenant="acme",operation="chat",outcome="answered",fault="",party=""} 1`,
  );
  expect(lines).toContain(
    `holdfast_calls_total{${labels},tenant="",operation="chat",outcome="failed",fault="unavailable",party="provider"} 1`,
  );
  expect(lines).toContain(
    'holdfast_attempts_total{target="openai",model="gpt-5-mini",reason="retry",fault="unavailable",party="provider"} 1',
  );
  expect(lines).toContain(`holdfast_tokens_total{${labels},tenant="",type="input"} 1624`);
  expect(lines).toContain(`holdfast_tokens_total{${labels},tenant="acme",type="cached_input"} 64`);
  expect(lines.find((line) => line.startsWith(`holdfast_cost_dollars_total{${labels},tenant="acme"}`))).toMatch(
    / 0.000443/,
  );
});

it('counts an attempt at a job that is made again as no call', async () => {
  const lines = await scrape([{}, { ...failed, outcome: 'retried' }]);
  const calls = lines.filter((line) => /^holdfast_(?:calls_total|\w+_seconds_count)\{/.test(line));
  expect(calls.map((line) => line.split(' ').at(-1))).toEqual(calls.map(() => '1'));
  expect(calls).toHaveLength(4);
  const attempts = lines.filter((line) => line.startsWith('holdfast_attempts_total{'));
  expect(attempts.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)).toBe(3);
});

it('tells durations in cumulative buckets', async () => {
  const lines = await scrape([{ durationMs: 5 }, { durationMs: 15 }, { durationMs: 700_000 }]);
  const bucket = (le: string): string | undefined =>
    lines.find((line) => line.startsWith('holdfast_call_duration_seconds_bucket') && line.includes(`le="${le}"`));
  expect(['0.01', '0.02', '600', '+Inf'].map((le) => bucket(le)?.split(' ').at(-1))).toEqual(['1', '2', '2', '3']);
  expect(lines.find((line) => line.startsWith('holdfast_call_duration_seconds_sum'))).toMatch(/ 700\.02$/);
});

it('shows a call by which a bucket can be understood, to those who can read it', async () => {
  const lines = await scrape([{ id: 'hf-1', durationMs: 15 }], OPEN);
  expect(
    lines.filter((line) => line.startsWith('holdfast_call_duration') && line.includes('call_id="hf-1"')),
  ).toHaveLength(1);
  expect(lines.at(-2)).toBe('# EOF');
  expect((await scrape([{ id: 'hf-1' }])).join('\n')).not.toContain('hf-1');
});

it('says what has no price, instead of nothing', async () => {
  const lines = await scrape([{ cost: null, model: 'house-model' }]);
  expect(lines).toContain('holdfast_calls_unpriced_total{model="house-model",target="openai"} 1');
});

it('does not grow with a flood of names', async () => {
  const flood = Array.from({ length: 5_000 }, (_, tenant) => ({ tenant: `tenant-${tenant}` }));
  const lines = (await scrape(flood)).filter((line) => line.startsWith('holdfast_calls_total'));
  expect(lines.length).toBeLessThanOrEqual(2_001);
  expect(lines.filter((line) => line.includes(`tenant="${OTHER}"`))).toHaveLength(1);
  const counted = lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  expect(counted).toBe(5_000);
});

it('keeps labels harmless', async () => {
  const lines = await scrape([{ model: 'a"b\nc\\d' }]);
  expect(lines.some((line) => line.includes('model="a\\"b\\nc\\\\d"'))).toBe(true);
});

// What `promtool check metrics` objects to.
describe.each([
  ['text', undefined],
  ['OpenMetrics', OPEN],
])('as %s', (_, accept) => {
  it('passes the linter of the field', async () => {
    const lines = await scrape([{}, failed], accept);
    const names = new Map<string, string>();
    for (const line of lines) {
      const type = /^# TYPE (\S+) (\S+)$/.exec(line);
      if (type !== null) names.set(type[1] ?? '', type[2] ?? '');
    }
    expect(names.size).toBeGreaterThan(5);
    for (const [name, type] of names) {
      expect(
        lines.some((line) => new RegExp(`^# HELP ${name} \\S`).test(line)),
        `${name} has help`,
      ).toBe(true);
      expect(name).toMatch(/^holdfast_[a-z]+(?:_[a-z]+)*$/);
      expect(name.endsWith('_total')).toBe(type === 'counter' && accept === undefined);
      expect(name).not.toMatch(/_(?:ms|milliseconds|microseconds|count|sum|bucket)$/);
      expect(lines.filter((line) => line.startsWith(`# TYPE ${name} `))).toHaveLength(1);
    }
    const series = lines
      .filter((line) => line.startsWith('holdfast_'))
      .map((line) => line.split(' # ')[0]?.replace(/ \S+$/, ''));
    expect(new Set(series).size, 'no series twice').toBe(series.length);
  });
});
