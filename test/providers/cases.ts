import { type Heard, type Question, said, type Turn } from './question.ts';

/** One question, and what has to be heard whoever asks whom. */
export interface Case {
  readonly name: string;
  /** Asked by those alone who ask everything. */
  readonly long?: true;
  readonly question: Question;
  readonly expect: Partial<Heard> & {
    /** Names of the tools that are called, in order. */
    readonly called?: readonly string[];
    /** The answer is JSON with these members. */
    readonly members?: readonly string[];
    /** So many words of text. */
    readonly words?: number;
  };
}

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';
const PDF = Buffer.from('%PDF-1.4\n%%EOF\n').toString('base64');

const object = (properties: Record<string, unknown>, required = Object.keys(properties)) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});
const PLACE = object({ place: { type: 'string' }, depth: { type: 'integer' } });
const look = { name: 'look', description: 'Looks at a place.', schema: PLACE };
const rest = { name: 'rest', description: 'Rests for a while.', schema: object({ hours: { type: 'number' } }) };

const model = (says: string): Turn => ({ by: 'model', says });
const calls = (...ids: string[]): Turn => ({
  by: 'model',
  calls: ids.map((id) => ({ id, name: 'look', input: { place: '海', depth: 3 } })),
});
const results = (...pairs: readonly (readonly [id: string, says: string])[]): Turn => ({
  by: 'tools',
  results: pairs.map(([id, says]) => ({ id, name: 'look', says })),
});
const shows = (...says: Extract<Turn, { by: 'user' }>['says']): Turn => ({ by: 'user', says });

/** The simulated model says what it is told to say. */
function saying(name: string, text: string): Case {
  return {
    name,
    question: { turns: [said(`Say: ${text}`)] },
    expect: { text, calls: [], ending: 'end' },
  };
}

/** The same with something in the question that must not get in the way of the answer. */
function despite(name: string, question: Partial<Question>): Case {
  return {
    name,
    question: { turns: [said('Say: all is well')], ...question },
    expect: { text: 'all is well', ending: 'end' },
  };
}

const TEXTS: readonly Case[] = [
  saying('one word', 'yes'),
  saying('a sentence', 'The tide is high at noon.'),
  saying('accents', 'Grüße, naïve façade, Ærø'),
  saying('scripts of four continents', '海藻 Ωκεανός русалка ขอบฟ้า עברית العربية'),
  saying('letters beyond the basic plane', '🌊 𝒲 👩‍👩‍👧‍👦 🇩🇰'),
  saying('quotes and backslashes', 'say "hi" \\ \\n \\u0041 \'x\''),
  saying('lines', 'one\ntwo\n\nthree\r\nfour\ttabbed'),
  saying('markup', '<a href="x">&amp;</a> ```js\nlet a = `${b}`;\n```'),
  saying('what looks like JSON', '{"a": [1, 2, {"b": null}]}'),
  saying('what looks like an event', 'data: {"choices":[]}\n\ndata: [DONE]'),
  saying('a control character', 'bell\u0007 and escape\u001b[0m'),
  {
    name: 'a long answer',
    question: { turns: [said('Write 900 words')] },
    expect: { words: 900, ending: 'end', outputTokens: 900 },
  },
  {
    name: 'a very long answer',
    long: true,
    question: { turns: [said('Write 3000 words')] },
    expect: { words: 3000, ending: 'end' },
  },
  { name: 'an answer drawn by chance', question: { turns: [said('What does kelp do?')] }, expect: { ending: 'end' } },
  {
    name: 'a long question',
    question: { turns: [said(`${'kelp '.repeat(20_000)} Say: read`)] },
    expect: { text: 'read' },
  },
];

const CONVERSATIONS: readonly Case[] = [
  despite('instructions', { system: 'Be brief.' }),
  despite('instructions in many lines', { system: 'Be brief.\n\n- Be kind.\n- Speak Danish: æøå.' }),
  despite('two turns before', { turns: [said('One'), model('Two'), said('Say: all is well')] }),
  despite('ten turns before', {
    turns: [
      ...Array.from({ length: 5 }, (_, at) => [said(`Q${at}`), model(`A${at}`)]).flat(),
      said('Say: all is well'),
    ],
  }),
  despite('a question in pieces', { turns: [shows({ text: 'Say: ' }, { text: 'all is well' })] }),
  despite('the user speaking twice', { turns: [said('Well'), said('Say: all is well')] }),
  despite('an answer in another script before', { turns: [said('Q'), model('海藻 🌊'), said('Say: all is well')] }),
  despite('instructions and turns', { system: 'Be kind.', turns: [said('Q'), model('A'), said('Say: all is well')] }),
];

