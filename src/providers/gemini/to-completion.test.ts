import { describe, expect, test } from 'vitest';
import { toCompletion } from './to-completion.ts';

const OPTIONS = { created: 7, mayBeEmpty: false };
const text = (said: string, more: object = {}) => ({ text: said, ...more });
const candidate = (parts: object[], finishReason = 'STOP', more: object = {}) => ({
  content: { role: 'model', parts },
  finishReason,
  ...more,
});
const body = (...candidates: object[]) => ({ candidates, responseId: 'r1', modelVersion: 'gemini-3.1-pro' });

test('a whole answer', () => {
  const usageMetadata = {
    promptTokenCount: 10,
    toolUsePromptTokenCount: 2,
    cachedContentTokenCount: 4,
    candidatesTokenCount: 5,
    thoughtsTokenCount: 3,
    totalTokenCount: 20,
  };
  const answer = { ...body(candidate([text('Hm', { thought: true }), text('Hello '), text('there')])), usageMetadata };
  expect(toCompletion(answer, OPTIONS)).toEqual({
    id: 'chatcmpl-r1',
    object: 'chat.completion',
    created: 7,
    model: 'gemini-3.1-pro',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'Hello there', refusal: null, reasoning_content: 'Hm' },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: {
      prompt_tokens: 12,
      completion_tokens: 8,
      total_tokens: 20,
      prompt_tokens_details: { cached_tokens: 4 },
      completion_tokens_details: { reasoning_tokens: 3 },
    },
  });
});

test('calls keep their ids and seals, and get ids where they have none', () => {
  const parts = [
    { functionCall: { id: 'f1', name: 'look', args: { a: 'é' } }, thoughtSignature: 's' },
    { functionCall: { name: 'rest' } },
  ];
  const { choices } = toCompletion(body(candidate(parts)), OPTIONS) as { choices: [{ message: object }] };
  expect(choices[0]).toMatchObject({
    message: {
      content: null,
      tool_calls: [
        {
          id: 'f1',
          type: 'function',
          function: { name: 'look', arguments: '{"a":"é"}' },
          extra_content: { google: { thought_signature: 's' } },
        },
        { id: expect.stringMatching(/^call_[0-9a-f]{24}$/) as string, function: { name: 'rest', arguments: '{}' } },
      ],
    },
    finish_reason: 'tool_calls',
  });
});

test('several answers keep apart, and a text keeps its seal', () => {
  const answer = body(
    candidate([text('A')], 'STOP', { index: 1 }),
    candidate([text('B'), text('', { thoughtSignature: 's' })]),
  );
  expect(toCompletion(answer, OPTIONS)?.['choices']).toMatchObject([
    { index: 1, message: { content: 'A' } },
    { index: 1, message: { content: 'B', extra_content: { google: { thought_signature: 's' } } } },
  ]);
});

describe('endings', () => {
  test.each([
    ['STOP', 'stop', null],
    ['MAX_TOKENS', 'length', null],
    ['CONTINUATION', 'length', null],
    ['SAFETY', 'content_filter', 'Refused: SAFETY'],
    ['RECITATION', 'content_filter', 'Refused: RECITATION'],
    ['SPII', 'content_filter', 'Refused: SPII'],
    ['OTHER', 'stop', null],
    ['FINISH_REASON_UNSPECIFIED', 'stop', null],
    ['A_NEW_ONE', 'stop', null],
  ])('%s', (reason, finish, refusal) => {
    const completion = toCompletion(body(candidate([text('so')], reason)), OPTIONS);
    expect(completion?.['choices']).toMatchObject([{ finish_reason: finish, message: { content: 'so', refusal } }]);
  });

  test('what was withheld says nothing, and why in its own words', () => {
    const answer = body({ finishReason: 'SAFETY', finishMessage: 'Not this.' });
    expect(toCompletion(answer, OPTIONS)?.['choices']).toMatchObject([
      { finish_reason: 'content_filter', message: { content: null, refusal: 'Not this.' } },
    ]);
  });

  test.each(['MALFORMED_FUNCTION_CALL', 'UNEXPECTED_TOOL_CALL', 'MALFORMED_RESPONSE', 'NO_IMAGE'])(
    '%s is a failure',
    (reason) => {
      const answer = body(candidate([text('so')], reason, { finishMessage: 'a brace is missing' }));
      expect(toCompletion(answer, OPTIONS)).toEqual({
        error: { message: `The model ended with ${reason}: a brace is missing`, code: 500, status: 'INTERNAL' },
      });
    },
  );

  test('so is to stop without a word, but where it may be meant', () => {
    const silent = body({ finishReason: 'STOP' });
    expect(toCompletion(silent, OPTIONS)).toHaveProperty('error.code', 500);
    expect(toCompletion(silent, { ...OPTIONS, mayBeEmpty: true })).toHaveProperty('choices.0.message.content', '');
    expect(toCompletion(body({ finishReason: 'MAX_TOKENS' }), OPTIONS)).toHaveProperty('choices.0.message.content', '');
  });

  test('a blocked prompt is a refusal', () => {
    expect(toCompletion({ promptFeedback: { blockReason: 'JAILBREAK' } }, OPTIONS)).toEqual({
      error: { message: 'The prompt was blocked: JAILBREAK', code: 'content_filter' },
    });
  });
});

test.each([null, [], 7, {}, { candidates: [] }, { error: { code: 503 } }, [{ error: {} }]])(
  '%j is no answer',
  (given) => {
    expect(toCompletion(given, OPTIONS)).toBeNull();
  },
);
