import {
  allowedTools,
  cacheBreakpoint,
  EFFORTS,
  grammarFormats,
  IMAGE_DETAILS,
  imageUrl,
  jsonSchema,
  nameOrId,
  schemaName,
  sharedOptions,
  toolName,
  topLogprobs,
} from './common-fields.ts';
import {
  anything,
  decimal,
  either,
  type FieldCheck,
  flag,
  listOf,
  mapping,
  nullable,
  object,
  oneOf,
  text,
  variants,
  whole,
} from './fields.ts';

// The fields of POST /chat/completions.

const type = text();

const textPart = object({
  required: { type, text: text() },
  optional: { prompt_cache_breakpoint: cacheBreakpoint },
});

const userParts: Readonly<Record<string, FieldCheck>> = {
  text: textPart,
  image_url: object({
    required: {
      type,
      image_url: object({ required: { url: imageUrl }, optional: { detail: nullable(oneOf(IMAGE_DETAILS, 'open')) } }),
    },
    optional: { prompt_cache_breakpoint: cacheBreakpoint },
  }),
  input_audio: object({
    required: {
      type,
      input_audio: object({ required: { data: text(), format: oneOf(['wav', 'mp3'], 'open') } }),
    },
    optional: { prompt_cache_breakpoint: cacheBreakpoint },
  }),
  file: object({
    required: {
      type,
      file: object({
        optional: { file_data: nullable(text()), file_id: nullable(text()), filename: nullable(text()) },
      }),
    },
    optional: { prompt_cache_breakpoint: cacheBreakpoint },
  }),
};

const refusalPart = object({ required: { type, refusal: text() } });

/** The same parts as Responses calls them. */
const foreign: Readonly<Record<string, string>> = {
  input_text: 'text',
  output_text: 'text',
  input_image: 'image_url',
  input_file: 'file',
};

const CONTENT = 'one of a string or array of objects';

const textContent = either(CONTENT, {
  string: text(),
  list: listOf('objects', variants('type', { text: textPart }, { foreign }), { least: 1 }),
});

const userContent = either(CONTENT, {
  string: text(),
  list: listOf('objects', variants('type', userParts, { foreign }), { least: 1 }),
});

const assistantContent = either(CONTENT, {
  string: text(),
  list: listOf('objects', variants('type', { text: textPart, refusal: refusalPart }, { foreign }), { least: 1 }),
});

/** The name of a participant, as the API takes it. */
const participant = nullable(text({ least: 1, most: 64, pattern: /^[^\s<|\\/>]+$/ }));

/** Ids of tool calls are at most 40 characters here, 64 in Responses. */
const callId = text({ least: 1, most: 40 });

const functionCall = object({
  required: { name: toolName, arguments: text() },
  optional: { parsed_arguments: anything },
});

const toolCall = variants('type', {
  function: object({
    required: { id: callId, type, function: functionCall },
    // What the SDK's own helper for streams leaves in a message.
    optional: { index: whole() },
  }),
  custom: object({
    required: { id: callId, type, custom: object({ required: { name: toolName, input: text() } }) },
    optional: { index: whole() },
  }),
});

const role = text();

/** A null where the message's content should be is judged by `chat-rules.ts`, which knows when it may be. */
const message = variants(
  'role',
  {
    developer: object({ required: { role, content: nullable(textContent) }, optional: { name: participant } }),
    system: object({ required: { role, content: nullable(textContent) }, optional: { name: participant } }),
    user: object({ required: { role, content: nullable(userContent) }, optional: { name: participant } }),
    assistant: object({
      required: { role },
      optional: {
        content: nullable(assistantContent),
        name: participant,
        refusal: nullable(text()),
        audio: nullable(
          object({ required: { id: text() }, optional: { data: text(), expires_at: whole(), transcript: text() } }),
        ),
        function_call: nullable(functionCall),
        tool_calls: nullable(listOf('objects', toolCall)),
        // Answers are sent back as they came, and these come with them.
        annotations: nullable(listOf('objects', anything)),
        parsed: anything,
      },
    }),
    tool: object({
      required: { role, content: nullable(textContent), tool_call_id: callId },
      optional: { name: participant },
    }),
    function: object({ required: { role, content: nullable(text()), name: toolName } }),
  },
  { openness: 'closed' },
);

