import { describe, expect, test } from 'vitest';
import { ANY_NAME, type Teller, tellingPath, tells, type Told, toldOf } from './told.ts';

const compatible = (server: Teller['server']): Teller => ({ provider: 'openai-compatible', server });

const ANTHROPIC: Teller = { provider: 'anthropic', server: null };
const GEMINI: Teller = { provider: 'gemini', server: null };

describe('a row of a list', () => {
  test.each<[who: string, teller: Teller, row: object, told: Told]>([
    [
      'Anthropic',
      ANTHROPIC,
      {
        type: 'model',
        id: 'm',
        max_input_tokens: 200_000,
        max_tokens: 64_000,
        capabilities: {
          image_input: { supported: true },
          pdf_input: { supported: false },
          structured_outputs: { supported: true },
        },
      },
      { window: 200_000, maxOutput: 64_000, inputs: ['vision'], schema: true },
    ],
    ['Anthropic, with no word of abilities', ANTHROPIC, { id: 'm', max_input_tokens: 200_000 }, { window: 200_000 }],
    [
      'Gemini',
      GEMINI,
      { name: 'models/m', inputTokenLimit: 1_048_576, outputTokenLimit: 65_536 },
      { maxInput: 1_048_576, maxOutput: 65_536 },
    ],
    ['vLLM', compatible('vllm'), { id: 'm', max_model_len: 32_768 }, { window: 32_768 }],
    ['llama.cpp', compatible('llama.cpp'), { id: 'm', meta: { n_ctx_train: 131_072 } }, { window: 131_072 }],
    [
      'llama.cpp that tells what it runs with',
      compatible('llama.cpp'),
      { id: 'm', meta: { n_ctx: 8_192, n_ctx_train: 131_072 } },
      { window: 8_192 },
    ],
    [
      'LM Studio',
      compatible('lmstudio'),
      { id: 'm', type: 'vlm', max_context_length: 32_768, loaded_context_length: 4_096, capabilities: ['tool_use'] },
      { window: 4_096, inputs: ['vision'], tools: true },
    ],
    [
      'LM Studio, not loaded',
      compatible('lmstudio'),
      { id: 'm', type: 'llm', state: 'not-loaded', max_context_length: 32_768 },
      { window: 32_768, inputs: [] },
    ],
    [
      'Groq',
      compatible('groq'),
      { id: 'm', active: true, context_window: 131_072, max_completion_tokens: 32_768 },
      { window: 131_072, maxOutput: 32_768 },
    ],
    [
      'Mistral',
      compatible('mistral'),
      { id: 'm', max_context_length: 128_000, capabilities: { vision: false, function_calling: true } },
      { window: 128_000, inputs: [], tools: true },
    ],
    [
      'Together',
      compatible('together'),
      { id: 'm', context_length: 131_072, pricing: { hourly: 0, input: 0.88, output: 0.9, base: 0, finetune: 0 } },
      { window: 131_072, prices: { input: 0.88, output: 0.9 } },
    ],
    [
      'Together, rented by the hour',
      compatible('together'),
      { id: 'm', context_length: 8_192, pricing: { hourly: 3, input: 0, output: 0 } },
      { window: 8_192 },
    ],
    [
      'OpenRouter',
      compatible('openrouter'),
      {
        id: 'm',
        context_length: 400_000,
        top_provider: { context_length: 128_000, max_completion_tokens: 16_384 },
        architecture: { input_modalities: ['text', 'image', 'file', 'smell'] },
        supported_parameters: ['tools', 'temperature'],
        pricing: { prompt: '0.00000015', completion: '0.0000006', input_cache_read: '0.000000075' },
      },
      {
        window: 128_000,
        maxOutput: 16_384,
        inputs: ['vision', 'pdf'],
        tools: true,
        schema: false,
        prices: { input: 0.15, output: 0.6, cachedInput: 0.075 },
      },
    ],
    [
      'a server that nobody has named',
      compatible(null),
      { id: 'm', max_model_len: 4_096, max_completion_tokens: 1_024 },
      { window: 4_096, maxOutput: 1_024 },
    ],
  ])('of %s', (_, teller, row, told) => {
    const key = teller.provider === 'gemini' ? 'models' : 'data';
    expect(toldOf(teller, { [key]: [row] }).get('m')).toEqual(told);
  });

  test.each<[what: string, row: object, told: Told | undefined]>([
    ['nothing', { id: 'm' }, undefined],
    ['no name', { context_window: 8_192 }, undefined],
    ['an empty name', { id: '', context_window: 8_192 }, undefined],
    ['no window', { id: 'm', context_window: 0 }, undefined],
    ['less than nothing', { id: 'm', context_window: -1 }, undefined],
    ['a window of sound', { id: 'm', context_window: 448.5 }, undefined],
    ['text', { id: 'm', context_window: '131072' }, undefined],
    ['more than there is', { id: 'm', context_window: 1e300 }, undefined],
    ['null', { id: 'm', context_window: null, max_completion_tokens: null }, undefined],
    [
      'an answer beyond its window',
      { id: 'm', context_window: 8_192, max_completion_tokens: 9_000 },
      { window: 8_192 },
    ],
    ['an answer of nothing', { id: 'm', context_window: 8_192, max_completion_tokens: 0 }, { window: 8_192 }],
  ])('that says %s', (_, row, told) => {
    expect(toldOf(compatible('groq'), { data: [row] }).get('m')).toEqual(told);
  });

  test.each([{ prompt: '-1', completion: '-1' }, { prompt: 'NaN', completion: '' }, { prompt: '1' }, null, 'free'])(
    'with prices of %j has none',
    (pricing) => {
      const row = { id: 'm', context_length: 8_192, pricing };
      expect(toldOf(compatible('openrouter'), { data: [row] }).get('m')).toEqual({ window: 8_192 });
    },
  );
});

