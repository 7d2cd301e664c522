import { describe, expect, test } from 'vitest';
import { tellLosses } from '../translation/loss.ts';
import { toMessages } from './to-messages.ts';

/** Takes a temperature, thinks within a budget, enforces schemas, goes on from an answer begun. */
const OLD = 'claude-opus-4-1';
/** Takes no temperature, thinks as it sees fit, goes on from nothing. */
const NEW = 'claude-sonnet-5';
const ASK = [{ role: 'user', content: 'Hello' }];
const ASKED = [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }];

function translated(request: object, model = OLD, cap: number | null = 32_000) {
  const translation = toMessages({ messages: ASK, ...request }, model, cap);
  if (translation.kind !== 'translated') throw new Error(`untranslatable: ${translation.fault.message}`);
  return { ...translation, lost: translation.losses.map(({ field, how }) => `${field} ${how}`) };
}

function refused(request: object, model = OLD) {
  const translation = toMessages({ messages: ASK, ...request }, model, null);
  if (translation.kind !== 'untranslatable') throw new Error('it was translated');
  return translation.fault;
}

test('the least request gets what the wire insists on', () => {
  expect(translated({ model: 'gpt-5' })).toEqual({
    kind: 'translated',
    body: { model: OLD, max_tokens: 32_000, messages: ASKED },
    losses: [],
    tellsUsage: false,
    lost: [],
  });
});

