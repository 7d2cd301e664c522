import * as fc from 'fast-check';

// Requests as the published OpenAPI document allows them, made by chance. Each is valid at the endpoint it is made for.

/** A valid request, and where it goes. */
export interface ValidRequest {
  readonly path: string;
  readonly body: string;
}

const words = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 30 }),
  fc.constantFrom('Say "hi".', 'a : b', '{"a": 1}', 'naïve 海藻 🌊', '\n\t\\', '" :', ':)', '\u2028', ''),
);
const name = fc.stringMatching(/^[a-zA-Z0-9_-]{1,40}$/);
const id = fc.stringMatching(/^call_[a-zA-Z0-9]{8,24}$/);
const url = fc.constantFrom(
  'https://example.com/kelp.png',
  'http://127.0.0.1:8080/a.jpg?b=c',
  'data:image/png;base64,iVBORw0KGgo=',
);

/** An object of which any optional members may be missing. */
function some<T extends object>(members: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<Partial<T>> {
  return fc.record(members, { requiredKeys: [] }) as fc.Arbitrary<Partial<T>>;
}

function merged(...parts: readonly fc.Arbitrary<object>[]): fc.Arbitrary<Record<string, unknown>> {
  return fc.tuple(...parts).map((made) => Object.assign({}, ...made) as Record<string, unknown>);
}

const leaf = fc.oneof(
  fc.record({ type: fc.constantFrom('string', 'number', 'integer', 'boolean'), description: words }),
  fc.record({ type: fc.constant('string'), enum: fc.uniqueArray(name, { minLength: 1, maxLength: 4 }) }),
  fc.constant({ type: ['string', 'null'] }),
);

/** A schema that keeps the strict rules: every object closed, every property required. */
const strictObject: fc.Arbitrary<Record<string, unknown>> = fc.letrec((tie) => ({
  object: fc.dictionary(name, tie('schema'), { maxKeys: 4 }).map((properties) => ({
    type: 'object',
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
  })),
  schema: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    leaf,
    tie('object'),
    fc.record({ type: fc.constant('array'), items: tie('schema') }),
    fc.record({ anyOf: fc.array(leaf, { minLength: 1, maxLength: 3 }) }),
  ),
})).object as fc.Arbitrary<Record<string, unknown>>;

const looseObject = fc.record({
  type: fc.constant('object'),
  properties: fc.dictionary(name, leaf, { maxKeys: 4 }),
});

const functionOf = fc.oneof(
  fc.record({ name, description: words, parameters: looseObject }, { requiredKeys: ['name'] }),
  fc.record({ name, parameters: strictObject, strict: fc.constant(true) }),
);

const tools = fc.uniqueArray(functionOf, { selector: (made) => made.name, minLength: 1, maxLength: 4 });

const sampling = some({
  temperature: fc.double({ min: 0, max: 2, noNaN: true }),
  top_p: fc.double({ min: 0, max: 1, noNaN: true }),
});

const shared = some({
  metadata: fc.dictionary(name, words, { maxKeys: 5 }),
  user: fc.string({ maxLength: 64 }),
  prompt_cache_key: fc.string({ maxLength: 64 }),
  safety_identifier: name,
  store: fc.boolean(),
  service_tier: fc.constantFrom('auto', 'default', 'flex', 'priority'),
});

const chatPart = fc.oneof(
  fc.record({ type: fc.constant('text'), text: words }),
  fc.record({
    type: fc.constant('image_url'),
    image_url: fc.record({ url, detail: fc.constantFrom('auto', 'low', 'high') }, { requiredKeys: ['url'] }),
  }),
  fc.record({
    type: fc.constant('input_audio'),
    input_audio: fc.record({ data: fc.base64String(), format: fc.constantFrom('wav', 'mp3') }),
  }),
  fc.record({
    type: fc.constant('file'),
    file: fc.record({ filename: words, file_data: fc.base64String() }),
  }),
);

const textParts = fc.array(fc.record({ type: fc.constant('text'), text: words }), { minLength: 1, maxLength: 3 });

const opening = fc.record({
  role: fc.constantFrom('system', 'developer'),
  content: fc.oneof(words, textParts),
});

const question = fc.record(
  { role: fc.constant('user'), content: fc.oneof(words, fc.array(chatPart, { minLength: 1, maxLength: 4 })), name },
  { requiredKeys: ['role', 'content'] },
);

const reply = fc.record(
  {
    role: fc.constant('assistant'),
    content: fc.oneof(words, textParts),
    refusal: fc.constant(null),
    annotations: fc.constant([]),
    audio: fc.constant(null),
    function_call: fc.constant(null),
  },
  { requiredKeys: ['role', 'content'] },
);

