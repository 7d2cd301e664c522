import { jsonSchema } from './common-fields.ts';
import {
  anything,
  decimal,
  either,
  type FieldCheck,
  flag,
  isObject,
  listOf,
  nullable,
  object,
  oneOf,
  text,
  variants,
  whole,
} from './fields.ts';

// The fields of Anthropic's POST /messages, as its SDK of November 2026 has them. What the provider's own tools leave in a
// conversation is sent back as it came, and is not looked into.

const type = text();

const cacheControl = nullable(
  object({
    required: { type: oneOf(['ephemeral'], 'open') },
    optional: { ttl: nullable(oneOf(['5m', '1h'], 'open')) },
  }),
);

/** A block, which may end a piece of the prompt that is to be cached. */
function block(
  required: Readonly<Record<string, FieldCheck>>,
  optional: Readonly<Record<string, FieldCheck>> = {},
): FieldCheck {
  return object({ required: { type, ...required }, optional: { cache_control: cacheControl, ...optional } });
}

const textBlock = block({ text: text() }, { citations: anything });

const urlSource = object({ required: { type, url: text({ least: 1 }) } });
const fileSource = object({ required: { type, file_id: text({ least: 1 }) } });

const imageBlock = block(
  {
    source: variants('type', {
      base64: object({
        required: {
          type,
          media_type: oneOf(['image/jpeg', 'image/png', 'image/gif', 'image/webp'], 'closed'),
          data: text({ least: 1 }),
        },
      }),
      url: urlSource,
      file: fileSource,
    }),
  },
  { transformations: anything },
);

const documentBlock = block(
  {
    source: variants('type', {
      base64: object({
        required: { type, media_type: oneOf(['application/pdf'], 'open'), data: text({ least: 1 }) },
      }),
      text: object({ required: { type, media_type: oneOf(['text/plain'], 'open'), data: text() } }),
      content: object({ required: { type, content: anything } }),
      url: urlSource,
      file: fileSource,
    }),
  },
  { citations: anything, context: nullable(text()), title: nullable(text()) },
);

const toolId = text({ least: 1, pattern: /^[a-zA-Z0-9_-]+$/ });
const toolName = text({ least: 1, most: 128, pattern: /^[a-zA-Z0-9_-]+$/ });

/** What is said as another API says it. */
const foreign: Readonly<Record<string, string>> = {
  input_text: 'text',
  output_text: 'text',
  image_url: 'image',
  input_image: 'image',
  file: 'document',
  input_file: 'document',
};

const searchResult = block(
  { content: listOf('blocks', textBlock), source: text(), title: text() },
  { citations: anything },
);

const CONTENT = 'one of a string or list';

const toolResult = block(
  { tool_use_id: toolId },
  {
    content: nullable(
      either(CONTENT, {
        string: text(),
        list: listOf(
          'blocks',
          variants(
            'type',
            {
              text: textBlock,
              image: imageBlock,
              document: documentBlock,
              search_result: searchResult,
              tool_reference: anything,
              browser_state: anything,
            },
            { foreign },
          ),
        ),
      }),
    ),
    is_error: nullable(flag),
    toolset_name: nullable(text()),
  },
);

const blocks: Readonly<Record<string, FieldCheck>> = {
  text: textBlock,
  image: imageBlock,
  document: documentBlock,
  search_result: searchResult,
  thinking: object({ required: { type, thinking: text(), signature: text() } }),
  redacted_thinking: object({ required: { type, data: text() } }),
  tool_use: block(
    { id: toolId, name: toolName, input: anything },
    { caller: anything, toolset_name: nullable(text()) },
  ),
  tool_result: toolResult,
  server_tool_use: anything,
  web_search_tool_result: anything,
  web_fetch_tool_result: anything,
  code_execution_tool_result: anything,
  bash_code_execution_tool_result: anything,
  text_editor_code_execution_tool_result: anything,
  tool_search_tool_result: anything,
  container_upload: anything,
  mcp_tool_use: anything,
  mcp_tool_result: anything,
};

