import { describe, expect, test } from 'vitest';
import { type Loss, Untranslatable } from '../../translation/loss.ts';
import { toChat } from './to-chat.ts';

const ASK = [{ role: 'user', parts: [{ text: 'Hello' }] }];
const ASKED = [{ role: 'user', content: 'Hello' }];

function chat(request: object, model = 'gpt-4o', stream = false) {
  const losses: Loss[] = [];
  const {
    messages,
    model: name,
    ...rest
  } = toChat({ contents: ASK, ...request }, { model, cap: 'max_tokens', stream }, losses);
  expect(name).toBe(model);
  return { messages, rest, lost: losses.map(({ field, how }) => `${field} ${how}`) };
}

function refused(request: object): string {
  try {
    chat(request);
  } catch (error) {
    if (error instanceof Untranslatable) return error.field;
  }
  throw new Error('it was translated');
}

test('the least request is the least request', () => {
  expect(chat({})).toEqual({ messages: ASKED, rest: {}, lost: [] });
});

const user = (...parts: object[]) => ({ role: 'user', parts });
const model = (...parts: object[]) => ({ role: 'model', parts });
const call = (name: string, more: object = {}) => ({ functionCall: { name, args: { a: 1 }, ...more } });
const answer = (name: string, response: object, more: object = {}) => ({
  functionResponse: { name, response, ...more },
});
const made = (id: string, name: string) => ({ id, type: 'function', function: { name, arguments: '{"a":1}' } });

describe('conversations', () => {
  test.each<[what: string, request: object, messages: object[]]>([
    [
      'instructions, in either spelling',
      { system_instruction: { parts: [{ text: 'Be brief.' }, { text: 'Be kind.' }] } },
      [{ role: 'system', content: 'Be brief.\n\nBe kind.' }, ...ASKED],
    ],
    [
      'instructions that are no more than a text',
      { systemInstruction: 'Be brief.' },
      [{ role: 'system', content: 'Be brief.' }, ...ASKED],
    ],
    [
      'turns',
      {
        contents: [
          { parts: [{ text: 'One' }] },
          model({ text: 'Two' }, { text: ' three' }),
          user({ text: 'Four' }, { text: 'Five' }),
        ],
      },
      [
        { role: 'user', content: 'One' },
        { role: 'assistant', content: 'Two three' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Four' },
            { type: 'text', text: 'Five' },
          ],
        },
      ],
    ],
    [
      'calls and their answers by their ids, whatever the order',
      {
        contents: [
          ...ASK,
          model({ text: 'Well' }, call('f', { id: 'a' }), call('g', { id: 'b' })),
          user(answer('g', { x: 1 }, { id: 'b' }), answer('f', { output: 'one' }, { id: 'a' }), { text: 'So?' }),
        ],
      },
      [
        ...ASKED,
        { role: 'assistant', content: 'Well', tool_calls: [made('a', 'f'), made('b', 'g')] },
        { role: 'tool', tool_call_id: 'b', content: '{"x":1}' },
        { role: 'tool', tool_call_id: 'a', content: 'one' },
        { role: 'user', content: 'So?' },
      ],
    ],
    [
      'calls without ids, by their names',
      {
        contents: [
          ...ASK,
          model(call('f'), call('f'), call('g')),
          user(answer('g', { result: 'three' }), answer('f', { result: 'one' }), answer('f', { error: 'two' })),
        ],
      },
      [
        ...ASKED,
        {
          role: 'assistant',
          content: null,
          tool_calls: [made('call_1', 'f'), made('call_2', 'f'), made('call_3', 'g')],
        },
        { role: 'tool', tool_call_id: 'call_3', content: 'three' },
        { role: 'tool', tool_call_id: 'call_1', content: 'one' },
        { role: 'tool', tool_call_id: 'call_2', content: 'two' },
      ],
    ],
    [
      'a seal goes without a word',
      { contents: [...ASK, model({ text: 'Yes', thoughtSignature: 's' }, { thoughtSignature: 's' }), ...ASK] },
      [...ASKED, { role: 'assistant', content: 'Yes' }, ...ASKED],
    ],
    [
      'what can be shown',
      {
        contents: [
          user(
            { inlineData: { mimeType: 'image/png', data: 'AAAA' } },
            { inline_data: { mime_type: 'audio/wav', data: 'AAAA' } },
            { inlineData: { mimeType: 'application/pdf', data: 'AAAA' } },
            { inlineData: { mimeType: 'text/plain', data: Buffer.from('hé').toString('base64') } },
            { fileData: { fileUri: 'https://a.test/b.png', mimeType: 'image/png' } },
          ),
        ],
      },
      [
        {
          role: 'user',
          content: [
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
            { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
            { type: 'file', file: { filename: 'document.pdf', file_data: 'data:application/pdf;base64,AAAA' } },
            { type: 'text', text: 'hé' },
            { type: 'image_url', image_url: { url: 'https://a.test/b.png' } },
          ],
        },
      ],
    ],
  ])('%s', (_, request, messages) => {
    expect(chat(request)).toMatchObject({ messages, lost: [] });
  });

  test.each<[what: string, contents: unknown, field: string]>([
    ['no contents', 'Hello', 'contents'],
    ['a content that is none', ['Hello'], 'contents[0]'],
    ['a content without parts', [{ role: 'user' }], 'contents[0].parts'],
    ['a part that is none', [user(7 as never)], 'contents[0].parts[0]'],
    ['an answer to no call', [user(answer('f', {}))], 'contents[0].parts[0].functionResponse'],
    [
      'a file at Google',
      [user({ fileData: { fileUri: 'https://generativelanguage.googleapis.com/v1beta/files/x' } })],
      'contents[0].parts[0].fileData',
    ],
    ['a film', [user({ inlineData: { mimeType: 'video/mp4', data: 'AAAA' } })], 'contents[0].parts[0].inlineData'],
    ['a part of another kind', [user({ executableCode: {} })], 'contents[0].parts[0]'],
  ])('%s is not sent', (_, contents, field) => {
    expect(refused({ contents })).toBe(field);
  });

  test('what is left out is told', () => {
    const contents = [
      ...ASK,
      model({ text: 'Hm', thought: true }, { executableCode: { code: 'x' } }, call('f', { id: 'a' })),
      user(answer('f', {}, { id: 'a', parts: [{}] })),
    ];
    const lost = [
      'contents[1].parts[0] dropped',
      'contents[1].parts[1] dropped',
      'contents[2].parts[0].functionResponse.parts dropped',
    ];
    expect(chat({ contents }).lost).toEqual(lost);
  });
});