const SETTINGS: readonly Case[] = [
  {
    name: 'a cap',
    question: { turns: [said('Write 80 words')], cap: 20 },
    expect: { words: 20, ending: 'cap', outputTokens: 20 },
  },
  {
    name: 'the least of caps',
    question: { turns: [said('Write 80 words')], cap: 16 },
    expect: { words: 16, ending: 'cap' },
  },
  {
    name: 'a cap that is not reached',
    question: { turns: [said('Write 8 words')], cap: 100 },
    expect: { words: 8, ending: 'end' },
  },
  despite('a temperature', { temperature: 0.3 }),
  despite('a temperature of nothing', { temperature: 0 }),
  despite('the usual temperature', { temperature: 1 }),
  despite('a nucleus', { topP: 0.5 }),
  {
    name: 'a stop',
    question: { turns: [said('Say: one two three')], stop: [' three'] },
    expect: { text: 'one two', ending: 'end', outputTokens: 2 },
  },
  despite('stops that never come', { stop: ['\n\nHuman:', 'THE END'] }),
  despite('a user', { user: 'user-7' }),
  despite('all of it', { system: 'Be kind.', temperature: 0.7, cap: 50, user: 'user-8' }),
];

const TOOLS: readonly Case[] = [
  {
    name: 'a tool that is named',
    question: { turns: [said('Where?')], tools: [look, rest], choice: { tool: 'rest' } },
    expect: { called: ['rest'], ending: 'calls' },
  },
  {
    name: 'a tool that is required',
    question: { turns: [said('Where?')], tools: [look], choice: 'required' },
    expect: { called: ['look'], ending: 'calls' },
  },
  {
    name: 'a tool that is asked for',
    question: { turns: [said('Please use look')], tools: [look, rest] },
    expect: { called: ['look'], ending: 'calls' },
  },
  {
    name: 'the second of the tools',
    question: { turns: [said('Please use rest')], tools: [look, rest] },
    expect: { called: ['rest'], ending: 'calls' },
  },
  {
    name: 'a tool that may not be called',
    question: { turns: [said('Say: no')], tools: [look], choice: 'none' },
    expect: { text: 'no', called: [] },
  },
  {
    name: 'a tool that is not wanted',
    question: { turns: [said('Say: no')], tools: [look] },
    expect: { text: 'no', called: [] },
  },
  {
    name: 'a strict tool',
    question: { turns: [said('Please use look')], tools: [{ ...look, strict: true }] },
    expect: { called: ['look'], ending: 'calls' },
  },
  {
    name: 'a tool without a description',
    question: { turns: [said('Please use look')], tools: [{ name: 'look', schema: PLACE }] },
    expect: { called: ['look'] },
  },
  {
    name: 'a tool without arguments',
    question: { turns: [said('Please use now')], tools: [{ name: 'now', schema: object({}) }] },
    expect: { called: ['now'], calls: [{ name: 'now', input: {} }] },
  },
  {
    name: 'a tool with nested arguments',
    question: {
      turns: [said('Please use log')],
      tools: [{ name: 'log', schema: object({ at: PLACE, tags: { type: 'array', items: { type: 'string' } } }) }],
    },
    expect: { called: ['log'] },
  },
  {
    name: 'twenty tools',
    question: {
      turns: [said('Please use tool_r')],
      tools: Array.from({ length: 20 }, (_, at) => ({ name: `tool_${'abcdefghijklmnopqrst'[at]}`, schema: PLACE })),
    },
    expect: { called: ['tool_r'] },
  },
  {
    name: 'one call at a time',
    question: { turns: [said('Use all tools, use look first')], tools: [look], alone: true },
    expect: { called: ['look'] },
  },
  {
    name: 'parallel calls',
    question: { turns: [said('Use all tools: use look and use rest')], tools: [look, rest] },
    expect: { called: ['look', 'rest'], ending: 'calls' },
  },
  {
    name: 'three parallel calls',
    question: { turns: [said('Use all tools: use look')], tools: [look, rest, { name: 'dive', schema: PLACE }] },
    expect: { called: ['look', 'rest', 'dive'], ending: 'calls' },
  },
];

const WITH_TOOLS = { tools: [look] };