describe('a list', () => {
  const row = { id: 'm', max_model_len: 8_192 };

  test.each<[what: string, list: unknown, models: number]>([
    ['as OpenAI has it', { object: 'list', data: [row] }, 1],
    ['without a word around it', [row, { ...row, id: 'n' }], 2],
    ['with rows that are none', { data: [null, 7, 'm', [], row] }, 1],
    ['that is none', 'models', 0],
    ['that is nothing', null, 0],
    ['of something else', { data: { models: 3 } }, 0],
    ['without an end', { data: Array.from({ length: 5_001 }, (_, at) => ({ ...row, id: `m${at}` })) }, 0],
  ])('%s', (_, list, models) => {
    expect(toldOf(compatible('vllm'), list).size).toBe(models);
  });

  test('tells of a model under its other names, and of none twice', () => {
    const told = toldOf(compatible('mistral'), {
      data: [
        { id: 'm-2512', max_context_length: 32_768, aliases: ['m-latest', 7] },
        { id: 'm-latest', max_context_length: 4_096 },
      ],
    });
    expect([...told]).toEqual([
      ['m-2512', { window: 32_768 }],
      ['m-latest', { window: 32_768 }],
    ]);
  });

  test('of one model at llama.cpp holds whatever it is called', () => {
    const meta = { n_ctx_train: 8_192 };
    expect(toldOf(compatible('llama.cpp'), { data: [{ id: 'm', meta }] }).get(ANY_NAME)).toEqual({ window: 8_192 });
    expect(toldOf(compatible('llama.cpp'), { data: [{ id: 'm', meta }, { id: 'n' }] }).get(ANY_NAME)).toBeUndefined();
    expect(toldOf(compatible('vllm'), { data: [row] }).get(ANY_NAME)).toBeUndefined();
  });
});

test.each<[teller: Teller, tells: boolean, path: string | null]>([
  [{ provider: 'openai', server: null }, false, null],
  [{ provider: 'azure', server: null }, false, null],
  [compatible('deepseek'), false, null],
  [compatible('ollama'), false, null],
  [compatible('lmstudio'), true, '/api/v0/models'],
  [compatible('openrouter'), true, null],
  [compatible(null), true, null],
  [GEMINI, true, null],
])('%j tells its limits: %s', (teller, does, path) => {
  expect([tells(teller), tellingPath(teller)]).toEqual([does, path]);
});
