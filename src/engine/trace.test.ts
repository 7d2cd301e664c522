import { expect, test } from 'vitest';
import { anAttempt } from '../../test/fixtures/call-record.ts';
import { attemptSpanId, outgoingTraceparent, readTraceparent } from './trace.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

test.each([
  ['a sampled one', `00-${TRACE}-${SPAN}-01`, { traceId: TRACE, parentId: SPAN, sampled: true }],
  ['one that is not sampled', `00-${TRACE}-${SPAN}-00`, { traceId: TRACE, parentId: SPAN, sampled: false }],
  [
    'other flags beside the one that counts',
    `00-${TRACE}-${SPAN}-03`,
    { traceId: TRACE, parentId: SPAN, sampled: true },
  ],
  [
    'a later version with more fields',
    `01-${TRACE}-${SPAN}-01-extra`,
    { traceId: TRACE, parentId: SPAN, sampled: true },
  ],
  ['version 00 with more fields', `00-${TRACE}-${SPAN}-01-extra`, null],
  ['the forbidden version', `ff-${TRACE}-${SPAN}-01`, null],
  ['a trace of zeros', `00-${'0'.repeat(32)}-${SPAN}-01`, null],
  ['a span of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`, null],
  ['capitals', `00-${TRACE.toUpperCase()}-${SPAN}-01`, null],
  ['too short', `00-${TRACE}-${SPAN}`, null],
  ['words', 'hello', null],
  ['two headers at once', [`00-${TRACE}-${SPAN}-01`], null],
  ['nothing', undefined, null],
])('reads %s', (_, header, expected) => {
  expect(readTraceparent(header)).toEqual(expected);
});

test('gives every attempt a span of its own, below the trace it was given', () => {
  const trace = { traceId: TRACE, parentId: null, spanId: SPAN, sampled: true };
  const attempts = [anAttempt()];
  expect(outgoingTraceparent({ trace, attempts })).toBe(`00-${TRACE}-00f067aa0ba902b8-01`);
  attempts.push(anAttempt());
  expect(outgoingTraceparent({ trace: { ...trace, sampled: false }, attempts })).toBe(
    `00-${TRACE}-00f067aa0ba902b9-00`,
  );
});

test('says nothing where no spans are made', () => {
  const trace = { traceId: TRACE, parentId: SPAN, spanId: null, sampled: true };
  expect(outgoingTraceparent({ trace, attempts: [anAttempt()] })).toBeNull();
  expect(outgoingTraceparent({ trace: null, attempts: [anAttempt()] })).toBeNull();
});

test('no attempt has the id that means none', () => {
  expect(attemptSpanId('ffffffffffffffff', 0)).toBe('0000000000000001');
});
