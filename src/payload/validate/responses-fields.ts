import {
  allowedTools,
  cacheBreakpoint,
  EFFORTS,
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
  isObject,
  listOf,
  mapping,
  nullable,
  object,
  oneOf,
  text,
  variants,
  whole,
} from './fields.ts';

// The fields of POST /responses.

const type = text();

/** Longest text of one piece, in characters. */
const LONGEST_TEXT = 10_485_760;

const longText = text({ most: LONGEST_TEXT });

const parts: Readonly<Record<string, FieldCheck>> = {
  input_text: object({ required: { type, text: longText }, optional: { prompt_cache_breakpoint: cacheBreakpoint } }),
  input_image: object({
    required: { type },
    optional: {
      detail: nullable(oneOf(IMAGE_DETAILS, 'open')),
      file_id: nullable(text()),
      image_url: nullable(imageUrl),
      prompt_cache_breakpoint: cacheBreakpoint,
    },
  }),
  input_file: object({
    required: { type },
    optional: {
      detail: nullable(oneOf(IMAGE_DETAILS, 'open')),
      file_data: nullable(text()),
      file_id: nullable(text()),
      file_url: nullable(text()),
      filename: nullable(text()),
      prompt_cache_breakpoint: cacheBreakpoint,
    },
  }),
  input_audio: object({
    required: { type, input_audio: object({ required: { data: text(), format: oneOf(['mp3', 'wav'], 'open') } }) },
  }),
  output_text: object({
    required: { type, text: longText },
    optional: {
      annotations: nullable(listOf('objects', anything)),
      logprobs: nullable(listOf('objects', anything)),
      parsed: anything,
    },
  }),
  refusal: object({ required: { type, refusal: text() } }),
  computer_screenshot: anything,
  summary_text: anything,
  reasoning_text: anything,
};

/** The same parts as Chat Completions calls them. */
const foreignParts: Readonly<Record<string, string>> = {
  text: 'input_text',
  image_url: 'input_image',
  file: 'input_file',
};

const partList = listOf('objects', variants('type', parts, { foreign: foreignParts }));

const content = either('one of a string or array of objects', { string: longText, list: partList });

/** Ids that tie an output to its call. */
const callId = text({ least: 1, most: 64 });
const itemId = nullable(text({ most: 64 }));
const status = nullable(text());

/** What an answer's items carry besides, and may carry back. */
const returned: Readonly<Record<string, FieldCheck>> = { id: itemId, status, created_by: nullable(text()) };

const callerFields: Readonly<Record<string, FieldCheck>> = {
  caller: anything,
  namespace: nullable(text()),
  async: nullable(flag),
};

const message = object({
  required: { role: oneOf(['user', 'assistant', 'system', 'developer'], 'closed'), content },
  optional: {
    ...returned,
    type: nullable(text()),
    phase: nullable(oneOf(['commentary', 'final_answer'], 'open')),
  },
});

const items: Readonly<Record<string, FieldCheck>> = {
  message,
  function_call: object({
    required: { type, call_id: callId, name: toolName, arguments: text() },
    optional: { ...returned, ...callerFields, parsed_arguments: anything },
  }),
  function_call_output: object({
    required: { type, output: content },
    optional: { ...returned, ...callerFields, call_id: nullable(callId), name: nullable(text()) },
  }),
  custom_tool_call: object({
    required: { type, call_id: callId, name: text(), input: text() },
    optional: { ...returned, ...callerFields },
  }),
  custom_tool_call_output: object({
    required: { type, call_id: callId, output: content },
    optional: { ...returned, ...callerFields },
  }),
  reasoning: object({
    required: { type, summary: listOf('objects', anything) },
    optional: { ...returned, content: nullable(listOf('objects', anything)), encrypted_content: nullable(text()) },
  }),
  item_reference: object({ required: { id: text({ least: 1 }) }, optional: { type: nullable(text()) } }),
  // Made by the provider's own tools and sent back as they came.
  additional_tools: anything,
  apply_patch_call: anything,
  apply_patch_call_output: anything,
  code_interpreter_call: anything,
  compaction: anything,
  compaction_trigger: anything,
  computer_call: anything,
  computer_call_output: anything,
  configuration_update: anything,
  file_search_call: anything,
  image_generation_call: anything,
  local_shell_call: anything,
  local_shell_call_output: anything,
  mcp_approval_request: anything,
  mcp_approval_response: anything,
  mcp_call: anything,
  mcp_list_tools: anything,
  program: anything,
  program_output: anything,
  shell_call: anything,
  shell_call_output: anything,
  tool_search_call: anything,
  tool_search_output: anything,
  web_search_call: anything,
};

const typedItem = variants('type', items);
const reference = items['item_reference'] as FieldCheck;

/** Messages may leave their type out, and so may references to stored items. */
const item: FieldCheck = (value, on) => {
  if (!isObject(value) || (value['type'] !== undefined && value['type'] !== null)) typedItem(value, on);
  else if (value['role'] === undefined && value['id'] !== undefined) reference(value, on);
  else message(value, on);
};

