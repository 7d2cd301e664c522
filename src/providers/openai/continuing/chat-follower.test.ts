import { describe, expect, test } from 'vitest';
import type { ContinuationStyle, Follower } from '../../../engine/continuing/ports.ts';
import { callAt } from '../../../engine/scripted.test-support.ts';
import { VirtualClock } from '../../../engine/virtual-clock.ts';
import { followChat } from './chat-follower.ts';

const REQUEST = { model: 'm', messages: [{ role: 'user', content: 'Tell me.' }], stream: true, max_tokens: 100 };

const follow = (request: object = REQUEST, choices = 1): Follower | null =>
  followChat(callAt(new VirtualClock(), { body: Buffer.from(JSON.stringify(request)), choices, stream: true }));

const event = (head: object, choice: object): string =>
  `data: ${JSON.stringify({ ...head, choices: [{ index: 0, finish_reason: null, ...choice }] })}\n\n`;
const FIRST = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm' };
const SECOND = {
  id: 'chatcmpl-2',
  object: 'chat.completion.chunk',
  created: 9,
  model: 'other',
  system_fingerprint: 'x',
};
const says = (content: string, head: object = FIRST): string => event(head, { delta: { content } });

function followed(...events: string[]): Follower {
  const follower = follow() as Follower;
  for (const each of events) follower.gave(Buffer.from(each));
  return follower;
}

const LONG = 'The kelp holds fast to the rock while the sto';

describe('what can be gone on with', () => {
  test.each<[string, boolean, string[]]>([
    ['nothing yet', true, []],
    ['a text', true, [event(FIRST, { delta: { role: 'assistant', content: '' } }), says('The k')]],
    ['thoughts', true, [event(FIRST, { delta: { reasoning_content: 'Hm.' } })]],
    ['a text beside empty members', true, [event(FIRST, { delta: { content: 'x', refusal: null, tool_calls: [] } })]],
    ['a tool call', false, [event(FIRST, { delta: { tool_calls: [{ index: 0, function: { arguments: '{"a' } }] } })]],
    ['a refusal', false, [event(FIRST, { delta: { refusal: 'I can' } })]],
    ['what has ended', false, [says('x'), event(FIRST, { delta: {}, finish_reason: 'stop' })]],
    ['a text without end', false, [says('x'.repeat(600_000))]],
  ])('%s: %s', (_, continuable, events) => expect(followed(...events).continuable).toBe(continuable));

  test.each<[string, object, number]>([
    ['several choices', { ...REQUEST, n: 2 }, 2],
    ['probabilities', { ...REQUEST, logprobs: true }, 1],
    ['speech', { ...REQUEST, modalities: ['text', 'audio'] }, 1],
  ])('not %s', (_, request, choices) => expect(follow(request, choices)).toBe(null));
});

describe('the request for the rest', () => {
  const ask = (
    style: ContinuationStyle,
    request: object = REQUEST,
    text = `${LONG} `,
  ): Record<string, unknown> | null => {
    const body = followed(says(text)).request(Buffer.from(JSON.stringify(request)), style, 12);
    return body === null ? null : (JSON.parse(Buffer.from(body).toString()) as Record<string, unknown>);
  };
  const soFar = { role: 'assistant', content: LONG };

  test.each<[ContinuationStyle, object[], object]>([
    ['prefill', [soFar], { max_tokens: 88 }],
    ['prefix', [{ ...soFar, prefix: true }], { max_tokens: 88 }],
    ['continue-final-message', [soFar], { max_tokens: 88, continue_final_message: true, add_generation_prompt: false }],
    [
      'instruction',
      [soFar, { role: 'user', content: expect.stringMatching(/<<<The kelp .* sto>>>$/) as string }],
      { max_tokens: 120 },
    ],
  ])('by %s', (style, turns, members) => {
    expect(ask(style)).toMatchObject({ ...REQUEST, messages: [...REQUEST.messages, ...turns], ...members });
  });

  test('before any text is the same again', () => expect(ask('instruction', REQUEST, '')).toEqual(REQUEST));

  test('structured answers are not gone on with by instruction', () => {
    const structured = { ...REQUEST, response_format: { type: 'json_object' } };
    expect(ask('instruction', structured)).toBe(null);
    expect(ask('prefill', structured)).not.toBe(null);
  });

  test('asks for something at least', () =>
    expect(ask('prefill', { ...REQUEST, max_tokens: 5 })).toMatchObject({ max_tokens: 16 }));
});

describe('the joint', () => {
  const joined = (style: ContinuationStyle, ...events: string[]): string | null => {
    const joint = followed(event(FIRST, { delta: { role: 'assistant' } }), says(LONG)).join(style, 12);
    let out = '';
    for (const each of events) {
      const given = joint.push(Buffer.from(each));
      if (given === null) return null;
      out += Buffer.from(given).toString();
    }
    return out;
  };
  const role = event(SECOND, { delta: { role: 'assistant', content: '' } });
  const stop = event(SECOND, { delta: {}, finish_reason: 'stop' });

  test('is one stream: one id, date and model, one role, the last reason', () => {
    const text = joined('prefill', role, says('rm.', SECOND), stop, 'data: [DONE]\n\n') ?? '';
    const events = text.split('\n\n').filter((each) => each !== '' && !each.includes('[DONE]'));
    expect(events.map((each) => JSON.parse(each.slice(5)) as unknown)).toEqual([
      { ...SECOND, ...FIRST, choices: [{ index: 0, delta: { content: 'rm.' }, finish_reason: null }] },
      { ...SECOND, ...FIRST, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
    ]);
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  test('gives what was held back before the end', () => {
    const anchor = LONG;
    expect(
      joined('instruction', role, says(anchor.slice(0, 20), SECOND), says(`${anchor.slice(20)}rm.`, SECOND), stop),
    ).toContain('"delta":{"content":"rm."}');
  });

  test('is none where the rest is another answer', () => {
    expect(joined('instruction', role, says('Certainly! Here is the rest of my answer to you.', SECOND))).toBe(null);
    expect(joined('instruction', role, says('Cer', SECOND), stop)).toBe(null);
  });

  test('adds what came before to the usage', () => {
    const usage = { prompt_tokens: 40, completion_tokens: 3, total_tokens: 43 };
    const text = joined(
      'prefill',
      says('rm.', SECOND),
      `data: ${JSON.stringify({ ...SECOND, choices: [], usage })}\n\n`,
    );
    expect(text).toContain('"usage":{"prompt_tokens":40,"completion_tokens":15,"total_tokens":55}');
  });

  test('lets tool calls behind the text through, and thoughts not', () => {
    const call = event(SECOND, { delta: { tool_calls: [{ index: 0, id: 'call_1' }] } });
    const thought = event(SECOND, { delta: { reasoning_content: 'Hm.' } });
    expect(joined('prefill', thought, says('rm.', SECOND), call)).toContain('call_1');
    expect(joined('prefill', thought)).toBe('');
  });

  test('lets a failure through', () =>
    expect(joined('prefill', 'data: {"error":{"message":"x"}}\n\n')).toContain('"error"'));
});
