import { describe, expect, test } from 'vitest';
import { ChunkWriter } from './to-chunks.ts';

const START = {
  type: 'message_start',
  message: {
    id: 'msg_01',
    type: 'message',
    role: 'assistant',
    model: 'claude-sonnet-5',
    content: [],
    stop_reason: null,
    usage: { input_tokens: 10, cache_read_input_tokens: 90, output_tokens: 1, service_tier: 'standard' },
  },
};
const STOP = { type: 'message_stop' };
const open = (index: number, block: object) => ({ type: 'content_block_start', index, content_block: block });
const delta = (index: number, piece: object) => ({ type: 'content_block_delta', index, delta: piece });
const close = (index: number) => ({ type: 'content_block_stop', index });
const text = (said: string, index = 0) => delta(index, { type: 'text_delta', text: said });
const json = (index: number, written: string) => delta(index, { type: 'input_json_delta', partial_json: written });
const ending = (reason: string, more: object = {}) => ({
  type: 'message_delta',
  delta: { stop_reason: reason, stop_sequence: null, ...more },
  usage: { output_tokens: 7 },
});

interface Chunk {
  readonly choices: readonly { readonly delta: Record<string, unknown>; readonly finish_reason: string | null }[];
  readonly usage?: object | null;
}

/** The stream that some events come to: its chunks, and its lines that are none. */
function written(events: readonly (object | string)[], tellsUsage = false): { chunks: Chunk[]; others: string[] } {
  const writer = new ChunkWriter({ created: 1_770_000_000, tellsUsage });
  const stream = events
    .map((event) => writer.write(typeof event === 'string' ? event : JSON.stringify(event)))
    .join('');
  const lines = stream.split('\n\n').filter((line) => line !== '');
  const chunks: Chunk[] = [];
  const others: string[] = [];
  for (const line of lines) {
    if (line.startsWith('data: {"id"')) chunks.push(JSON.parse(line.slice('data: '.length)) as Chunk);
    else others.push(line);
  }
  return { chunks, others };
}

const deltas = (events: readonly object[]) =>
  written([START, ...events]).chunks.map(({ choices }) => choices[0]?.delta);
const ROLE = { role: 'assistant', content: '', refusal: null };
const SILENT_ROLE = { ...ROLE, content: null };

test('a stream of text', () => {
  const events = [
    START,
    open(0, { type: 'text', text: '' }),
    { type: 'ping' },
    text('Gr"üß'),
    text(' dich 🌊'),
    close(0),
    ending('end_turn'),
    STOP,
  ];
  const { chunks, others } = written(events);
  const frame = {
    id: 'chatcmpl-msg_01',
    object: 'chat.completion.chunk',
    created: 1_770_000_000,
    model: 'claude-sonnet-5',
    service_tier: 'default',
  };
  const choice = (piece: object, finish: string | null = null) => [
    { index: 0, delta: piece, logprobs: null, finish_reason: finish },
  ];
  expect(chunks).toEqual([
    { ...frame, choices: choice(ROLE) },
    { ...frame, choices: choice({ content: 'Gr"üß' }) },
    { ...frame, choices: choice({ content: ' dich 🌊' }) },
    {
      ...frame,
      choices: choice({}, 'stop'),
      usage: {
        prompt_tokens: 100,
        completion_tokens: 7,
        total_tokens: 107,
        prompt_tokens_details: { cached_tokens: 90 },
        completion_tokens_details: { reasoning_tokens: 0 },
      },
    },
  ]);
  expect(others).toEqual([': ping', 'data: [DONE]']);
});

test('the usage has an event of its own for who asked for it', () => {
  const { chunks, others } = written([START, text('a'), ending('end_turn'), STOP], true);
  expect(chunks.map(({ usage }) => usage === null)).toEqual([true, true, true, false]);
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 100, completion_tokens: 7 } });
  expect(others).toEqual(['data: [DONE]']);
});

