import { describe, expect, test } from 'vitest';
import { FOREIGN_SEAL } from './seal.ts';
import { toGenerate } from './to-generate.ts';

/** Thinks by levels, wants its calls under seal. */
const NEW = 'gemini-3.1-pro-preview';
/** Thinks within a budget, takes no penalties, and no form beside tools. */
const OLD = 'gemini-2.5-flash';
const ASK = [{ role: 'user', content: 'Hello' }];
const ASKED = [{ role: 'user', parts: [{ text: 'Hello' }] }];

function translated(request: object, model = NEW, cap: number | null = 65_536) {
  const translation = toGenerate({ messages: ASK, ...request }, model, cap);
  if (translation.kind !== 'translated') throw new Error(`untranslatable: ${translation.fault.message}`);
  return { ...translation, lost: translation.losses.map(({ field, how }) => `${field} ${how}`) };
}

function refused(request: object, model = NEW) {
  const translation = toGenerate({ messages: ASK, ...request }, model, null);
  if (translation.kind !== 'untranslatable') throw new Error('it was translated');
  return translation.fault;
}

test('the least request is the least request', () => {
  expect(translated({ model: 'gpt-5' })).toEqual({
    kind: 'translated',
    body: { contents: ASKED },
    losses: [],
    tellsUsage: false,
    lost: [],
  });
});

const call = (id: string, name: string, args: string, seal?: string) => ({
  id,
  type: 'function',
  function: { name, arguments: args },
  ...(seal === undefined ? {} : { extra_content: { google: { thought_signature: seal } } }),
});
const answer = (id: string, content: unknown) => ({ role: 'tool', tool_call_id: id, content });