/** A turn that calls tools, with a result for each of them. */
const toolTurn = fc.uniqueArray(id, { minLength: 1, maxLength: 3 }).chain((ids) =>
  fc.tuple(
    fc.record({
      role: fc.constant('assistant'),
      content: fc.oneof(fc.constant(null), words),
      tool_calls: fc.tuple(
        ...ids.map((each) =>
          fc.oneof(
            fc.record({
              id: fc.constant(each),
              type: fc.constant('function'),
              function: fc.record({ name, arguments: fc.json({ maxDepth: 2 }) }),
            }),
            fc.record({
              id: fc.constant(each),
              type: fc.constant('custom'),
              custom: fc.record({ name, input: words }),
            }),
          ),
        ),
      ),
    }),
    ...ids.map((each) =>
      fc.record({ role: fc.constant('tool'), tool_call_id: fc.constant(each), content: fc.oneof(words, textParts) }),
    ),
  ),
);

const conversation = fc
  .tuple(
    fc.array(opening, { maxLength: 2 }),
    fc.array(fc.oneof(fc.tuple(question), fc.tuple(reply), toolTurn), { maxLength: 5 }),
    question,
  )
  .map(([first, turns, last]) => [...first, ...turns.flat(), last]);

const chatTools = tools.chain((made) => {
  const names = made.map((each) => each.name);
  return merged(
    fc.constant({ tools: made.map((each) => ({ type: 'function', function: each })) }),
    some({
      tool_choice: fc.oneof(
        fc.constantFrom('none', 'auto', 'required'),
        fc.constantFrom(...names).map((each) => ({ type: 'function', function: { name: each } })),
      ),
      parallel_tool_calls: fc.boolean(),
    }),
  );
});

const chatFormat = fc.oneof(
  fc.constant({ response_format: { type: 'text' } }),
  fc.record({
    response_format: fc.record({
      type: fc.constant('json_schema'),
      json_schema: fc.record({ name, schema: strictObject, strict: fc.constant(true) }),
    }),
  }),
);

const streaming = (options: object): fc.Arbitrary<object> =>
  fc.oneof(
    fc.constant({}),
    fc.constant({ stream: false }),
    fc.constant({ stream: true }),
    fc.constant({ stream: true, stream_options: options }),
  );

const plainChat = merged(
  fc.record({
    model: fc.constantFrom('gpt-4o', 'gpt-4.1-mini', 'gpt-4o-2024-08-06', 'house-model'),
    messages: conversation,
  }),
  sampling,
  shared,
  some({
    frequency_penalty: fc.double({ min: -2, max: 2, noNaN: true }),
    presence_penalty: fc.double({ min: -2, max: 2, noNaN: true }),
    logit_bias: fc.dictionary(fc.nat(100_000).map(String), fc.integer({ min: -100, max: 100 }), { maxKeys: 3 }),
    max_tokens: fc.integer({ min: 1, max: 4096 }),
    n: fc.integer({ min: 1, max: 128 }),
    seed: fc.maxSafeInteger(),
    stop: fc.oneof(words, fc.array(words, { minLength: 1, maxLength: 4 }), fc.constant(null)),
  }),
  fc.oneof(fc.constant({}), fc.constant({ logprobs: true }), fc.constant({ logprobs: true, top_logprobs: 20 })),
  streaming({ include_usage: true, include_obfuscation: false }),
  fc.oneof(fc.constant({}), chatTools),
  fc.oneof(fc.constant({}), chatFormat),
);

const reasoningChat = merged(
  fc.record({ model: fc.constantFrom('o3', 'gpt-5', 'gpt-5-mini'), messages: conversation }),
  shared,
  some({
    max_completion_tokens: fc.integer({ min: 1, max: 100_000 }),
    reasoning_effort: fc.constantFrom('low', 'medium', 'high'),
    temperature: fc.constantFrom(1, null),
    verbosity: fc.constantFrom('low', 'medium', 'high'),
  }),
  streaming({ include_usage: true }),
  fc.oneof(fc.constant({}), chatTools),
  fc.oneof(fc.constant({}), chatFormat),
);

const audioChat = fc.record({
  model: fc.constant('gpt-audio-mini'),
  modalities: fc.constant(['text', 'audio']),
  audio: fc.record({ voice: fc.constantFrom('alloy', 'cedar'), format: fc.constantFrom('wav', 'mp3', 'pcm16') }),
  messages: conversation,
});

const inputPart = fc.oneof(
  fc.record({ type: fc.constant('input_text'), text: words }),
  fc.record({ type: fc.constant('input_image'), detail: fc.constant('auto'), image_url: url }),
  fc.record({ type: fc.constant('input_file'), filename: words, file_data: fc.base64String() }),
);

