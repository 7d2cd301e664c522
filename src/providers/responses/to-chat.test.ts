import { describe, expect, test } from 'vitest';
import { type Loss, Untranslatable } from '../translation/loss.ts';
import { toChat } from './to-chat.ts';
import { responsesCaller } from './wire.ts';

function chat(request: object, cap: 'max_tokens' | 'max_completion_tokens' = 'max_completion_tokens') {
  const losses: Loss[] = [];
  const body = toChat({ input: 'Hi', ...request }, { model: 'm', cap, stream: false }, losses);
  return { body, lost: losses.map(({ field, how }) => `${field}; ${how}`) };
}

const call = (id: string) => ({ type: 'function_call', call_id: id, name: 'look', arguments: '{"a":1}' });
const made = (id: string) => ({ id, type: 'function', function: { name: 'look', arguments: '{"a":1}' } });
const output = (id: string, said: unknown) => ({ type: 'function_call_output', call_id: id, output: said });

test.each<[what: string, request: object, messages: unknown[]]>([
  ['a text', {}, [{ role: 'user', content: 'Hi' }]],
  [
    'instructions',
    { instructions: 'Be kind' },
    [
      { role: 'system', content: 'Be kind' },
      { role: 'user', content: 'Hi' },
    ],
  ],
  [
    'every role',
    {
      input: [
        { role: 'developer', content: 'D' },
        { type: 'message', role: 'system', content: [{ type: 'input_text', text: 'S' }] },
        { role: 'user', content: 'U' },
        {
          role: 'assistant',
          content: [
            { type: 'output_text', text: 'A' },
            { type: 'refusal', refusal: 'R' },
          ],
        },
      ],
    },
    [
      { role: 'system', content: 'D' },
      { role: 'system', content: 'S' },
      { role: 'user', content: 'U' },
      { role: 'assistant', content: 'AR' },
    ],
  ],
  [
    'calls that join the words before them, and their results',
    {
      input: [
        { role: 'user', content: 'U' },
        { role: 'assistant', content: 'A' },
        call('a'),
        call('b'),
        output('a', '1'),
        output('b', '2'),
      ],
    },
    [
      { role: 'user', content: 'U' },
      { role: 'assistant', content: 'A', tool_calls: [made('a'), made('b')] },
      { role: 'tool', tool_call_id: 'a', content: '1' },
      { role: 'tool', tool_call_id: 'b', content: '2' },
    ],
  ],
  [
    'two rounds of calls',
    { input: [call('a'), output('a', '1'), call('b'), output('b', '2')] },
    [
      { role: 'assistant', content: null, tool_calls: [made('a')] },
      { role: 'tool', tool_call_id: 'a', content: '1' },
      { role: 'assistant', content: null, tool_calls: [made('b')] },
      { role: 'tool', tool_call_id: 'b', content: '2' },
    ],
  ],
  [
    'parts',
    {
      input: [
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'See' },
            { type: 'input_image', image_url: 'https://a.test/b.png', detail: 'low' },
            { type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,AA' },
          ],
        },
      ],
    },
    [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'See' },
          { type: 'image_url', image_url: { url: 'https://a.test/b.png', detail: 'low' } },
          { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,AA' } },
        ],
      },
    ],
  ],
  [
    'a call of a tool without a schema',
    {
      input: [
        { type: 'custom_tool_call', call_id: 'c', name: 'run', input: 'ls' },
        { type: 'custom_tool_call_output', call_id: 'c', output: 'a' },
      ],
    },
    [
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'c', type: 'custom', custom: { name: 'run', input: 'ls' } }],
      },
      { role: 'tool', tool_call_id: 'c', content: 'a' },
    ],
  ],
])('%s as messages', (_, request, messages) => {
  const { body, lost } = chat(request);
  expect(body['messages']).toEqual(messages);
  expect(lost).toEqual([]);
});

test('what tools show, the user shows when all of them have answered', () => {
  const shown = output('a', [
    { type: 'input_text', text: 'see' },
    { type: 'input_image', image_url: 'data:image/png;base64,AA' },
  ]);
  const { body, lost } = chat({
    input: [call('a'), call('b'), shown, output('b', '2'), { role: 'user', content: 'So?' }],
  });
  expect(body['messages']).toEqual([
    { role: 'assistant', content: null, tool_calls: [made('a'), made('b')] },
    { role: 'tool', tool_call_id: 'a', content: 'see' },
    { role: 'tool', tool_call_id: 'b', content: '2' },
    { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } }] },
    { role: 'user', content: 'So?' },
  ]);
  expect(lost).toEqual(['input[2].output; changed']);
});