const toolExtras: Readonly<Record<string, FieldCheck>> = {
  allowed_callers: nullable(listOf('strings', text())),
  async: nullable(flag),
  defer_loading: nullable(flag),
  description: nullable(text()),
};

const tool = variants('type', {
  function: object({
    required: { type, name: toolName },
    optional: {
      ...toolExtras,
      parameters: nullable(jsonSchema),
      strict: nullable(flag),
      output_schema: nullable(jsonSchema),
    },
  }),
  custom: object({ required: { type, name: text({ least: 1 }) }, optional: { ...toolExtras, format: anything } }),
  apply_patch: anything,
  code_interpreter: anything,
  computer: anything,
  computer_use_preview: anything,
  file_search: anything,
  image_generation: anything,
  local_shell: anything,
  mcp: anything,
  namespace: anything,
  programmatic_tool_calling: anything,
  shell: anything,
  tool_search: anything,
  web_search: anything,
  web_search_2025_08_26: anything,
  web_search_preview: anything,
  web_search_preview_2025_03_11: anything,
});

const toolChoice = either('one of a string or an object', {
  string: oneOf(['none', 'auto', 'required'], 'open'),
  object: variants('type', {
    function: object({ required: { type, name: toolName } }),
    custom: object({ required: { type, name: text({ least: 1 }) } }),
    allowed_tools: object({ required: { type, ...allowedTools } }),
    mcp: anything,
    apply_patch: anything,
    code_interpreter: anything,
    computer: anything,
    computer_use: anything,
    computer_use_preview: anything,
    file_search: anything,
    image_generation: anything,
    programmatic_tool_calling: anything,
    shell: anything,
    web_search: anything,
    web_search_preview: anything,
    web_search_preview_2025_03_11: anything,
  }),
});

const textConfig = object({
  optional: {
    format: nullable(
      variants('type', {
        text: object({ required: { type } }),
        json_object: object({ required: { type } }),
        json_schema: object({
          required: { type, name: schemaName, schema: jsonSchema },
          optional: { description: nullable(text()), strict: nullable(flag) },
        }),
      }),
    ),
    verbosity: nullable(oneOf(['low', 'medium', 'high'], 'open')),
  },
});

const SUMMARIES = ['auto', 'concise', 'detailed'];

const reasoning = object({
  optional: {
    context: nullable(oneOf(['auto', 'current_turn', 'all_turns'], 'open')),
    effort: nullable(oneOf(EFFORTS, 'open')),
    generate_summary: nullable(oneOf(SUMMARIES, 'open')),
    mode: nullable(text()),
    summary: nullable(oneOf(SUMMARIES, 'open')),
  },
});

const INCLUDABLE = [
  'file_search_call.results',
  'web_search_call.results',
  'web_search_call.action.sources',
  'message.input_image.image_url',
  'computer_call_output.output.image_url',
  'code_interpreter_call.outputs',
  'reasoning.encrypted_content',
  'message.output_text.logprobs',
];

/** What is meant by a field of Chat Completions. */
const moved: Readonly<Record<string, string>> = {
  messages: 'input',
  max_tokens: 'max_output_tokens',
  max_completion_tokens: 'max_output_tokens',
  reasoning_effort: 'reasoning.effort',
  response_format: 'text.format',
  verbosity: 'text.verbosity',
  functions: 'tools',
  function_call: 'tool_choice',
};

export const responsesRequest: FieldCheck = object({
  optional: {
    ...sharedOptions,
    access_programs: anything,
    background: nullable(flag),
    context_management: nullable(
      listOf(
        'objects',
        object({ required: { type }, optional: { compact_threshold: nullable(whole({ least: 1000 })) } }),
      ),
    ),
    conversation: nullable(nameOrId),
    image: anything,
    include: nullable(listOf('strings', oneOf(INCLUDABLE, 'open'))),
    input: nullable(either('one of a string or array of objects', { string: longText, list: listOf('objects', item) })),
    instructions: nullable(content),
    max_output_tokens: nullable(whole({ least: 16, readable: true })),
    max_tool_calls: nullable(whole({ least: 1 })),
    model: nullable(text()),
    previous_response_id: nullable(text({ least: 1 })),
    prompt: nullable(
      object({
        required: { id: text({ least: 1 }) },
        optional: { variables: nullable(mapping('an object', anything)), version: nullable(text()) },
      }),
    ),
    prompt_cache_options: nullable(anything),
    reasoning: nullable(reasoning),
    service_tier: nullable(oneOf(['auto', 'default', 'flex', 'scale', 'priority', 'fast', 'ultrafast'], 'open')),
    stream_options: nullable(object({ optional: { include_obfuscation: nullable(flag) } })),
    temperature: nullable(decimal({ least: 0, most: 2, readable: true })),
    text: nullable(textConfig),
    tool_choice: nullable(toolChoice),
    tools: nullable(listOf('objects', tool)),
    top_logprobs: nullable(topLogprobs),
    top_p: nullable(decimal({ least: 0, most: 1, readable: true })),
    truncation: nullable(oneOf(['auto', 'disabled'], 'open')),
  },
  moved,
});
