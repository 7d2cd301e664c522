import { describe, expect, test } from 'vitest';
import { chat } from '../openai/chat.ts';
import { toCompletion } from './to-completion.ts';

const USAGE = { input_tokens: 12, output_tokens: 5 };
const text = (said: string) => ({ type: 'text', text: said });
const call = (id: string, input: unknown) => ({ type: 'tool_use', id, name: 'look', input });
const called = (id: string, written: string) => ({
  id,
  type: 'function',
  function: { name: 'look', arguments: written },
});

function message(content: object[], stopReason: string | null, more: object = {}): object {
  return {
    id: 'msg_01',
    type: 'message',
    role: 'assistant',
    model: 'claude-sonnet-5',
    content,
    stop_reason: stopReason,
    stop_sequence: null,
    usage: USAGE,
    ...more,
  };
}

test('a whole answer is a chat completion', () => {
  const completion = toCompletion(message([text('Good '), text('day 🌊')], 'end_turn'), 1_770_000_000);
  expect(completion).toEqual({
    id: 'chatcmpl-msg_01',
    object: 'chat.completion',
    created: 1_770_000_000,
    model: 'claude-sonnet-5',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'Good day 🌊', refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: {
      prompt_tokens: 12,
      completion_tokens: 5,
      total_tokens: 17,
      prompt_tokens_details: { cached_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 0 },
    },
  });
});

describe('what it says', () => {
  test.each<[what: string, message: object, said: object, finish: string]>([
    ['nothing', message([], 'end_turn'), { content: '' }, 'stop'],
    ['a stop', message([text('a')], 'stop_sequence', { stop_sequence: 'END' }), { content: 'a' }, 'stop'],
    ['a pause', message([text('a')], 'pause_turn'), { content: 'a' }, 'stop'],
    ['the cap', message([text('a')], 'max_tokens'), { content: 'a' }, 'length'],
    ['the window', message([text('a')], 'model_context_window_exceeded'), { content: 'a' }, 'length'],
    ['a reason nobody knows', message([text('a')], 'constructor'), { content: 'a' }, 'stop'],
    [
      'no reason',
      message([call('toolu_1', {})], null),
      { content: null, tool_calls: [called('toolu_1', '{}')] },
      'tool_calls',
    ],
    [
      'parallel calls after a word',
      message([text('Look.'), call('toolu_1', { at: 'é' }), call('toolu_2', { n: 2 })], 'tool_use'),
      { content: 'Look.', tool_calls: [called('toolu_1', '{"at":"é"}'), called('toolu_2', '{"n":2}')] },
      'tool_calls',
    ],
    [
      'a call without arguments, at the cap',
      message([{ type: 'tool_use', id: 'toolu_1', name: 'look' }], 'max_tokens'),
      { content: null, tool_calls: [called('toolu_1', '{}')] },
      'length',
    ],
    [
      'thoughts, some of them sealed, and a block of a kind to come',
      message(
        [
          { type: 'thinking', thinking: 'Hm.', signature: 'x' },
          { type: 'redacted_thinking', data: 'x' },
          text('Yes'),
          { type: 'hologram' },
        ],
        'end_turn',
      ),
      { content: 'Yes', reasoning_content: 'Hm.' },
      'stop',
    ],
    ['a refusal', message([], 'refusal'), { content: null, refusal: null }, 'content_filter'],
    [
      'a refusal halfway, with its category',
      message([text('To')], 'refusal', { stop_details: { type: 'refusal', category: 'cyber', explanation: null } }),
      { content: 'To', refusal: 'Refused: cyber' },
      'content_filter',
    ],
    [
      'a refusal that is explained',
      message([], 'refusal', { stop_details: { category: 'bio', explanation: 'This is not told.' } }),
      { content: null, refusal: 'This is not told.' },
      'content_filter',
    ],
  ])('%s', (_, answer, said, finish) => {
    const completion = toCompletion(answer, 0);
    const choices = completion?.['choices'] as { message: object; finish_reason: string }[];
    expect(choices).toHaveLength(1);
    expect(choices[0]?.message).toEqual({ role: 'assistant', refusal: null, ...said });
    expect(choices[0]?.finish_reason).toBe(finish);
  });
});

test('what the cache gave and took is part of the prompt', () => {
  const usage = {
    input_tokens: 10,
    cache_read_input_tokens: 100,
    cache_creation_input_tokens: 30,
    output_tokens: 50,
    output_tokens_details: { thinking_tokens: 20 },
    service_tier: 'priority',
  };
  const completion = toCompletion(message([text('a')], 'end_turn', { usage }), 0);
  expect(completion).toMatchObject({
    service_tier: 'priority',
    usage: {
      prompt_tokens: 140,
      completion_tokens: 50,
      total_tokens: 190,
      prompt_tokens_details: { cached_tokens: 100, cache_write_tokens: 30 },
      completion_tokens_details: { reasoning_tokens: 20 },
    },
  });
  expect(chat.readWhole(completion).usage).toEqual({
    inputTokens: 140,
    outputTokens: 50,
    cachedTokens: 100,
    cacheWriteTokens: 30,
    reasoningTokens: 20,
  });
});

test.each([
  ['an error', { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }],
  ['a chat completion', { object: 'chat.completion', choices: [] }],
  ['a message without content', { type: 'message' }],
  ['a list', []],
  ['nothing', undefined],
])('%s is no answer', (_, body) => {
  expect(toCompletion(body, 0)).toBeNull();
});
