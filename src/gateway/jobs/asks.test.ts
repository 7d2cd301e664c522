import { describe, expect, test } from 'vitest';
import type { Headers } from '../../engine/call.ts';
import { asksForMore, readJobAsks, waitAsked } from './asks.ts';

const NOTHING = { background: false, placeholderMs: null, key: null, webhook: null, fault: null };

describe('what a call asks for', () => {
  test.each<[Headers, object]>([
    [{}, NOTHING],
    [{ prefer: 'respond-async' }, { ...NOTHING, background: true }],
    [{ prefer: 'wait=10, Respond-Async' }, { ...NOTHING, background: true }],
    [{ prefer: 'respond-async; x=1' }, { ...NOTHING, background: true }],
    [{ prefer: 'respond-asynchronously' }, NOTHING],
    [{ prefer: 'wait=30' }, NOTHING],
    [{ 'x-holdfast-placeholder-after': '5s' }, { ...NOTHING, placeholderMs: 5_000 }],
    [{ 'x-holdfast-placeholder-after': '1500ms' }, { ...NOTHING, placeholderMs: 1_500 }],
    [{ 'x-holdfast-placeholder-after': '2' }, { ...NOTHING, placeholderMs: 2_000 }],
    [
      { prefer: 'respond-async', 'x-holdfast-webhook': 'u' },
      { ...NOTHING, background: true, webhook: 'u' },
    ],
    [{ 'idempotency-key': 'order 7' }, { ...NOTHING, key: 'order 7' }],
  ])('%j', (headers, asks) => {
    expect(readJobAsks(headers)).toEqual(asks);
    expect(asksForMore(headers)).toBe(Object.keys(headers).length > 0);
  });

  test.each<[Headers, string]>([
    [{ 'x-holdfast-placeholder-after': 'soon' }, 'x-holdfast-placeholder-after'],
    [{ 'x-holdfast-placeholder-after': '0s' }, 'x-holdfast-placeholder-after'],
    [{ 'x-holdfast-placeholder-after': '61m' }, 'x-holdfast-placeholder-after'],
    [{ 'idempotency-key': '' }, 'idempotency-key'],
    [{ 'idempotency-key': 'ü' }, 'idempotency-key'],
    [{ 'idempotency-key': 'x'.repeat(256) }, 'idempotency-key'],
  ])('%j is refused', (headers, param) => {
    expect(readJobAsks(headers).fault).toMatchObject({ kind: 'invalid-request', param });
  });

  test.each<[string | null, string | undefined, number | null]>([
    [null, undefined, 0],
    ['30s', undefined, 30_000],
    ['30', undefined, 30_000],
    ['0', 'wait=5', 0],
    [null, 'wait=30', 30_000],
    ['long', undefined, null],
  ])('waits of %s and %s', (query, prefer, ms) => {
    expect(waitAsked(query, prefer)).toBe(ms);
  });
});
