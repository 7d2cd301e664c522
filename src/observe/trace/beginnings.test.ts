import { expect, test } from 'vitest';
import { tracing } from './beginnings.ts';

const PARENT = '00f067aa0ba902b7';
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

/** Numbers by chance, from a list. */
function listed(...numbers: readonly number[]): () => number {
  let next = 0;
  return () => numbers[next++] ?? 0.5;
}

test('a trace begins with ids of all the digits that chance gives', () => {
  const begin = tracing(0.5, listed(0.4, 0, 2 ** -32, 0.5, 0, 0.25, 1 - 2 ** -32));
  expect(begin({})).toEqual({
    spanId: '0000000000000001',
    traceId: '800000000000000040000000ffffffff',
    parentId: null,
    sampled: true,
  });
});

test('what is not to be kept has no trace', () => {
  expect(tracing(0.5, listed(0.5))({})).toBeNull();
});

test('no id is all zero', () => {
  expect(tracing(1, () => 0)({})).toMatchObject({ spanId: '0000000000000001', traceId: '1'.padStart(32, '0') });
});

test('a caller is followed, with a span of our own', () => {
  const follow = tracing(1, listed(0.5, 0.5));
  const heard = { traceId: TRACE, parentId: PARENT, spanId: '8000000080000000', sampled: false };
  expect(follow({ traceparent: `00-${TRACE}-${PARENT}-00` })).toEqual(heard);
});

test('two traces share nothing', () => {
  const begin = tracing(1, Math.random);
  const [one, other] = [begin({}), begin({})];
  expect(one?.traceId).toMatch(/^[0-9a-f]{32}$/);
  expect(one?.spanId).toMatch(/^[0-9a-f]{16}$/);
  expect(one?.traceId).not.toBe(other?.traceId);
  expect(one?.spanId).not.toBe(other?.spanId);
});
