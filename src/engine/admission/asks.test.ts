import { expect, test } from 'vitest';
import type { Headers } from '../call.ts';
import { readAsks, retriesTold } from './asks.ts';

test.each<[Headers, number | null, number]>([
  [{}, null, 0],
  [{ 'x-stainless-timeout': '600' }, 600_000, 0],
  [{ 'x-stainless-read-timeout': '5' }, 5_000, 0],
  [{ 'x-stainless-timeout': 'soon' }, null, 0],
  [{ 'x-holdfast-deadline': '30s' }, 30_000, 0],
  [{ 'x-holdfast-deadline': ' 1500ms ' }, 1_500, 0],
  [{ 'x-holdfast-deadline': '2.5' }, 2_500, 0],
  [{ 'x-holdfast-deadline': '30s', 'x-stainless-timeout': '600' }, 30_000, 0],
  [{ 'x-holdfast-deadline': '30s', 'x-stainless-timeout': '10' }, 10_000, 0],
  [{ 'x-holdfast-wait': '20s' }, null, 20_000],
  [{ prefer: 'wait=30' }, null, 30_000],
  [{ prefer: 'respond-async, wait=7; foo=bar' }, null, 7_000],
  [{ prefer: 'respond-async' }, null, 0],
  [{ prefer: 'await=30' }, null, 0],
  [{ prefer: 'wait=30', 'x-holdfast-wait': '500ms', 'x-stainless-timeout': '9' }, 9_000, 500],
])('%j asks for an answer within %s ms and would wait %s ms', (headers, patienceMs, queueMs) => {
  expect(readAsks(headers)).toEqual({ patienceMs, queueMs, fault: null });
});

test.each(['soon', '-1', '0', '0s', '1e3', '2d', '90000', '', '1.s'])('%j is refused by name', (written) => {
  for (const name of ['x-holdfast-deadline', 'x-holdfast-wait']) {
    expect(readAsks({ [name]: written }).fault).toMatchObject({ kind: 'invalid-request', param: name });
  }
});

test.each([
  ['0', 0],
  ['2', 2],
  ['-5', 0],
  ['1.5', 0],
  ['1e400', 0],
  ['999999999999999999999', 0],
  ['', 0],
  [undefined, 0],
])('%j tells of %d retries', (told, retries) => {
  expect(retriesTold({ 'x-stainless-retry-count': told })).toBe(retries);
});
