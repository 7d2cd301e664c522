import { describe, expect, test } from 'vitest';
import { type Loss, Untranslatable } from '../../translation/loss.ts';
import { canBeStrict } from './strict.ts';
import { toChat } from './to-chat.ts';
import { messagesCaller } from './wire.ts';

function chat(request: object, model = 'gpt-4o') {
  const losses: Loss[] = [];
  const facts = { model, cap: 'max_completion_tokens', stream: false } as const;
  const body = toChat({ max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }], ...request }, facts, losses);
  return { body, lost: losses.map(({ field, how }) => `${field}; ${how}`) };
}

const use = (id: string) => ({ type: 'tool_use', id, name: 'look', input: { a: 1 } });
const made = (id: string) => ({ id, type: 'function', function: { name: 'look', arguments: '{"a":1}' } });
const result = (id: string, content?: unknown) => ({ type: 'tool_result', tool_use_id: id, content });
const picture = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA' } };
const shown = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } };

test.each<[what: string, request: object, messages: unknown[]]>([
  ['a text', {}, [{ role: 'user', content: 'Hi' }]],
  [
    'instructions in blocks, hints for the cache left out',
    {
      system: [
        { type: 'text', text: 'Be kind', cache_control: { type: 'ephemeral' } },
        { type: 'text', text: 'Be brief' },
      ],
    },
    [
      { role: 'system', content: 'Be kind\n\nBe brief' },
      { role: 'user', content: 'Hi' },
    ],
  ],
  [
    'pictures and documents',
    {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'See' },
            picture,
            { type: 'image', source: { type: 'url', url: 'https://a.test/b.png' } },
            { type: 'document', title: 'T.pdf', source: { type: 'base64', media_type: 'application/pdf', data: 'BB' } },
            { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'words' } },
          ],
        },
      ],
    },
    [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'See' },
          shown,
          { type: 'image_url', image_url: { url: 'https://a.test/b.png' } },
          { type: 'file', file: { filename: 'T.pdf', file_data: 'data:application/pdf;base64,BB' } },
          { type: 'text', text: 'words' },
        ],
      },
    ],
  ],
  [
    'calls and results, with what the user says besides',
    {
      messages: [
        { role: 'user', content: 'U' },
        { role: 'assistant', content: [{ type: 'text', text: 'A' }, use('a'), use('b')] },
        {
          role: 'user',
          content: [result('a', '1'), result('b', [{ type: 'text', text: '2' }]), { type: 'text', text: 'So?' }],
        },
      ],
    },
    [
      { role: 'user', content: 'U' },
      { role: 'assistant', content: 'A', tool_calls: [made('a'), made('b')] },
      { role: 'tool', tool_call_id: 'a', content: '1' },
      { role: 'tool', tool_call_id: 'b', content: '2' },
      { role: 'user', content: 'So?' },
    ],
  ],
  [
    'a result without content',
    {
      messages: [
        { role: 'assistant', content: [use('a')] },
        { role: 'user', content: [result('a')] },
      ],
    },
    [
      { role: 'assistant', content: null, tool_calls: [made('a')] },
      { role: 'tool', tool_call_id: 'a', content: '' },
    ],
  ],
])('%s as messages', (_, request, messages) => {
  const { body, lost } = chat(request);
  expect(body['messages']).toEqual(messages);
  expect(lost).toEqual([]);
});

test.each<[what: string, messages: unknown[], lost: string[]]>([
  [
    'a picture that a tool shows',
    [{ role: 'user', content: [result('a', [{ type: 'text', text: 'see' }, picture])] }],
    ['messages[0].content[0].content[1]; changed'],
  ],
  [
    'a result that is an error',
    [{ role: 'user', content: [{ ...result('a', 'no'), is_error: true }] }],
    ['messages[0].content[0].is_error; dropped'],
  ],
  [
    'thoughts',
    [
      { role: 'user', content: 'U' },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'Hm', signature: 's' },
          { type: 'text', text: 'A' },
        ],
      },
      { role: 'user', content: 'U' },
    ],
    ['messages[1].content[0]; dropped'],
  ],
  [
    'an answer that is begun',
    [
      { role: 'user', content: 'U' },
      { role: 'assistant', content: 'Well,' },
    ],
    ['messages[1]; changed'],
  ],
])('%s is told', (_, messages, lost) => {
  expect(chat({ messages }).lost).toEqual(lost);
});