describe('tools', () => {
  const declared = {
    name: 'f',
    description: 'F',
    parameters: { type: 'OBJECT', properties: { a: { type: 'STRING', nullable: true } } },
  };

  test("schemas of Google's kind become JSON Schema, JSON Schema stays", () => {
    const parametersJsonSchema = { type: 'object', properties: { type: { type: 'string', enum: ['A'] } } };
    const tools = [{ functionDeclarations: [declared, { name: 'g', parametersJsonSchema }] }];
    expect(chat({ tools }).rest).toEqual({
      tools: [
        {
          type: 'function',
          function: {
            name: 'f',
            description: 'F',
            parameters: { type: 'object', properties: { a: { type: ['string', 'null'] } } },
          },
        },
        { type: 'function', function: { name: 'g', parameters: parametersJsonSchema } },
      ],
    });
  });

  const named = (name: string) => ({ type: 'function', function: { name } });

  test.each<[calling: object, choice: unknown]>([
    [{ mode: 'AUTO' }, 'auto'],
    [{ mode: 'VALIDATED' }, 'auto'],
    [{ mode: 'NONE' }, 'none'],
    [{ mode: 'ANY' }, 'required'],
    [{ mode: 'ANY', allowedFunctionNames: ['f'] }, named('f')],
    [
      { mode: 'ANY', allowed_function_names: ['f', 'g'] },
      { type: 'allowed_tools', allowed_tools: { mode: 'required', tools: [named('f'), named('g')] } },
    ],
  ])('%j', (functionCallingConfig, choice) => {
    const tools = [{ functionDeclarations: [declared] }];
    expect(chat({ tools, toolConfig: { functionCallingConfig } }).rest['tool_choice']).toEqual(choice);
  });

  test("Google's own are left out", () => {
    expect(chat({ tools: [{ googleSearch: {} }, { function_declarations: [declared] }] })).toMatchObject({
      rest: { tools: [{ function: { name: 'f' } }] },
      lost: ['tools[0].googleSearch dropped'],
    });
  });
});