const content = either(CONTENT, { string: text(), list: listOf('blocks', variants('type', blocks, { foreign })) });

const role = text();
const said = object({ required: { role, content } });

const message = variants(
  'role',
  { user: said, assistant: said, system: said },
  { openness: 'closed', foreign: { developer: 'system', model: 'assistant', tool: 'user' } },
);

const ownTool = object({
  required: { name: toolName, input_schema: jsonSchema },
  optional: {
    type: nullable(text()),
    description: nullable(text()),
    cache_control: cacheControl,
    strict: nullable(flag),
    allowed_callers: anything,
    defer_loading: nullable(flag),
    eager_input_streaming: nullable(flag),
    input_examples: anything,
  },
  moved: { parameters: 'input_schema', function: 'name, description and input_schema themselves' },
});

/** Tools that the provider runs have types of their own, with a date in them. */
const tool: FieldCheck = (value, on) => {
  const kind = isObject(value) ? value['type'] : null;
  const isOwn = typeof kind !== 'string' || kind === 'custom' || kind === 'function';
  (isOwn ? ownTool : anything)(value, on);
};

const alone = { disable_parallel_tool_use: nullable(flag) };
const toolChoice = variants(
  'type',
  {
    auto: object({ required: { type }, optional: alone }),
    any: object({ required: { type }, optional: alone }),
    tool: object({ required: { type, name: text() }, optional: alone }),
    none: object({ required: { type } }),
  },
  { foreign: { required: 'any', function: 'tool' } },
);

const display = nullable(oneOf(['summarized', 'omitted'], 'open'));
const thinking = variants('type', {
  enabled: object({ required: { type, budget_tokens: whole({ least: 1024 }) }, optional: { display } }),
  adaptive: object({ required: { type }, optional: { display } }),
  disabled: object({ required: { type } }),
});

const outputConfig = object({
  optional: {
    effort: nullable(oneOf(['low', 'medium', 'high', 'xhigh', 'max'], 'open')),
    format: nullable(variants('type', { json_schema: object({ required: { type, schema: jsonSchema } }) })),
  },
});

/** What other APIs call the same. */
const moved: Readonly<Record<string, string>> = {
  contents: 'messages',
  functions: 'tools',
  input: 'messages',
  instructions: 'system',
  max_completion_tokens: 'max_tokens',
  max_output_tokens: 'max_tokens',
  parallel_tool_calls: 'tool_choice.disable_parallel_tool_use',
  reasoning_effort: 'output_config.effort',
  response_format: 'output_config.format',
  stop: 'stop_sequences',
  user: 'metadata.user_id',
};

export const messagesRequest: FieldCheck = object({
  required: { model: text({ least: 1 }), max_tokens: whole({ least: 0 }), messages: listOf('messages', message) },
  optional: {
    cache_control: cacheControl,
    container: anything,
    context_management: anything,
    diagnostics: anything,
    inference_geo: nullable(text()),
    mcp_servers: anything,
    metadata: nullable(object({ optional: { user_id: nullable(text({ most: 256 })) } })),
    output_config: nullable(outputConfig),
    service_tier: nullable(oneOf(['auto', 'standard_only'], 'open')),
    speed: nullable(oneOf(['standard', 'fast'], 'open')),
    stop_sequences: nullable(listOf('strings', text())),
    stream: nullable(flag),
    system: nullable(either(CONTENT, { string: text(), list: listOf('blocks', textBlock) })),
    temperature: nullable(decimal({ least: 0, most: 1 })),
    thinking: nullable(thinking),
    tool_choice: nullable(toolChoice),
    tools: nullable(listOf('tools', tool)),
    top_k: nullable(whole({ least: 0 })),
    top_p: nullable(decimal({ least: 0, most: 1 })),
  },
  moved,
});