describe('conversations', () => {
  test.each<[what: string, messages: object[], system: unknown, contents: object[]]>([
    [
      'instructions stand apart',
      [
        { role: 'system', content: 'Be brief.' },
        { role: 'developer', content: [{ type: 'text', text: 'Be kind.' }] },
        ...ASK,
      ],
      { parts: [{ text: 'Be brief.' }, { text: 'Be kind.' }] },
      ASKED,
    ],
    [
      'what one side says in a row is one turn, and nothing is no turn',
      [
        { role: 'user', content: 'One' },
        { role: 'user', content: [{ type: 'text', text: '' }] },
        { role: 'user', content: [{ type: 'text', text: 'Two' }] },
        { role: 'assistant', content: '' },
        { role: 'assistant', content: 'Three' },
        { role: 'assistant', refusal: 'No.' },
        { role: 'user', content: 'Five' },
      ],
      undefined,
      [
        { role: 'user', parts: [{ text: 'One' }, { text: 'Two' }] },
        { role: 'model', parts: [{ text: 'Three' }, { text: 'No.' }] },
        { role: 'user', parts: [{ text: 'Five' }] },
      ],
    ],
    [
      'the answers to parallel calls are one turn, before what the user says, each with the name of its function',
      [
        ...ASK,
        {
          role: 'assistant',
          content: 'Well',
          tool_calls: [call('a', 'look', '{"x":1}', 'seal'), call('b', 'rest', '')],
        },
        answer('b', '{"deep":true}'),
        { role: 'user', content: 'And?' },
        answer('a', 'one'),
      ],
      undefined,
      [
        ...ASKED,
        {
          role: 'model',
          parts: [
            { text: 'Well' },
            { functionCall: { id: 'a', name: 'look', args: { x: 1 } }, thoughtSignature: 'seal' },
            { functionCall: { id: 'b', name: 'rest', args: {} } },
          ],
        },
        {
          role: 'user',
          parts: [
            { functionResponse: { id: 'b', name: 'rest', response: { deep: true } } },
            { functionResponse: { id: 'a', name: 'look', response: { output: 'one' } } },
          ],
        },
        { role: 'user', parts: [{ text: 'And?' }] },
      ],
    ],
    [
      "an answer in the wire's own words is not taken apart",
      [...ASK, { role: 'assistant', tool_calls: [call('a', 'look', '{}', 's')] }, answer('a', '{"error":1}')],
      undefined,
      [
        ...ASKED,
        { role: 'model', parts: [{ functionCall: { id: 'a', name: 'look', args: {} }, thoughtSignature: 's' }] },
        { role: 'user', parts: [{ functionResponse: { id: 'a', name: 'look', response: { output: '{"error":1}' } } }] },
      ],
    ],
    [
      'calls of another model go under the seal that is taken for any',
      [
        ...ASK,
        { role: 'assistant', tool_calls: [call('a', 'f', '{}'), call('b', 'f', '{}')] },
        answer('a', ''),
        answer('b', ''),
      ],
      undefined,
      [
        ...ASKED,
        {
          role: 'model',
          parts: ['a', 'b'].map((id) => ({
            functionCall: { id, name: 'f', args: {} },
            thoughtSignature: FOREIGN_SEAL,
          })),
        },
        {
          role: 'user',
          parts: ['a', 'b'].map((id) => ({ functionResponse: { id, name: 'f', response: { output: '' } } })),
        },
      ],
    ],
    [
      'the seal of a text goes with it',
      [...ASK, { role: 'assistant', content: 'Yes', extra_content: { google: { thought_signature: 's' } } }, ...ASK],
      undefined,
      [...ASKED, { role: 'model', parts: [{ text: 'Yes', thoughtSignature: 's' }] }, ...ASKED],
    ],
    [
      'an answer that is begun stays the last word',
      [...ASK, { role: 'assistant', content: 'Well, ' }],
      undefined,
      [...ASKED, { role: 'model', parts: [{ text: 'Well, ' }] }],
    ],
  ])('%s', (_, messages, systemInstruction, contents) => {
    const { body, lost } = translated({ messages });
    expect(body).toEqual({ contents, ...(systemInstruction === undefined ? {} : { systemInstruction }) });
    expect(lost).toEqual([]);
  });

  test('a model without seals is shown none', () => {
    const messages = [...ASK, { role: 'assistant', tool_calls: [call('a', 'f', '{}')] }, answer('a', 'x')];
    const { contents } = translated({ messages }, OLD).body as { contents: { parts: object[] }[] };
    expect(contents[1]?.parts).toEqual([{ functionCall: { id: 'a', name: 'f', args: {} } }]);
  });

  test.each<[what: string, messages: object[], contents: object[], lost: string[]]>([
    ['instructions alone ask', [{ role: 'system', content: 'Hello' }], ASKED, ['messages changed']],
    [
      'an assistant first is answered',
      [{ role: 'assistant', content: 'Ahoy' }, ...ASK],
      [{ role: 'user', parts: [{ text: 'Please continue.' }] }, { role: 'model', parts: [{ text: 'Ahoy' }] }, ...ASKED],
      ['messages changed'],
    ],
    [
      'late instructions stand before',
      [...ASK, { role: 'system', content: 'Be brief.' }],
      ASKED,
      ['messages[1] changed'],
    ],
    ['names', [{ role: 'user', name: 'ann', content: 'Hello' }], ASKED, ['messages[0].name dropped']],
    [
      'thoughts without their seal',
      [...ASK, { role: 'assistant', content: 'Yes', reasoning_content: 'Hm' }, ...ASK],
      [...ASKED, { role: 'model', parts: [{ text: 'Yes' }] }, ...ASKED],
      ['messages[1].reasoning_content dropped'],
    ],
  ])('%s, and it is told', (_, messages, contents, lost) => {
    const translation = translated({ messages });
    expect(translation.body['contents']).toEqual(contents);
    expect(translation.lost).toEqual(lost);
  });

  test('a model that takes no instructions hears them from the user', () => {
    const { body, lost } = translated(
      { messages: [{ role: 'system', content: 'Be brief.' }, ...ASK] },
      'gemma-3-27b-it',
    );
    expect(body).toEqual({ contents: [{ role: 'user', parts: [{ text: 'Be brief.' }, { text: 'Hello' }] }] });
    expect(lost).toEqual(['messages changed']);
  });
});

const PDF = 'JVBERi0xLjQ=';