const tool = variants('type', {
  function: object({
    required: {
      type,
      function: object({
        required: { name: toolName },
        optional: { description: text(), parameters: jsonSchema, strict: nullable(flag) },
      }),
    },
  }),
  custom: object({
    required: {
      type,
      custom: object({
        required: { name: toolName },
        optional: {
          description: text(),
          format: variants('type', {
            ...grammarFormats,
            grammar: object({
              required: {
                type,
                grammar: object({ required: { definition: text(), syntax: oneOf(['lark', 'regex'], 'open') } }),
              },
            }),
          }),
        },
      }),
    },
  }),
});

const toolChoice = either('one of a string or an object', {
  string: oneOf(['none', 'auto', 'required'], 'open'),
  object: variants('type', {
    function: object({ required: { type, function: object({ required: { name: toolName } }) } }),
    custom: object({ required: { type, custom: object({ required: { name: toolName } }) } }),
    allowed_tools: object({ required: { type, allowed_tools: object({ required: allowedTools }) } }),
  }),
});

const responseFormat = variants('type', {
  text: object({ required: { type } }),
  json_object: object({ required: { type } }),
  json_schema: object({
    required: {
      type,
      json_schema: object({
        required: { name: schemaName },
        optional: { description: text(), schema: jsonSchema, strict: nullable(flag) },
      }),
    },
  }),
});

const webSearch = object({
  optional: {
    search_context_size: oneOf(['low', 'medium', 'high'], 'open'),
    user_location: nullable(
      object({
        required: {
          type,
          approximate: object({ optional: { city: text(), country: text(), region: text(), timezone: text() } }),
        },
      }),
    ),
  },
});

const functionDeclaration = object({
  required: { name: toolName },
  optional: { description: text(), parameters: jsonSchema },
});

/** What an SDK means by a field of Responses. */
const moved: Readonly<Record<string, string>> = {
  input: 'messages',
  instructions: 'messages (as a developer message)',
  max_output_tokens: 'max_completion_tokens',
  reasoning: 'reasoning_effort',
  text: 'response_format',
};

export const chatRequest: FieldCheck = object({
  required: { messages: listOf('objects', message, { least: 1 }) },
  optional: {
    model: text(),
    ...sharedOptions,
    audio: nullable(
      object({
        required: { format: oneOf(['wav', 'aac', 'mp3', 'flac', 'opus', 'pcm16'], 'open'), voice: nameOrId },
      }),
    ),
    frequency_penalty: nullable(decimal({ least: -2, most: 2, readable: true })),
    function_call: either('one of a string or an object', {
      string: oneOf(['none', 'auto'], 'closed'),
      object: object({ required: { name: toolName } }),
    }),
    functions: listOf('objects', functionDeclaration, { least: 1, most: 128 }),
    logit_bias: nullable(mapping('an object', decimal({ least: -100, most: 100 }))),
    logprobs: nullable(flag),
    max_completion_tokens: nullable(whole({ least: 1, readable: true })),
    max_tokens: nullable(whole({ least: 1, readable: true })),
    modalities: nullable(listOf('strings', oneOf(['text', 'audio'], 'open'))),
    n: nullable(whole({ least: 1, most: 128 })),
    prediction: nullable(object({ required: { type, content: textContent } })),
    presence_penalty: nullable(decimal({ least: -2, most: 2, readable: true })),
    prompt_cache_options: nullable(
      object({ optional: { mode: oneOf(['implicit', 'explicit'], 'open'), ttl: oneOf(['30m', '12h'], 'open') } }),
    ),
    reasoning_effort: nullable(oneOf(EFFORTS, 'open')),
    response_format: nullable(responseFormat),
    seed: nullable(whole({ readable: true })),
    service_tier: nullable(oneOf(['auto', 'default', 'flex', 'scale', 'priority', 'fast'], 'open')),
    stop: nullable(
      either('one of a string or array of strings', { string: text(), list: listOf('strings', text(), { most: 4 }) }),
    ),
    stream_options: nullable(
      object({ optional: { include_usage: nullable(flag), include_obfuscation: nullable(flag) } }),
    ),
    temperature: nullable(decimal({ least: 0, most: 2, readable: true })),
    tool_choice: nullable(toolChoice),
    tools: nullable(listOf('objects', tool, { most: 128 })),
    top_logprobs: nullable(topLogprobs),
    top_p: nullable(decimal({ least: 0, most: 1, readable: true })),
    verbosity: nullable(oneOf(['low', 'medium', 'high'], 'open')),
    web_search_options: webSearch,
  },
  moved,
});
