import { expect, test } from 'vitest';
import { aFault, anAttempt, aCall } from '../../../test/fixtures/call-record.ts';
import { isEventful, lineOf } from './call-line.ts';

test('a call that went well is told in one sentence and its fields, without those nobody knows', () => {
  const { level, fields, message } = lineOf(aCall({ id: 'hf-1', callerId: 'mine', tenant: 'shop', cost: 443.5 }));
  expect(level).toBe('info');
  expect(message).toBe('chat gpt-5-mini answered 200 by openai in 812 ms');
  expect(fields).toMatchObject({
    event: 'call',
    id: 'hf-1',
    caller_id: 'mine',
    tenant: 'shop',
    model: 'gpt-5-mini',
    outcome: 'answered',
    attempts: 1,
    duration_ms: 812.34,
    input_tokens: 812,
    cost_usd: 0.0004435,
  });
  for (const name of ['fault_kind', 'reasoning_tokens', 'tries', 'notes', 'workload'])
    expect(fields).not.toHaveProperty(name);
});

test('a call that was saved tells what it was saved from', () => {
  const fault = aFault({ kind: 'overloaded', message: 'Too busy.' });
  const record = aCall({
    attempts: [
      anAttempt({ target: 'one', status: 503, fault }),
      anAttempt({ target: 'two', reason: 'fallback', upstreamId: 'req_2' }),
    ],
    target: 'two',
  });
  const { level, fields, message } = lineOf(record);
  expect(level).toBe('info');
  expect(message).toBe('chat gpt-5-mini answered 200 by two in 812 ms, 2 attempts');
  expect(fields['upstream_id']).toBe('req_2');
  expect(fields['tries']).toMatchObject([
    { target: 'one', status: 503, fault_kind: 'overloaded', fault_message: 'Too busy.' },
    { target: 'two', reason: 'fallback' },
  ]);
});

test.each([
  ['provider', 'failed', 'error'],
  ['account', 'failed', 'error'],
  ['caller', 'failed', 'warn'],
  ['caller', 'cancelled', 'info'],
  ['provider', 'interrupted', 'error'],
] as const)('a fault of the %s that ends in %s is told as %s', (party, outcome, level) => {
  const fault = aFault({ party, message: 'What happened.', remedy: 'What to do.' });
  const line = lineOf(aCall({ outcome, fault, status: 503, attempts: [anAttempt({ fault })] }));
  expect(line.level).toBe(level);
  expect(line.message).toContain(`(${party}): What happened. What to do.`);
  expect(line.fields).toMatchObject({ fault_kind: fault.kind, fault_party: party, remedy: 'What to do.' });
});

test('a call that was sent to nobody names no model that served it', () => {
  const { fields } = lineOf(
    aCall({ outcome: 'failed', fault: aFault({ party: 'caller' }), status: 403, attempts: [] }),
  );
  expect(fields).toMatchObject({ model: 'gpt-5-mini', attempts: 0 });
  expect(fields).not.toHaveProperty('model_served');
});

test('a call with a trace tells it', () => {
  const trace = { traceId: 'a'.repeat(32), parentId: null, spanId: 'b'.repeat(16), sampled: true };
  expect(lineOf(aCall({ trace })).fields).toMatchObject({ trace_id: trace.traceId, span_id: trace.spanId });
});

test('a call is eventful when anything went wrong, even if its caller never noticed', () => {
  expect(isEventful(aCall())).toBe(false);
  expect(isEventful(aCall({ attempts: [anAttempt({ fault: aFault() }), anAttempt()] }))).toBe(true);
  expect(isEventful(aCall({ outcome: 'cancelled', fault: aFault({ kind: 'cancelled' }) }))).toBe(true);
});