describe('conversations', () => {
  test.each<[what: string, messages: object[], system: unknown, turns: object[]]>([
    [
      'instructions stand before them',
      [
        { role: 'system', content: 'Be brief.' },
        { role: 'developer', content: [{ type: 'text', text: 'Be kind.' }] },
        ...ASK,
      ],
      [
        { type: 'text', text: 'Be brief.' },
        { type: 'text', text: 'Be kind.' },
      ],
      ASKED,
    ],
    [
      'what one side says in a row is one turn',
      [
        { role: 'user', content: 'One' },
        { role: 'user', content: [{ type: 'text', text: 'Two' }] },
        { role: 'assistant', content: 'Three' },
        { role: 'assistant', content: 'Four' },
        { role: 'user', content: 'Five' },
      ],
      undefined,
      [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'One' },
            { type: 'text', text: 'Two' },
          ],
        },
        {
          role: 'assistant',
          content: [
            { type: 'text', text: 'Three' },
            { type: 'text', text: 'Four' },
          ],
        },
        { role: 'user', content: [{ type: 'text', text: 'Five' }] },
      ],
    ],
    [
      'parallel calls and their results are a turn each, results first',
      [
        ...ASK,
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            { id: 'call_a', type: 'function', function: { name: 'look', arguments: '{"at":"海"}' } },
            { id: 'call:b', type: 'function', function: { name: 'rest', arguments: '' } },
          ],
        },
        { role: 'tool', tool_call_id: 'call_a', content: 'calm' },
        { role: 'user', content: 'And?' },
        { role: 'tool', tool_call_id: 'call:b', content: [{ type: 'text', text: 'rested' }] },
      ],
      undefined,
      [
        ...ASKED,
        {
          role: 'assistant',
          content: [
            { type: 'tool_use', id: 'call_a', name: 'look', input: { at: '海' } },
            { type: 'tool_use', id: 'call_b', name: 'rest', input: {} },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'call_a', content: 'calm' },
            { type: 'tool_result', tool_use_id: 'call_b', content: [{ type: 'text', text: 'rested' }] },
            { type: 'text', text: 'And?' },
          ],
        },
      ],
    ],
    [
      'empty texts are left out, and turns of nothing else',
      [
        { role: 'user', content: '  ' },
        ...ASK,
        { role: 'assistant', content: '' },
        { role: 'user', content: 'Still there?' },
      ],
      undefined,
      [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Hello' },
            { type: 'text', text: 'Still there?' },
          ],
        },
      ],
    ],
    [
      'a tool may say nothing',
      [
        ...ASK,
        { role: 'assistant', tool_calls: [{ id: 'a', function: { name: 'rest', arguments: '{}' } }] },
        { role: 'tool', tool_call_id: 'a', content: '' },
      ],
      undefined,
      [
        ...ASKED,
        { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'rest', input: {} }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a' }] },
      ],
    ],
    [
      'a refusal is a word like any other',
      [...ASK, { role: 'assistant', content: null, refusal: 'No.' }, ...ASK],
      undefined,
      [...ASKED, { role: 'assistant', content: [{ type: 'text', text: 'No.' }] }, ...ASKED],
    ],
    [
      'cache marks go along',
      [{ role: 'user', content: [{ type: 'text', text: 'Hello', cache_control: { type: 'ephemeral' } }] }],
      undefined,
      [{ role: 'user', content: [{ type: 'text', text: 'Hello', cache_control: { type: 'ephemeral' } }] }],
    ],
  ])('%s', (_, messages, system, turns) => {
    const { body, lost } = translated({ messages });
    expect(body['system']).toEqual(system);
    expect(body['messages']).toEqual(turns);
    expect(lost).toEqual([]);
  });

  const GO_ON = { role: 'user', content: [{ type: 'text', text: 'Please continue.' }] };
  test.each<[what: string, model: string, messages: object[], turns: object[], lost: string[]]>([
    [
      'an assistant that speaks first',
      OLD,
      [{ role: 'assistant', content: 'Ahoy' }, ...ASK],
      [GO_ON, { role: 'assistant', content: [{ type: 'text', text: 'Ahoy' }] }, ...ASKED],
      ['messages changed'],
    ],
    [
      'an answer begun, where the model goes on from it',
      OLD,
      [...ASK, { role: 'assistant', content: 'Once upon ' }],
      [...ASKED, { role: 'assistant', content: [{ type: 'text', text: 'Once upon' }] }],
      [],
    ],
    [
      'an answer begun, where it does not',
      NEW,
      [...ASK, { role: 'assistant', content: 'Once upon ' }],
      [...ASKED, { role: 'assistant', content: [{ type: 'text', text: 'Once upon ' }] }, GO_ON],
      ['messages changed'],
    ],
    ['instructions and nothing else', OLD, [{ role: 'system', content: 'Hello' }], ASKED, ['messages changed']],
    [
      'instructions in the middle, names and thoughts',
      OLD,
      [
        { role: 'user', name: 'ann', content: 'Hello' },
        { role: 'assistant', content: 'Hi', reasoning_content: 'A greeting.' },
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hello' },
      ],
      [...ASKED, { role: 'assistant', content: [{ type: 'text', text: 'Hi' }] }, ...ASKED],
      ['messages[0].name dropped', 'messages[1].reasoning_content dropped', 'messages[2] changed'],
    ],
  ])('%s: it is told', (_, model, messages, turns, lost) => {
    const translation = translated({ messages }, model);
    expect(translation.body['messages']).toEqual(turns);
    expect(translation.lost).toEqual(lost);
  });
});