describe('members', () => {
  test('are carried under their names on the chat wire', () => {
    const schema = {
      type: 'object',
      properties: { a: { type: 'string' } },
      required: ['a'],
      additionalProperties: false,
    };
    const { body, lost } = chat({
      temperature: 0.5,
      top_p: 0.9,
      stop_sequences: ['x'],
      metadata: { user_id: 'u' },
      service_tier: 'standard_only',
      output_config: { format: { type: 'json_schema', schema } },
      tools: [{ name: 'look', description: 'd', input_schema: schema, strict: true, cache_control: {} }],
      tool_choice: { type: 'any', disable_parallel_tool_use: true },
      stream: true,
    });
    expect(body).toEqual({
      model: 'gpt-4o',
      messages: [{ role: 'user', content: 'Hi' }],
      max_completion_tokens: 9,
      temperature: 0.5,
      top_p: 0.9,
      stop: ['x'],
      user: 'u',
      service_tier: 'default',
      response_format: { type: 'json_schema', json_schema: { name: 'answer', schema, strict: true } },
      tools: [{ type: 'function', function: { name: 'look', description: 'd', parameters: schema, strict: true } }],
      tool_choice: 'required',
      parallel_tool_calls: false,
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(lost).toEqual([]);
  });

  test.each<[choice: unknown, chosen: unknown]>([
    [{ type: 'auto' }, 'auto'],
    [{ type: 'none' }, 'none'],
    [
      { type: 'tool', name: 'look' },
      { type: 'function', function: { name: 'look' } },
    ],
  ])('tool_choice %j', (tool_choice, chosen) => {
    const { body } = chat({ tools: [{ name: 'look', input_schema: { type: 'object' } }], tool_choice });
    expect(body['tool_choice']).toEqual(chosen);
  });

  test.each<[request: object, model: string, sent: object, lost: string[]]>([
    [
      { thinking: { type: 'enabled', budget_tokens: 5000 } },
      'gpt-5',
      { reasoning_effort: 'medium' },
      ['thinking; changed'],
    ],
    [{ thinking: { type: 'enabled', budget_tokens: 2000 } }, 'gpt-4o', {}, ['thinking; dropped']],
    [{ output_config: { effort: 'high' } }, 'gpt-5', { reasoning_effort: 'high' }, []],
    [{ output_config: { effort: 'max' } }, 'gpt-5', { reasoning_effort: 'high' }, ['output_config.effort; changed']],
    [{ thinking: { type: 'disabled' } }, 'gpt-5', {}, []],
    [{ temperature: 0.5 }, 'o3', {}, ['temperature; dropped']],
    [{ temperature: 1 }, 'o3', {}, []],
    [{ stop_sequences: ['x'] }, 'o3', {}, ['stop_sequences; dropped']],
    [
      { stop_sequences: ['a', 'b', 'c', 'd', 'e'] },
      'gpt-4o',
      { stop: ['a', 'b', 'c', 'd'] },
      ['stop_sequences; changed'],
    ],
    [{ top_k: 5, container: 'c' }, 'gpt-4o', {}, ['top_k; dropped', 'container; dropped']],
  ])('%j for %s', (request, model, sent, lost) => {
    const { body, lost: told } = chat(request, model);
    const { model: _, messages: __, max_completion_tokens: ___, ...rest } = body;
    expect(rest).toEqual(sent);
    expect(told).toEqual(lost);
  });

  test("tools that Claude alone knows are told, and those that are the caller's own stay", () => {
    const tools = [
      { type: 'web_search_20250305', name: 'web_search' },
      { name: 'look', input_schema: { type: 'object' } },
    ];
    const { body, lost } = chat({ tools });
    expect(body['tools']).toHaveLength(1);
    expect(lost).toEqual(['tools[0]; dropped']);
  });
});

test.each<[field: string, request: object]>([
  ['messages', { messages: 'x' }],
  ['messages[0].role', { messages: [{ role: 'wizard', content: 'x' }] }],
  ['messages[0].content', { messages: [{ role: 'user', content: 7 }] }],
  ['messages[0].content[0]', { messages: [{ role: 'user', content: [{ type: 'search_result' }] }] }],
  [
    'messages[0].content[0].source',
    { messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'file', file_id: 'f' } }] }] },
  ],
  [
    'messages[0].content[0].source',
    { messages: [{ role: 'user', content: [{ type: 'document', source: { type: 'file', file_id: 'f' } }] }] },
  ],
  ['tool_choice', { tools: [{ type: 'bash_20250124', name: 'bash' }], tool_choice: { type: 'tool', name: 'bash' } }],
])('%s cannot be left out', (field, request) => {
  expect(() => chat(request)).toThrow(Untranslatable);
  expect(() => chat(request)).toThrow(expect.objectContaining({ field }));
});

test.each<[strict: boolean, schema: unknown]>([
  [true, { type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: false }],
  [true, { type: 'object', properties: {}, additionalProperties: false }],
  [false, { type: 'object', properties: { a: { type: 'string' } }, required: [], additionalProperties: false }],
  [false, { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] }],
  [false, { type: 'object', properties: { a: { type: 'object' } }, required: ['a'], additionalProperties: false }],
  [
    false,
    {
      type: 'object',
      properties: { a: { type: 'array', items: { type: 'object', properties: {} } } },
      required: ['a'],
      additionalProperties: false,
    },
  ],
  [false, 'no schema'],
])('OpenAI would enforce it: %s for %j', (strict, schema) => {
  expect(canBeStrict(schema)).toBe(strict);
});

test.each([
  ['max_completion_tokens', 'max_tokens'],
  ['stop', 'stop_sequences'],
  ['messages[0].content', 'messages[0].content'],
])('what chat calls %s the caller calls %s', (field, own) => {
  expect(messagesCaller.fieldOf(field)).toBe(own);
});

test.each<[headers: Record<string, string>, sent: object]>([
  [{ 'x-api-key': 'k', 'anthropic-version': 'v', 'x-other': 'o' }, { authorization: 'Bearer k' }],
  [{ authorization: 'Bearer b', 'x-api-key': 'k' }, { authorization: 'Bearer b' }],
  [{}, {}],
])('of the headers only the key goes on: %j', (headers, sent) => {
  expect(messagesCaller.headers(headers)).toEqual({ 'content-type': 'application/json', ...sent });
});