const itemTurn = fc.oneof(
  fc.tuple(fc.record({ role: fc.constantFrom('user', 'system', 'developer'), content: words })),
  fc.tuple(
    fc.record({
      type: fc.constant('message'),
      role: fc.constant('user'),
      content: fc.array(inputPart, { maxLength: 3 }),
    }),
  ),
  fc.tuple(
    fc.record({
      type: fc.constant('message'),
      id: id.map((each) => each.replace('call', 'msg')),
      status: fc.constant('completed'),
      role: fc.constant('assistant'),
      content: fc.array(fc.record({ type: fc.constant('output_text'), text: words, annotations: fc.constant([]) }), {
        minLength: 1,
        maxLength: 2,
      }),
    }),
  ),
  id.chain((call) =>
    fc.tuple(
      fc.record(
        {
          type: fc.constant('reasoning'),
          id: id.map((each) => each.replace('call', 'rs')),
          summary: fc.constant([]),
          encrypted_content: fc.base64String(),
        },
        { requiredKeys: ['type', 'id', 'summary'] },
      ),
      fc.record({
        type: fc.constant('function_call'),
        call_id: fc.constant(call),
        name,
        arguments: fc.json({ maxDepth: 2 }),
      }),
      fc.record({
        type: fc.constant('function_call_output'),
        call_id: fc.constant(call),
        output: fc.oneof(words, fc.array(inputPart, { minLength: 1, maxLength: 2 })),
      }),
    ),
  ),
);

const responses = merged(
  fc.record({ model: fc.constantFrom('gpt-4o', 'gpt-4.1') }),
  fc.oneof(
    fc.record({ input: words }),
    fc.record({
      input: fc
        .uniqueArray(itemTurn, { maxLength: 5, selector: (turn) => JSON.stringify(turn) })
        .map((turns) => turns.flat()),
    }),
  ),
  sampling,
  shared,
  some({
    instructions: words,
    max_output_tokens: fc.integer({ min: 16, max: 16_000 }),
    top_logprobs: fc.integer({ min: 0, max: 20 }),
    truncation: fc.constantFrom('auto', 'disabled'),
    parallel_tool_calls: fc.boolean(),
    previous_response_id: id.map((each) => each.replace('call', 'resp')),
    include: fc.constant(['reasoning.encrypted_content']),
    text: fc.oneof(
      fc.constant({ verbosity: 'low' }),
      fc.record({
        format: fc.record({ type: fc.constant('json_schema'), name, schema: strictObject, strict: fc.constant(true) }),
      }),
    ),
    tools: fc.oneof(
      tools.map((made) => made.map((each) => ({ type: 'function', ...each }))),
      fc.constant([{ type: 'web_search' }, { type: 'mcp', server_label: 'tides', server_url: 'https://example.com' }]),
    ),
  }),
  streaming({ include_obfuscation: false }),
);

const embeddings = merged(
  fc.record({
    model: fc.constant('text-embedding-3-small'),
    input: fc.oneof(
      fc.string({ minLength: 1, maxLength: 60 }),
      fc.array(fc.string({ minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 8 }),
      fc.array(fc.nat(200_000), { minLength: 1, maxLength: 20 }),
      fc.array(fc.array(fc.nat(200_000), { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 4 }),
    ),
  }),
  some({ dimensions: fc.integer({ min: 1, max: 1536 }), encoding_format: fc.constantFrom('float', 'base64') }),
);

const moderations = fc.record({
  input: fc.oneof(
    words,
    fc.array(words, { minLength: 1, maxLength: 4 }),
    fc.constant([{ type: 'image_url', image_url: { url: 'https://example.com/a.png' } }]),
  ),
});

const images = merged(
  fc.record({ prompt: fc.string({ minLength: 1, maxLength: 60 }), model: fc.constant('gpt-image-1') }),
  some({
    n: fc.integer({ min: 1, max: 10 }),
    size: fc.constantFrom('auto', '1024x1024'),
    quality: fc.constantFrom('low', 'auto'),
  }),
);

const speech = fc.record({
  model: fc.constant('gpt-4o-mini-tts'),
  input: fc.string({ minLength: 1, maxLength: 60 }),
  voice: fc.constantFrom('alloy', 'nova', 'a-voice-of-tomorrow'),
  speed: fc.double({ min: 0.25, max: 4, noNaN: true }),
});

/** As the libraries write JSON: Node's, Python's, and Python's with every other script escaped. */
const WRITERS: readonly ((value: unknown) => string)[] = [
  (value) => JSON.stringify(value),
  (value) => JSON.stringify(value, null, 2),
  (value) =>
    JSON.stringify(value).replaceAll(
      /[\u0080-\uffff]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
    ),
];

function at(path: string, request: fc.Arbitrary<object>): fc.Arbitrary<ValidRequest> {
  return fc.tuple(request, fc.constantFrom(...WRITERS)).map(([made, write]) => ({ path, body: write(made) }));
}

export const validRequest: fc.Arbitrary<ValidRequest> = fc.oneof(
  { arbitrary: at('/chat/completions', plainChat), weight: 8 },
  { arbitrary: at('/chat/completions', reasoningChat), weight: 3 },
  { arbitrary: at('/chat/completions', audioChat), weight: 1 },
  { arbitrary: at('/responses', responses), weight: 5 },
  { arbitrary: at('/embeddings', embeddings), weight: 2 },
  { arbitrary: at('/moderations', moderations), weight: 1 },
  { arbitrary: at('/images/generations', images), weight: 1 },
  { arbitrary: at('/audio/speech', speech), weight: 1 },
);
