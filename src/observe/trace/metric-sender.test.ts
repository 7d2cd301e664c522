import { DataPointType } from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';
import { metricOf } from './metric-sender.ts';

const SINCE = 1_000;
const AT = 2_500;

test('a counter is a sum that only grows, by its name without _total', () => {
  const samples = [{ labels: { model: 'gpt-4o' }, value: 3 }];
  const metric = metricOf({ name: 'holdfast_calls_total', help: 'Calls.', type: 'counter', samples }, SINCE, AT);
  expect(metric).toMatchObject({
    descriptor: { name: 'holdfast_calls', unit: '1' },
    dataPointType: DataPointType.SUM,
    isMonotonic: true,
    dataPoints: [{ attributes: { model: 'gpt-4o' }, value: 3, startTime: [1, 0], endTime: [2, 500_000_000] }],
  });
});

test('a histogram is put together from its lines, one for each set of labels', () => {
  const line = (metric: string, value: number, labels: Record<string, string | number>): object => ({
    metricName: `holdfast_wait_seconds${metric}`,
    labels,
    value,
  });
  const samples = ['a', 'b'].flatMap((route, index) => [
    line('_bucket', 1 + index, { route, le: 0.5 }),
    line('_bucket', 4 + index, { route, le: 2 }),
    line('_bucket', 5 + index, { route, le: '+Inf' }),
    line('_sum', 7, { route }),
    line('_count', 5 + index, { route }),
  ]) as never;
  const metric = metricOf({ name: 'holdfast_wait_seconds', help: '', type: 'histogram', samples }, SINCE, AT);
  expect(metric).toMatchObject({ descriptor: { unit: 's' }, dataPointType: DataPointType.HISTOGRAM });
  expect(metric?.dataPoints.map(({ attributes, value }) => ({ attributes, value }))).toEqual([
    { attributes: { route: 'a' }, value: { buckets: { boundaries: [0.5, 2], counts: [1, 3, 1] }, sum: 7, count: 5 } },
    { attributes: { route: 'b' }, value: { buckets: { boundaries: [0.5, 2], counts: [2, 3, 1] }, sum: 7, count: 6 } },
  ]);
});

test('what has no series yet is not sent', () => {
  expect(metricOf({ name: 'holdfast_x', help: '', type: 'gauge', samples: [] }, SINCE, AT)).toBeNull();
});
