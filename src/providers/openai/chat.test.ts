import { describe, expect, test } from 'vitest';
import { chat } from './chat.ts';

const choice = {
  index: 0,
  message: { role: 'assistant', content: 'Hello "you"\n', refusal: null },
  finish_reason: 'stop',
};
const usage = { prompt_tokens: 9, completion_tokens: 12, total_tokens: 21 };
const whole = { id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'm', choices: [choice], usage };
const details = {
  prompt_tokens_details: { cached_tokens: 4, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 8 },
};

const glance = (answer: unknown, indent = 0) => chat.glance?.(Buffer.from(JSON.stringify(answer, null, indent)));

describe('a glance at a whole answer says what a parse of it says', () => {
  test.each([
    ['plain', whole],
    ['with details', { ...whole, usage: { ...usage, ...details } }],
    ['with details of nothing', { ...whole, usage: { ...usage, prompt_tokens_details: null } }],
    ['with tokens that are no count', { ...whole, usage: { prompt_tokens: -1, completion_tokens: 1.5 } }],
    ['with two choices', { ...whole, choices: [choice, choice] }],
    [
      'with a tool call',
      { ...whole, choices: [{ message: { tool_calls: [{ id: 'c', function: { arguments: '{}' } }] } }] },
    ],
  ])('%s', (_, answer) => {
    expect(glance(answer)).toEqual(chat.readWhole(answer));
    expect(glance(answer, 2)).toEqual(chat.readWhole(answer));
  });
});

describe('left to a parse', () => {
  test.each([
    ['another object', { ...whole, object: 'chat.completion.chunk' }],
    ['no object', { ...whole, object: undefined }],
    ['a type', { ...whole, type: 'message' }],
    ['an error beside the answer', { ...whole, error: null }],
    ['a choice that failed', { ...whole, choices: [{ ...choice, finish_reason: 'error' }] }],
    ['an error within a choice', { ...whole, choices: [{ ...choice, error: { code: 502 } }] }],
    ['no choices', { ...whole, choices: [] }],
    ['choices that are none', { ...whole, choices: {} }],
    ['choices without an object', { ...whole, choices: ['x'] }],
    ['no usage', { ...whole, usage: undefined }],
    ['usage that is none', { ...whole, usage: null }],
    ['an error', { error: { message: 'no', type: 'server_error' } }],
  ])('%s', (_, answer) => {
    expect(glance(answer)).toBeNull();
  });

  test('whatever is cut short', () => {
    const bytes = Buffer.from(JSON.stringify(whole));
    for (let length = 0; length < bytes.length; length += 1)
      expect(chat.glance?.(bytes.subarray(0, length))).toBeNull();
  });
});