describe('parts', () => {
  const block = (part: object) => {
    const { body, lost } = translated({ messages: [{ role: 'user', content: [part] }] });
    return { block: (body['messages'] as { content: unknown[] }[])[0]?.content[0], lost };
  };

  test.each<[what: string, part: object, block: object, lost?: string[]]>([
    [
      'an image on the web',
      { type: 'image_url', image_url: { url: 'https://a.test/b.png' } },
      { type: 'image', source: { type: 'url', url: 'https://a.test/b.png' } },
    ],
    [
      'an image in Base64',
      { type: 'image_url', image_url: { url: 'data:image/webp;base64,UklG', detail: 'auto' } },
      { type: 'image', source: { type: 'base64', media_type: 'image/webp', data: 'UklG' } },
    ],
    [
      'an image under a name that is not its own, to be looked at closely',
      { type: 'image_url', image_url: { url: 'data:image/jpg;charset=x;base64,/9j/', detail: 'high' } },
      { type: 'image', source: { type: 'base64', media_type: 'image/jpeg', data: '/9j/' } },
      ['messages[0].content[0].image_url.detail dropped'],
    ],
    [
      'a PDF',
      { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0x' } },
      {
        type: 'document',
        source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0x' },
        title: 'a.pdf',
      },
    ],
    [
      'a PDF that does not say so',
      { type: 'file', file: { file_data: 'JVBERi0x' } },
      { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0x' } },
    ],
    [
      'a text in a file',
      { type: 'file', file: { file_data: `data:text/plain;base64,${Buffer.from('naïve').toString('base64')}` } },
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'naïve' } },
    ],
    [
      'a text in a file, escaped',
      { type: 'file', file: { file_data: 'data:text/plain,na%C3%AFve' } },
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'naïve' } },
    ],
  ])('%s', (_, part, expected, lost = []) => {
    expect(block(part)).toEqual({ block: expected, lost });
  });
});

describe('what cannot be carried over is refused, with its place', () => {
  const part = (type: object) => ({ messages: [{ role: 'user', content: [type] }] });
  const called = (fn: object) => ({ messages: [...ASK, { role: 'assistant', tool_calls: [fn] }] });
  test.each<[what: string, request: object, field: string]>([
    ['sound', part({ type: 'input_audio', input_audio: {} }), 'messages[0].content[0]'],
    [
      'a picture of an unknown kind',
      part({ type: 'image_url', image_url: { url: 'data:image/tiff;base64,AA' } }),
      'messages[0].content[0].image_url',
    ],
    [
      'a picture from nowhere',
      part({ type: 'image_url', image_url: { url: 'file:///a' } }),
      'messages[0].content[0].image_url',
    ],
    ['a picture without an address', part({ type: 'image_url' }), 'messages[0].content[0].image_url'],
    ['a file kept at OpenAI', part({ type: 'file', file: { file_id: 'file-1' } }), 'messages[0].content[0].file'],
    [
      'a file of an unknown kind',
      part({ type: 'file', file: { file_data: 'data:text/csv,a' } }),
      'messages[0].content[0].file',
    ],
    [
      'a file badly escaped',
      part({ type: 'file', file: { file_data: 'data:text/plain,%E0%A4%A' } }),
      'messages[0].content[0].file',
    ],
    [
      'arguments that are no JSON',
      called({ id: 'a', function: { name: 'f', arguments: '{"a":' } }),
      'messages[1].tool_calls[0].function.arguments',
    ],
    [
      'arguments that are no object',
      called({ id: 'a', function: { name: 'f', arguments: '[]' } }),
      'messages[1].tool_calls[0].function.arguments',
    ],
    ['a call of a tool of another kind', called({ id: 'a', type: 'custom', custom: {} }), 'messages[1].tool_calls[0]'],
    [
      'an image of an assistant',
      { messages: [...ASK, { role: 'assistant', content: [{ type: 'image_url', image_url: 'https://a.test' }] }] },
      'messages[1].content[0]',
    ],
    ['an answer in sound', { messages: [...ASK, { role: 'assistant', audio: { id: 'a' } }] }, 'messages[1].audio'],
    ['functions of old', { functions: [{ name: 'f' }] }, 'functions'],
    ['a tool of another kind', { tools: [{ type: 'custom', custom: { name: 'f' } }] }, 'tools[0]'],
    ['an unknown role', { messages: [{ role: 'narrator', content: 'x' }] }, 'messages[0].role'],
    ['no messages', { messages: [] }, 'messages'],
    ['messages of nothing', { messages: [{ role: 'user', content: ' ' }] }, 'messages'],
    ['no list of messages', { messages: 'Hello' }, 'messages'],
  ])('%s', (_, request, field) => {
    const fault = refused(request);
    expect(fault).toMatchObject({ kind: 'unsupported-parameter', param: field, party: 'caller' });
    expect(fault.retry).toMatchObject({ here: false, elsewhere: true });
    expect(fault.message.startsWith(`${field}: `)).toBe(true);
  });
});