describe('parts', () => {
  test.each<[what: string, part: object, parts: object, lost?: string]>([
    [
      'an image in Base64',
      { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
      { inlineData: { mimeType: 'image/png', data: 'AAAA' } },
    ],
    [
      'an image on the web',
      { type: 'image_url', image_url: { url: 'https://a.test/b.webp?c=1', detail: 'auto' } },
      { fileData: { fileUri: 'https://a.test/b.webp?c=1', mimeType: 'image/webp' } },
    ],
    [
      'an image on the web that does not tell its kind',
      { type: 'image_url', image_url: 'https://a.test/b' },
      { fileData: { fileUri: 'https://a.test/b', mimeType: 'image/jpeg' } },
    ],
    [
      'a file that Google keeps',
      { type: 'image_url', image_url: { url: 'https://generativelanguage.googleapis.com/v1beta/files/x' } },
      { fileData: { fileUri: 'https://generativelanguage.googleapis.com/v1beta/files/x' } },
    ],
    [
      'how closely to look',
      { type: 'image_url', image_url: { url: 'data:image/jpg;base64,AAAA', detail: 'low' } },
      { inlineData: { mimeType: 'image/jpeg', data: 'AAAA' } },
      'messages[0].content[0].image_url.detail dropped',
    ],
    [
      'a sound',
      { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
      { inlineData: { mimeType: 'audio/wav', data: 'AAAA' } },
    ],
    ['a PDF', { type: 'file', file: { file_data: PDF } }, { inlineData: { mimeType: 'application/pdf', data: PDF } }],
    [
      'a PDF with a name',
      { type: 'file', file: { file_data: `data:application/pdf;base64,${PDF}`, filename: 'a.pdf' } },
      { inlineData: { mimeType: 'application/pdf', data: PDF } },
      'messages[0].content[0].file.filename dropped',
    ],
    [
      'a text that is escaped',
      { type: 'file', file: { file_data: 'data:text/plain,h%C3%A9' } },
      { inlineData: { mimeType: 'text/plain', data: Buffer.from('hé').toString('base64') } },
    ],
  ])('%s', (_, part, expected, lost) => {
    const translation = translated({ messages: [{ role: 'user', content: [part] }] });
    expect(translation.body).toEqual({ contents: [{ role: 'user', parts: [expected] }] });
    expect(translation.lost).toEqual(lost === undefined ? [] : [lost]);
  });

  test.each<[what: string, message: object, param: string]>([
    ['a file kept at OpenAI', { content: [{ type: 'file', file: { file_id: 'f' } }] }, 'messages[0].content[0].file'],
    [
      'a kind of file that is not read',
      { content: [{ type: 'file', file: { file_data: 'data:a/b,x' } }] },
      'messages[0].content[0].file',
    ],
    [
      'a GIF',
      { content: [{ type: 'image_url', image_url: { url: 'data:image/gif;base64,AAAA' } }] },
      'messages[0].content[0].image_url',
    ],
    ['no address', { content: [{ type: 'image_url', image_url: { url: 'x' } }] }, 'messages[0].content[0].image_url'],
    ['a part without a kind', { content: [{ type: 'video' }] }, 'messages[0].content[0]'],
    ['a sound without data', { content: [{ type: 'input_audio' }] }, 'messages[0].content[0].input_audio'],
    ['no parts', { content: 7 }, 'messages[0].content'],
    ['a role that is none', { role: 'function', content: 'x' }, 'messages[0].role'],
    ['an answer to no call', { role: 'tool', tool_call_id: 'x', content: 'y' }, 'messages[0].tool_call_id'],
    [
      'arguments that are no JSON',
      { role: 'assistant', tool_calls: [call('a', 'f', '{')] },
      'messages[0].tool_calls[0].function.arguments',
    ],
    [
      'a call of another kind',
      { role: 'assistant', tool_calls: [{ id: 'a', type: 'custom' }] },
      'messages[0].tool_calls[0]',
    ],
    ['an old call', { role: 'assistant', function_call: { name: 'f' } }, 'messages[0].function_call'],
    ['an answer in sound', { role: 'assistant', audio: { id: 'a' } }, 'messages[0].audio'],
  ])('%s is not sent', (_, message, param) => {
    const fault = refused({ messages: [{ role: 'user', ...message }] });
    expect(fault).toMatchObject({ kind: 'unsupported-parameter', param, retry: { elsewhere: true } });
  });

  test('neither is no conversation', () => {
    expect(refused({ messages: [] }).param).toBe('messages');
    expect(refused({ messages: 'Hello' }).param).toBe('messages');
    expect(refused({ messages: [7] }).param).toBe('messages[0]');
  });
});

const schema = { type: 'object', properties: { place: { type: 'string' } }, additionalProperties: false };
const tool = (name: string, more: object = {}) => ({
  type: 'function',
  function: { name, parameters: schema, ...more },
});

describe('tools', () => {
  test('are declared as they stand', () => {
    const { body, lost } = translated({
      tools: [tool('look', { description: 'Looks' }), tool('rest', { parameters: undefined })],
    });
    expect(body['tools']).toEqual([
      {
        functionDeclarations: [{ name: 'look', description: 'Looks', parametersJsonSchema: schema }, { name: 'rest' }],
      },
    ]);
    expect(body['toolConfig']).toBeUndefined();
    expect(lost).toEqual([]);
  });

  const allowed = (mode: string) => ({
    type: 'allowed_tools',
    allowed_tools: { mode, tools: [{ function: { name: 'b' } }] },
  });

  test.each<[what: string, request: object, config: unknown, names: string]>([
    ['auto', { tool_choice: 'auto' }, { mode: 'AUTO' }, 'a b'],
    ['none', { tool_choice: 'none' }, { mode: 'NONE' }, 'a b'],
    ['required', { tool_choice: 'required' }, { mode: 'ANY' }, 'a b'],
    [
      'one',
      { tool_choice: { type: 'function', function: { name: 'b' } } },
      { mode: 'ANY', allowedFunctionNames: ['b'] },
      'a b',
    ],
    ['some', { tool_choice: allowed('auto') }, { mode: 'AUTO' }, 'b'],
    ['some of which one has to be called', { tool_choice: allowed('required') }, { mode: 'ANY' }, 'b'],
    ['strict', { tools: [tool('a', { strict: true }), tool('b')] }, { mode: 'VALIDATED' }, 'a b'],
    ['strict and required', { tools: [tool('a', { strict: true })], tool_choice: 'required' }, { mode: 'ANY' }, 'a'],
  ])('choice: %s', (_, request, functionCallingConfig, names) => {
    const { body, lost } = translated({ tools: [tool('a'), tool('b')], ...request });
    expect(body['toolConfig']).toEqual({ functionCallingConfig });
    const [listed] = body['tools'] as { functionDeclarations: { name: string }[] }[];
    expect(listed?.functionDeclarations.map(({ name }) => name).join(' ')).toBe(names);
    expect(lost).toEqual([]);
  });

  test('one at a time cannot be asked for', () => {
    expect(translated({ tools: [tool('a')], parallel_tool_calls: false }).lost).toEqual([
      'parallel_tool_calls dropped',
    ]);
    expect(translated({ tools: [tool('a')], parallel_tool_calls: true }).lost).toEqual([]);
  });

  test.each<[what: string, request: object, param: string]>([
    ['functions', { functions: [{ name: 'f' }] }, 'functions'],
    ['other kinds', { tools: [{ type: 'custom', custom: { name: 'x' } }] }, 'tools[0]'],
    ['a choice of another kind', { tools: [tool('a')], tool_choice: { type: 'custom' } }, 'tool_choice'],
  ])('%s are not sent', (_, request, param) => {
    expect(refused(request).param).toBe(param);
  });
});

describe('settings', () => {
  const set = (request: object, model = NEW, cap: number | null = 65_536) => {
    const { body, lost } = translated(request, model, cap);
    return [body['generationConfig'], ...lost];
  };

  test.each<[what: string, request: object, expected: unknown[], model?: string]>([
    ['a cap', { max_tokens: 9 }, [{ maxOutputTokens: 9 }]],
    ['the newer cap first', { max_tokens: 9, max_completion_tokens: 8 }, [{ maxOutputTokens: 8 }]],
    ["a cap above the model's", { max_tokens: 99_999 }, [{ maxOutputTokens: 65_536 }, 'max_tokens changed']],
    [
      'sampling',
      { temperature: 1.5, top_p: 0.5, top_k: 3, seed: 7, n: 2 },
      [{ temperature: 1.5, topP: 0.5, topK: 3, seed: 7, candidateCount: 2 }],
    ],
    ['one answer', { n: 1 }, [undefined]],
    ['penalties', { presence_penalty: 1, frequency_penalty: 0 }, [{ presencePenalty: 1 }]],
    ['penalties where there are none', { presence_penalty: 1 }, [undefined, 'presence_penalty dropped'], OLD],
    ['a stop', { stop: 'x' }, [{ stopSequences: ['x'] }]],
    ['stops', { stop: ['a', '', 'b'] }, [{ stopSequences: ['a', 'b'] }]],
    [
      'too many stops',
      { stop: ['a', 'b', 'c', 'd', 'e', 'f'] },
      [{ stopSequences: ['a', 'b', 'c', 'd', 'e'] }, 'stop changed'],
    ],
    ['JSON', { response_format: { type: 'json_object' } }, [{ responseMimeType: 'application/json' }]],
    ['text', { response_format: { type: 'text' } }, [undefined]],
    [
      'a schema',
      { response_format: { type: 'json_schema', json_schema: { schema } } },
      [{ responseMimeType: 'application/json', responseJsonSchema: schema }],
    ],
    [
      'a schema beyond what is enforced',
      {
        response_format: {
          type: 'json_schema',
          json_schema: { schema: { properties: { pattern: { const: 'x', pattern: 'y' } }, items: [{ not: {} }] } },
        },
      },
      [
        {
          responseMimeType: 'application/json',
          responseJsonSchema: { properties: { pattern: { enum: ['x'] } }, items: [{}] },
        },
        'response_format.json_schema.schema.pattern dropped',
        'response_format.json_schema.schema.not dropped',
      ],
    ],
    [
      'a form beside tools',
      { response_format: { type: 'json_object' }, tools: [tool('a')] },
      [{ responseMimeType: 'application/json' }],
    ],
    [
      'a form beside tools where it cannot be',
      { response_format: { type: 'json_object' }, tools: [tool('a')] },
      [undefined, 'response_format dropped'],
      OLD,
    ],
    [
      'a form of a call',
      { response_format: { type: 'json_object' }, tools: [tool('a')], tool_choice: 'required' },
      [undefined, 'response_format dropped'],
    ],
  ])('%s', (_, request, expected, model) => {
    expect(set(request, model)).toEqual(expected);
  });

  test.each<[effort: string, model: string, cap: number | null, expected: unknown[]]>([
    ['high', NEW, null, [{ includeThoughts: true, thinkingLevel: 'HIGH' }]],
    ['max', NEW, null, [{ includeThoughts: true, thinkingLevel: 'HIGH' }]],
    ['minimal', NEW, null, [{ includeThoughts: true, thinkingLevel: 'LOW' }, 'reasoning_effort changed']],
    ['none', NEW, null, [{ thinkingLevel: 'LOW' }, 'reasoning_effort changed']],
    [
      'medium',
      'gemini-3-pro-preview',
      null,
      [{ includeThoughts: true, thinkingLevel: 'HIGH' }, 'reasoning_effort changed'],
    ],
    ['minimal', 'gemini-3-flash-preview', null, [{ includeThoughts: true, thinkingLevel: 'MINIMAL' }]],
    ['none', OLD, null, [{ thinkingBudget: 0 }]],
    ['none', 'gemini-2.5-pro', null, [{ thinkingBudget: 128 }, 'reasoning_effort changed']],
    ['medium', OLD, null, [{ includeThoughts: true, thinkingBudget: 8192 }]],
    ['max', OLD, null, [{ includeThoughts: true, thinkingBudget: 24_576 }]],
    ['max', 'gemini-2.5-pro', null, [{ includeThoughts: true, thinkingBudget: 32_768 }]],
    ['high', OLD, 2000, [{ includeThoughts: true, thinkingBudget: 1000 }]],
    ['high', OLD, 100, [{ includeThoughts: true, thinkingBudget: 0 }]],
    ['high', 'gemini-2.0-flash', null, [undefined, 'reasoning_effort dropped']],
    ['none', 'gemini-2.0-flash', null, [undefined]],
    ['much', NEW, null, [undefined, 'reasoning_effort dropped']],
  ])('effort %s of %s within %s', (effort, model, cap, expected) => {
    const asked = cap === null ? {} : { max_tokens: cap };
    const [config, ...lost] = set({ reasoning_effort: effort, ...asked }, model) as [
      Record<string, unknown>,
      ...string[],
    ];
    expect([config?.['thinkingConfig'], ...lost]).toEqual(expected);
  });

  test.each<[tier: string, expected: unknown[]]>([
    ['auto', [undefined]],
    ['default', ['standard']],
    ['flex', ['flex']],
    ['priority', ['priority']],
    ['scale', [undefined, 'service_tier dropped']],
  ])('tier %s', (tier, expected) => {
    const { body, lost } = translated({ service_tier: tier });
    expect([body['serviceTier'], ...lost]).toEqual(expected);
  });

  test('what has no counterpart is told, what says nothing is not', () => {
    const { lost, tellsUsage } = translated({
      stream: true,
      stream_options: { include_usage: true },
      logit_bias: {},
      store: false,
      logprobs: true,
      user: 'u',
      metadata: { a: 'b' },
      modalities: ['text', 'audio'],
    });
    expect(lost).toEqual(['logprobs dropped', 'user dropped', 'metadata dropped', 'modalities dropped']);
    expect(tellsUsage).toBe(true);
  });
});