describe('members', () => {
  test('are carried under their names on the chat wire', () => {
    const { body, lost } = chat({
      max_output_tokens: 9,
      temperature: 0.5,
      top_p: 0.9,
      text: { verbosity: 'low', format: { type: 'json_schema', name: 'n', schema: { type: 'object' }, strict: true } },
      reasoning: { effort: 'low', summary: 'auto' },
      safety_identifier: 'u',
      user: 'old',
      service_tier: 'flex',
      parallel_tool_calls: false,
      tools: [{ type: 'function', name: 'look', description: 'd', parameters: { type: 'object' }, strict: true }],
      tool_choice: { type: 'function', name: 'look' },
      stream: true,
      prompt_cache_key: 'k',
      metadata: {},
      store: false,
    });
    expect(body).toEqual({
      model: 'm',
      messages: [{ role: 'user', content: 'Hi' }],
      max_completion_tokens: 9,
      temperature: 0.5,
      top_p: 0.9,
      verbosity: 'low',
      response_format: { type: 'json_schema', json_schema: { name: 'n', schema: { type: 'object' }, strict: true } },
      reasoning_effort: 'low',
      user: 'u',
      service_tier: 'flex',
      parallel_tool_calls: false,
      tools: [
        {
          type: 'function',
          function: { name: 'look', description: 'd', parameters: { type: 'object' }, strict: true },
        },
      ],
      tool_choice: { type: 'function', function: { name: 'look' } },
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(lost).toEqual([]);
  });

  test("the cap goes by the server's own name", () => {
    expect(chat({ max_output_tokens: 9 }, 'max_tokens').body).toMatchObject({ max_tokens: 9 });
  });

  test('tools of other kinds', () => {
    const grammar = { type: 'grammar', syntax: 'lark', definition: 'x' };
    const { body } = chat({
      tools: [
        { type: 'custom', name: 'run', format: grammar },
        { type: 'function', name: 'look' },
      ],
      tool_choice: { type: 'allowed_tools', mode: 'required', tools: [{ type: 'custom', name: 'run' }] },
    });
    expect(body['tools']).toEqual([
      {
        type: 'custom',
        custom: { name: 'run', format: { type: 'grammar', grammar: { syntax: 'lark', definition: 'x' } } },
      },
      { type: 'function', function: { name: 'look' } },
    ]);
    expect(body['tool_choice']).toEqual({
      type: 'allowed_tools',
      allowed_tools: { mode: 'required', tools: [{ type: 'custom', custom: { name: 'run' } }] },
    });
  });

  test('what the chat wire has nothing for is told', () => {
    const { lost } = chat({
      store: true,
      include: ['reasoning.encrypted_content'],
      truncation: 'auto',
      metadata: { a: 'b' },
      max_tool_calls: 3,
      tools: [{ type: 'web_search' }],
      input: [
        { role: 'user', content: 'U' },
        { type: 'reasoning', id: 'rs', summary: [] },
        { type: 'web_search_call', id: 'ws' },
      ],
    });
    expect(lost.sort()).toEqual(
      ['include', 'input[1]', 'input[2]', 'max_tool_calls', 'metadata', 'store', 'tools[0]', 'truncation'].map(
        (field) => `${field}; dropped`,
      ),
    );
  });
});

test.each<[field: string, request: object]>([
  ['previous_response_id', { previous_response_id: 'resp_1' }],
  ['conversation', { conversation: 'conv_1' }],
  ['prompt', { prompt: { id: 'p' } }],
  ['background', { background: true }],
  ['input', { input: 7 }],
  ['input[0]', { input: [{ type: 'item_reference', id: 'x' }] }],
  ['input[0]', { input: [{ type: 'computer_call', id: 'x' }] }],
  ['input[0].role', { input: [{ role: 'wizard', content: 'x' }] }],
  ['input[0].content[0]', { input: [{ role: 'user', content: [{ type: 'input_image', file_id: 'f' }] }] }],
  ['input[0].content[0]', { input: [{ role: 'user', content: [{ type: 'input_file', file_id: 'f' }] }] }],
  ['tool_choice', { tools: [{ type: 'web_search' }], tool_choice: { type: 'web_search' } }],
  ['tool_choice', { tools: [{ type: 'function', name: 'a' }], tool_choice: { type: 'mcp', server_label: 'x' } }],
])('%s cannot be left out', (field, request) => {
  expect(() => chat(request)).toThrow(Untranslatable);
  expect(() => chat(request)).toThrow(expect.objectContaining({ field }));
});

test.each([
  ['max_completion_tokens', 'max_output_tokens'],
  ['response_format.json_schema.schema.minLength', 'text.format.json_schema.schema.minLength'],
  ['reasoning_effort', 'reasoning.effort'],
  ['messages[3].content[0]', 'input'],
  ['tools[1].function.strict', 'tools[1].function.strict'],
])('what chat calls %s the caller calls %s', (field, own) => {
  expect(responsesCaller.fieldOf(field)).toBe(own);
});