describe('settings', () => {
  test.each<[config: object, rest: object, lost: string[], model?: string]>([
    [
      {
        temperature: 0.3,
        topP: 0.5,
        maxOutputTokens: 9,
        stopSequences: ['x'],
        seed: 7,
        presencePenalty: 1,
        frequencyPenalty: 0,
        candidateCount: 2,
      },
      { temperature: 0.3, top_p: 0.5, max_tokens: 9, stop: ['x'], seed: 7, presence_penalty: 1, n: 2 },
      [],
    ],
    [{ temperature: 1, candidateCount: 1, responseModalities: ['TEXT'] }, {}, []],
    [{ max_output_tokens: 9 }, { max_tokens: 9 }, []],
    [
      { topK: 3, responseModalities: ['IMAGE'] },
      {},
      ['generationConfig.topK dropped', 'generationConfig.responseModalities dropped'],
    ],
    [
      { stopSequences: ['a', 'b', 'c', 'd', 'e'] },
      { stop: ['a', 'b', 'c', 'd'] },
      ['generationConfig.stopSequences changed'],
    ],
    [
      { temperature: 0.3, stopSequences: ['a'] },
      {},
      ['generationConfig.temperature dropped', 'generationConfig.stopSequences dropped'],
      'o3',
    ],
    [{ responseMimeType: 'application/json' }, { response_format: { type: 'json_object' } }, []],
    [{ responseMimeType: 'text/plain', responseSchema: {} }, {}, []],
    [
      {
        responseMimeType: 'application/json',
        responseSchema: { type: 'ARRAY', items: { type: 'STRING' }, minItems: '2' },
      },
      {
        response_format: {
          type: 'json_schema',
          json_schema: {
            name: 'answer',
            strict: false,
            schema: { type: 'array', items: { type: 'string' }, minItems: 2 },
          },
        },
      },
      [],
    ],
    [{ thinkingConfig: { thinkingLevel: 'HIGH' } }, {}, ['generationConfig.thinkingConfig.thinkingLevel dropped']],
    [{ thinkingConfig: { thinkingLevel: 'HIGH' } }, { reasoning_effort: 'high' }, [], 'gpt-5'],
    [
      { thinkingConfig: { thinkingBudget: 0 } },
      { reasoning_effort: 'minimal' },
      ['generationConfig.thinkingConfig.thinkingBudget changed'],
      'gpt-5',
    ],
    [{ thinkingConfig: { thinkingBudget: 9000 } }, { reasoning_effort: 'medium' }, [], 'gpt-5'],
    [{ thinkingConfig: { thinkingBudget: -1, includeThoughts: true } }, {}, [], 'gpt-5'],
  ])('%j', (generationConfig, rest, lost, name) => {
    const found = chat({ generationConfig }, name);
    expect(found.rest).toEqual(rest);
    expect(found.lost).toEqual(lost);
  });

  test('a stream is one by its path, and tells its usage', () => {
    expect(chat({}, 'gpt-4o', true).rest).toEqual({ stream: true, stream_options: { include_usage: true } });
  });

  test('the rest', () => {
    expect(
      chat({ serviceTier: 'flex', safetySettings: [], labels: { a: 'b' }, store: false, model: 'models/x' }),
    ).toEqual({
      messages: ASKED,
      rest: { service_tier: 'flex' },
      lost: ['safetySettings dropped', 'labels dropped'],
    });
    expect(refused({ cachedContent: 'cachedContents/x' })).toBe('cachedContent');
  });
});