describe('what it says', () => {
  test.each<[what: string, events: object[], deltas: object[]]>([
    [
      'parallel calls, their arguments in pieces',
      [
        open(0, { type: 'text', text: 'Look' }),
        close(0),
        open(1, { type: 'tool_use', id: 'toolu_1', name: 'look', input: {} }),
        json(1, ''),
        json(1, '{"at":'),
        json(1, '"海"}'),
        close(1),
        open(2, { type: 'tool_use', id: 'toolu_2', name: 'rest', input: {} }),
        json(2, '{}'),
        close(2),
      ],
      [
        { content: 'Look' },
        { tool_calls: [{ index: 0, id: 'toolu_1', type: 'function', function: { name: 'look', arguments: '' } }] },
        { tool_calls: [{ index: 0, function: { arguments: '{"at":' } }] },
        { tool_calls: [{ index: 0, function: { arguments: '"海"}' } }] },
        { tool_calls: [{ index: 1, id: 'toolu_2', type: 'function', function: { name: 'rest', arguments: '' } }] },
        { tool_calls: [{ index: 1, function: { arguments: '{}' } }] },
      ],
    ],
    [
      'a call without a word of arguments',
      [open(0, { type: 'tool_use', id: 'toolu_1', name: 'rest', input: {} }), close(0)],
      [
        { tool_calls: [{ index: 0, id: 'toolu_1', type: 'function', function: { name: 'rest', arguments: '' } }] },
        { tool_calls: [{ index: 0, function: { arguments: '{}' } }] },
      ],
    ],
    [
      'a call whose arguments come at once',
      [open(0, { type: 'tool_use', id: 'toolu_1', name: 'rest', input: { a: 1 } }), close(0)],
      [
        { tool_calls: [{ index: 0, id: 'toolu_1', type: 'function', function: { name: 'rest', arguments: '' } }] },
        { tool_calls: [{ index: 0, function: { arguments: '{"a":1}' } }] },
      ],
    ],
    [
      'thoughts before words, and their seal',
      [
        open(0, { type: 'thinking', thinking: '', signature: '' }),
        delta(0, { type: 'thinking_delta', thinking: 'Hm.' }),
        delta(0, { type: 'signature_delta', signature: 'x' }),
        close(0),
        open(1, { type: 'text', text: '' }),
        text('Yes', 1),
        delta(1, { type: 'citations_delta', citation: {} }),
        close(1),
      ],
      [{ reasoning_content: 'Hm.' }, { content: 'Yes' }],
    ],
    [
      'events and blocks of kinds to come',
      [
        { type: 'message_mood' },
        open(0, { type: 'hologram' }),
        delta(0, { type: 'hologram_delta', text: 'x' }),
        json(0, 'x'),
        close(0),
        { type: 'content_block_delta' },
      ],
      [],
    ],
  ])('%s', (_, events, said) => {
    const [first] = said;
    const role = first === undefined ? [] : ['tool_calls' in first ? SILENT_ROLE : ROLE];
    expect(deltas(events)).toEqual([...role, ...said]);
  });

  test.each([
    ['end_turn', 'stop'],
    ['stop_sequence', 'stop'],
    ['pause_turn', 'stop'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['refusal', 'content_filter'],
    ['something_new', 'stop'],
  ])('%s ends it with %s', (reason, finish) => {
    expect(written([START, text('a'), ending(reason)]).chunks.at(-1)?.choices[0]?.finish_reason).toBe(finish);
  });

  test('calls end it as calls', () => {
    const { chunks } = written([
      START,
      open(0, { type: 'tool_use', id: 'a', name: 'b' }),
      close(0),
      ending('tool_use'),
    ]);
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('tool_calls');
  });

  test('a refusal says why', () => {
    const { chunks } = written([
      START,
      ending('refusal', { stop_details: { category: 'cyber', explanation: 'Not this.' } }),
    ]);
    expect(chunks.at(-1)?.choices[0]?.delta).toEqual({ refusal: 'Not this.' });
  });

  test('it ends once, however often the usage is told', () => {
    const { chunks } = written([
      START,
      text('a'),
      { type: 'message_delta', delta: {}, usage: { output_tokens: 3 } },
      ending('end_turn'),
      ending('end_turn'),
    ]);
    expect(chunks.filter(({ choices }) => choices[0]?.finish_reason === 'stop')).toHaveLength(1);
  });
});

test.each([
  ['an error', '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}'],
  ['an error of no kind', '{"error":{"message":"odd"}}'],
  ['what is no JSON', 'upstream went away'],
])('%s is handed on as it came', (_, data) => {
  expect(written([START, text('a'), data]).others).toEqual([`data: ${data}`]);
});