const RESULTS: readonly Case[] = [
  despite('a result', {
    ...WITH_TOOLS,
    turns: [said('Say: all is well'), calls('call_a'), results(['call_a', 'clear'])],
  }),
  despite('results of parallel calls', {
    ...WITH_TOOLS,
    turns: [said('Say: all is well'), calls('call_a', 'call_b'), results(['call_a', 'clear'], ['call_b', 'dim'])],
  }),
  despite('results in another order', {
    ...WITH_TOOLS,
    turns: [said('Say: all is well'), calls('call_a', 'call_b'), results(['call_b', 'dim'], ['call_a', 'clear'])],
  }),
  despite('a result and a further question', {
    ...WITH_TOOLS,
    turns: [said('Look'), calls('call_a'), results(['call_a', 'clear']), said('Say: all is well')],
  }),
  despite('an empty result', {
    ...WITH_TOOLS,
    turns: [said('Say: all is well'), calls('call_a'), results(['call_a', ''])],
  }),
  despite('a result that is JSON', {
    ...WITH_TOOLS,
    turns: [said('Say: all is well'), calls('call_a'), results(['call_a', '{"ok":true,"n":[1]}'])],
  }),
  despite('a result in another script', {
    ...WITH_TOOLS,
    turns: [said('Say: all is well'), calls('call_a'), results(['call_a', '海藻 🌊'])],
  }),
  despite('two rounds of calls', {
    ...WITH_TOOLS,
    turns: [
      said('Say: all is well'),
      calls('call_a'),
      results(['call_a', 'clear']),
      calls('call_b'),
      results(['call_b', 'dim']),
    ],
  }),
  despite('words before a call', {
    ...WITH_TOOLS,
    turns: [
      said('Say: all is well'),
      { by: 'model', says: 'Let me look.', calls: [{ id: 'call_a', name: 'look', input: {} }] },
      results(['call_a', 'clear']),
    ],
  }),
  despite('an answer between the rounds', {
    ...WITH_TOOLS,
    turns: [
      said('Look'),
      calls('call_a'),
      results(['call_a', 'clear']),
      model('It is clear.'),
      said('Say: all is well'),
    ],
  }),
];

const PICTURES: readonly Case[] = [
  despite('a picture', { turns: [shows({ text: 'See' }, { png: PIXEL }, { text: '. Say: all is well' })] }),
  despite('a picture on the web', {
    turns: [shows({ picture: 'https://pictures.test/a.png' }, { text: 'Say: all is well' })],
  }),
  despite('three pictures', {
    turns: [shows({ png: PIXEL }, { png: PIXEL }, { text: 'Say: all is well' }, { png: PIXEL })],
  }),
  despite('a picture earlier on', {
    turns: [shows({ png: PIXEL }, { text: 'See' }), model('I see.'), said('Say: all is well')],
  }),
  despite('a document', { turns: [shows({ pdf: PDF }, { text: 'Say: all is well' })] }),
];

const FORMS: readonly Case[] = [
  {
    name: 'a schema',
    question: { turns: [said('Where?')], schema: PLACE },
    expect: { members: ['place', 'depth'], ending: 'end' },
  },
  {
    name: 'a schema with a list',
    question: { turns: [said('Where?')], schema: object({ places: { type: 'array', items: { type: 'string' } } }) },
    expect: { members: ['places'] },
  },
  {
    name: 'a schema within a schema',
    question: { turns: [said('Where?')], schema: object({ at: PLACE, why: { type: 'string' } }) },
    expect: { members: ['at', 'why'] },
  },
  {
    name: 'a schema with choices',
    question: { turns: [said('Where?')], schema: object({ tide: { type: 'string', enum: ['high', 'low'] } }) },
    expect: { members: ['tide'] },
  },
  {
    name: 'a schema and instructions',
    question: { system: 'Answer in JSON.', turns: [said('Where?')], schema: PLACE },
    expect: { members: ['place', 'depth'] },
  },
];

export const CASES: readonly Case[] = [
  ...TEXTS,
  ...CONVERSATIONS,
  ...SETTINGS,
  ...TOOLS,
  ...RESULTS,
  ...PICTURES,
  ...FORMS,
];

/** Those of them that are enough for a caller that stands upon another. */
export const SOME_FAILURES: readonly string[] = [
  'invalid-api-key',
  'invalid-request',
  'rate-limit-requests',
  'overloaded',
  'server-error',
  'truncated-json',
];

/** The simulator's faults that take the place of an answer, whole or streamed. */
export const FAILURES: readonly string[] = [
  'invalid-api-key',
  'permission',
  'model-not-found',
  'invalid-request',
  'context-length',
  'output-cap',
  'content-policy',
  'payload-too-large',
  'rate-limit-requests',
  'rate-limit-tokens',
  'slow-down',
  'insufficient-quota',
  'conflict',
  'overloaded',
  'server-error',
  'bad-gateway-empty',
  'unavailable',
  'html-in-200',
  'empty-200',
  'error-in-200',
  'truncated-json',
  'reset-before-headers',
  'cut-before-headers',
];

/** Faults of a stream that has begun. */
export const BREAKS: readonly string[] = [
  'error-event-first',
  'overloaded-event',
  'error-event:3',
  'cut:3',
  'reset:3',
  'end:3',
  'malformed-event:3',
  'garbage-stream',
  'empty-stream',
];

/** Ways of a stream that take nothing from what it says. */
export const ODDITIES: readonly string[] = [
  'tiny-chunks',
  'one-chunk',
  'gzip',
  'crlf',
  'comments',
  'no-space',
  'multi-line-data',
  'wrong-content-type',
  'finish-without-done',
];