describe('tools', () => {
  const schema = { type: 'object', properties: { at: { type: 'string', minLength: 2 } }, required: ['at'] };
  const tools = [
    { type: 'function', function: { name: 'look', description: 'Looks.', parameters: schema } },
    { type: 'function', function: { name: 'rest' } },
  ];
  const offered = [
    { name: 'look', description: 'Looks.', input_schema: schema },
    { name: 'rest', input_schema: { type: 'object', properties: {} } },
  ];

  test.each<[what: string, request: object, choice: unknown, names?: string[]]>([
    ['nothing said', {}, undefined],
    ['auto', { tool_choice: 'auto' }, { type: 'auto' }],
    ['required', { tool_choice: 'required' }, { type: 'any' }],
    ['none', { tool_choice: 'none', parallel_tool_calls: false }, { type: 'none' }],
    ['one of them', { tool_choice: { type: 'function', function: { name: 'rest' } } }, { type: 'tool', name: 'rest' }],
    ['one at a time', { parallel_tool_calls: false }, { type: 'auto', disable_parallel_tool_use: true }],
    [
      'one at least, one at most',
      { tool_choice: 'required', parallel_tool_calls: false },
      { type: 'any', disable_parallel_tool_use: true },
    ],
    [
      'some of them',
      {
        tool_choice: {
          type: 'allowed_tools',
          allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'rest' } }] },
        },
      },
      { type: 'any' },
      ['rest'],
    ],
  ])('%s', (_, request, choice, names = ['look', 'rest']) => {
    const { body, lost } = translated({ tools, ...request });
    expect(body['tools']).toEqual(offered.filter(({ name }) => names.includes(name)));
    expect(body['tool_choice']).toEqual(choice);
    expect(lost).toEqual([]);
  });

  test('a strict tool is enforced as far as the wire can', () => {
    const strict = [{ type: 'function', function: { name: 'look', parameters: schema, strict: true } }];
    const { body, lost } = translated({ tools: strict });
    const enforced = { ...schema, properties: { at: { type: 'string' } }, additionalProperties: false };
    expect(body['tools']).toEqual([{ name: 'look', input_schema: enforced, strict: true }]);
    expect(lost).toEqual(['tools[0].function.parameters.minLength dropped']);
    expect(translated({ tools: strict }, 'claude-sonnet-4-0').lost).toEqual(['tools[0].function.strict dropped']);
  });

  test('without tools there is nothing to choose', () => {
    expect(translated({ tools: [], tool_choice: 'auto', parallel_tool_calls: true }).body).not.toHaveProperty(
      'tool_choice',
    );
  });
});

