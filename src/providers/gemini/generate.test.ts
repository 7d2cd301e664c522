import { describe, expect, test } from 'vitest';
import { faultOf } from '../../engine/fault/index.ts';
import { CONTENT, FAULTY, TERMINAL } from '../../engine/ports.ts';
import { callAt } from '../../engine/scripted.test-support.ts';
import { VirtualClock } from '../../engine/virtual-clock.ts';
import { generate } from './generate.ts';

const call = (choices = 1) => callAt(new VirtualClock(), { operation: 'generate', choices });
const usageMetadata = { promptTokenCount: 3, candidatesTokenCount: 2, thoughtsTokenCount: 4 };
const candidate = (parts: object[], more: object = {}) => ({ candidates: [{ content: { parts }, ...more }] });

/** What a reader says of some events. */
function reading(events: readonly (object | string)[], choices = 1) {
  const reader = generate.openStream(call(choices));
  const seen = events.map((event) => {
    const bytes = Buffer.from(typeof event === 'string' ? event : JSON.stringify(event));
    return reader.read(bytes, 0, bytes.length);
  });
  return { reader, seen };
}

describe('a stream', () => {
  test('is complete with its reason', () => {
    const { reader, seen } = reading([
      candidate([]),
      candidate([{ text: 'Hm', thought: true }]),
      candidate([{ functionCall: { name: 'f' } }]),
      candidate([{ text: '' }], { finishReason: 'STOP' }),
    ]);
    expect(seen).toEqual([0, CONTENT, CONTENT, TERMINAL]);
    expect(reader.complete).toBe(true);
    expect(reader.sentTokens).toBeGreaterThan(1);
  });

  test('tells its usage last, and the text may end with it', () => {
    const { reader, seen } = reading([
      { ...candidate([{ text: 'a' }], { finishReason: 'MAX_TOKENS' }), usageMetadata },
    ]);
    expect(seen).toEqual([CONTENT | TERMINAL]);
    expect(reader.usage).toMatchObject({ inputTokens: 3, outputTokens: 6, reasoningTokens: 4 });
  });

  test('of several answers is complete when all are', () => {
    const { reader } = reading([candidate([], { finishReason: 'STOP' })], 2);
    expect(reader.complete).toBe(false);
    expect(
      reading([candidate([], { finishReason: 'STOP' }), candidate([], { index: 1, finishReason: 'STOP' })], 2).reader
        .complete,
    ).toBe(true);
  });

  test.each([
    [{ error: { code: 503, status: 'UNAVAILABLE', message: 'The model is overloaded.' } }, 'overloaded'],
    [{ promptFeedback: { blockReason: 'SAFETY' } }, 'content-policy'],
    ['half of', 'malformed-response'],
  ])('fails: %j', (event, kind) => {
    const { reader, seen } = reading([event]);
    expect(seen).toEqual([FAULTY]);
    expect(reader.fault?.kind).toBe(kind);
  });
});

describe('a whole answer', () => {
  test('tells its usage', () => {
    expect(generate.readWhole({ ...candidate([{ text: 'a' }]), usageMetadata })).toMatchObject({
      fault: null,
      usage: { outputTokens: 6 },
    });
    expect(generate.readWhole([candidate([{ text: 'a' }]), { ...candidate([]), usageMetadata }])).toMatchObject({
      fault: null,
      usage: { inputTokens: 3 },
    });
  });

  test.each([
    [{ error: { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'Quota exceeded' } }, 'rate-limit-requests'],
    [[{ error: { code: 500, status: 'INTERNAL', message: 'x' } }], 'server-error'],
    [{ promptFeedback: { blockReason: 'OTHER' } }, 'content-policy'],
    [{}, 'malformed-response'],
    [[], 'malformed-response'],
  ])('is none: %j', (body, kind) => {
    expect(generate.readWhole(body).fault?.kind).toBe(kind);
  });
});

test("a failure inside a stream has what makes Google's SDK raise", () => {
  const told = generate.failure(
    call(),
    faultOf('rate-limit-requests', { message: 'slowly', evidence: [], afterMs: 1500 }),
  );
  expect(told.endsWith('\n\n')).toBe(true);
  expect(JSON.parse(told.slice('data: '.length))).toMatchObject({
    error: {
      code: 429,
      status: 'RESOURCE_EXHAUSTED',
      details: [{ reason: 'RATE_LIMIT_REQUESTS', domain: 'holdfast' }, { retryDelay: '1.5s' }],
      holdfast: { fault: 'rate-limit-requests' },
    },
  });
});