describe('settings', () => {
  const THINKS = { thinking: { type: 'enabled', budget_tokens: 4096 } };
  test.each<[what: string, model: string, request: object, members: object, lost?: string[]]>([
    ['a cap', OLD, { max_tokens: 50 }, { max_tokens: 50 }],
    ['a cap of the newer name', OLD, { max_completion_tokens: 60, max_tokens: null }, { max_tokens: 60 }],
    [
      'a cap above the model',
      OLD,
      { max_completion_tokens: 99_000 },
      { max_tokens: 32_000 },
      ['max_completion_tokens changed'],
    ],
    ['a temperature', OLD, { temperature: 0.2 }, { temperature: 0.2 }],
    ['a high temperature', OLD, { temperature: 1.7 }, { temperature: 1 }, ['temperature changed']],
    ['a temperature that is refused', NEW, { temperature: 0.2 }, {}, ['temperature dropped']],
    ['the default where it is bound', NEW, { temperature: 1, top_p: 1 }, {}],
    ['top_p', OLD, { top_p: 0.5 }, { top_p: 0.5 }],
    ['both, of which it takes one', OLD, { temperature: 0.5, top_p: 0.5 }, { temperature: 0.5 }, ['top_p dropped']],
    [
      'both, where it takes both',
      'claude-3-haiku-20240307',
      { temperature: 0.5, top_p: 0.5 },
      { temperature: 0.5, top_p: 0.5 },
    ],
    ['a top_p that is refused', NEW, { top_p: 0.9 }, {}, ['top_p dropped']],
    ['a top_p of nearly all', NEW, { top_p: 0.995 }, { top_p: 0.995 }],
    ['one stop', OLD, { stop: 'END' }, { stop_sequences: ['END'] }],
    ['stops, one of them blank', OLD, { stop: ['END', '\n'] }, { stop_sequences: ['END'] }, ['stop dropped']],
    ['a user', OLD, { user: 'u-1' }, { metadata: { user_id: 'u-1' } }],
    ['a safety identifier', OLD, { user: 'u-1', safety_identifier: 's-1' }, { metadata: { user_id: 's-1' } }],
    ['a user with a name', OLD, { user: 'ann@example.com' }, {}, ['user dropped']],
    ['a tier', OLD, { service_tier: 'default' }, { service_tier: 'standard_only' }],
    ['an unknown tier', OLD, { service_tier: 'flex' }, {}, ['service_tier dropped']],
    ['a stream', OLD, { stream: true, stream_options: { include_usage: true } }, { stream: true }],
    ['thinking within a budget', OLD, { reasoning_effort: 'medium' }, THINKS],
    [
      'thinking, and a temperature',
      OLD,
      { reasoning_effort: 'medium', temperature: 0, top_p: 0.9 },
      THINKS,
      ['temperature dropped', 'top_p dropped'],
    ],
    [
      'thinking under a low cap',
      OLD,
      { reasoning_effort: 'high', max_tokens: 3000 },
      { max_tokens: 3000, thinking: { type: 'enabled', budget_tokens: 1500 } },
    ],
    [
      'thinking without room',
      OLD,
      { reasoning_effort: 'low', max_tokens: 1024 },
      { max_tokens: 1024 },
      ['reasoning_effort dropped'],
    ],
    ['the least effort', OLD, { reasoning_effort: 'minimal' }, {}],
    [
      'thinking where nobody does',
      'claude-3-haiku-20240307',
      { reasoning_effort: 'low' },
      {},
      ['reasoning_effort dropped'],
    ],
    [
      'thinking as it sees fit',
      NEW,
      { reasoning_effort: 'xhigh' },
      { thinking: { type: 'adaptive' }, output_config: { effort: 'xhigh' } },
    ],
    [
      'an effort it does not know',
      'claude-opus-4-6',
      { reasoning_effort: 'xhigh' },
      { thinking: { type: 'adaptive' }, output_config: { effort: 'high' } },
      ['reasoning_effort changed'],
    ],
    ['an effort nobody knows', NEW, { reasoning_effort: 'utter' }, {}, ['reasoning_effort dropped']],
    ['plain text', OLD, { response_format: { type: 'text' } }, {}],
    ['JSON without a schema', OLD, { response_format: { type: 'json_object' } }, {}, ['response_format dropped']],
    [
      'a schema that is not enforced',
      'claude-sonnet-4-0',
      { response_format: { type: 'json_schema', json_schema: { schema: {} } } },
      {},
      ['response_format dropped'],
    ],
    [
      'what says nothing',
      OLD,
      {
        n: 1,
        seed: null,
        logprobs: false,
        presence_penalty: 0,
        frequency_penalty: 0,
        logit_bias: {},
        modalities: ['text'],
        store: false,
      },
      {},
    ],
    [
      'what it has not',
      OLD,
      { n: 2, seed: 7, logprobs: true, logit_bias: { 1: 2 }, top_k: 5 },
      {},
      ['n dropped', 'seed dropped', 'logprobs dropped', 'logit_bias dropped', 'top_k dropped'],
    ],
    ['a name that every object has', OLD, { constructor: 1 }, {}, ['constructor dropped']],
  ])('%s', (_, model, request, members, lost = []) => {
    const cap = 32_000;
    const translation = translated(request, model, cap);
    expect(translation.body).toEqual({ model, max_tokens: cap, messages: ASKED, ...members });
    expect(translation.lost).toEqual(lost);
  });

  test('a schema goes along without its bounds', () => {
    const asked = {
      type: 'object',
      properties: {
        minimum: { type: 'number', minimum: 0, maximum: 9 },
        list: {
          type: 'array',
          minItems: 1,
          maxItems: 3,
          items: { type: 'object', properties: { a: { $ref: '#/$defs/a' } } },
        },
        any: { anyOf: [{ type: 'string', maxLength: 4 }, { type: 'null' }] },
      },
      required: ['minimum'],
      additionalProperties: true,
      $defs: { a: { type: 'array', minItems: 2, items: { enum: ['x'] } } },
    };
    const { body, lost } = translated({
      response_format: { type: 'json_schema', json_schema: { name: 'n', schema: asked } },
    });
    expect(body['output_config']).toEqual({
      format: {
        type: 'json_schema',
        schema: {
          type: 'object',
          properties: {
            minimum: { type: 'number' },
            list: {
              type: 'array',
              minItems: 1,
              items: { type: 'object', properties: { a: { $ref: '#/$defs/a' } }, additionalProperties: false },
            },
            any: { anyOf: [{ type: 'string' }, { type: 'null' }] },
          },
          required: ['minimum'],
          additionalProperties: false,
          $defs: { a: { type: 'array', items: { enum: ['x'] } } },
        },
      },
    });
    const words = ['minimum', 'maximum', 'maxItems', 'maxLength', 'minItems', 'additionalProperties'];
    expect(lost.sort()).toEqual(words.map((word) => `response_format.json_schema.schema.${word} dropped`).sort());
  });

  test('without a known cap a usual one is asked for', () => {
    expect(translated({}, OLD, null).body['max_tokens']).toBe(8192);
    expect(translated({ max_tokens: 99_999 }, OLD, null).body['max_tokens']).toBe(99_999);
  });

  test.each([
    ['when a tool has to be called', { tool_choice: 'required', messages: ASK }],
    [
      'when it would go on after a tool call',
      {
        messages: [
          ...ASK,
          { role: 'assistant', tool_calls: [{ id: 'a', function: { name: 'rest', arguments: '{}' } }] },
          { role: 'tool', tool_call_id: 'a', content: 'done' },
        ],
      },
    ],
  ])('a model with a budget does not think %s; one that sees fit does', (_, request) => {
    const tools = [{ type: 'function', function: { name: 'rest' } }];
    const asked = { tools, reasoning_effort: 'high', ...request };
    expect(translated(asked).lost).toEqual(['reasoning_effort dropped']);
    expect(translated(asked, NEW).lost).toEqual([]);
    expect(translated(asked, NEW).body['thinking']).toEqual({ type: 'adaptive' });
  });

  test('the caller may have asked for the usage', () => {
    expect(translated({ stream: true, stream_options: { include_usage: true } }).tellsUsage).toBe(true);
    expect(translated({ stream: true, stream_options: {} }).tellsUsage).toBe(false);
  });
});

test('losses are told in a header that no name can break', () => {
  const { losses } = translated({ seed: 7, temperature: 2, 'x\r\nset-cookie: a': 1 });
  expect(tellLosses(losses)).toBe('temperature; changed, seed; dropped, x__set-cookie__a; dropped');
  const many = translated(Object.fromEntries(Array.from({ length: 25 }, (_, at) => [`f${at}`, 1]))).losses;
  expect(tellLosses(many)).toMatch(/, f19; dropped, and 5 more$/);
});
