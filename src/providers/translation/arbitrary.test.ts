import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { CALLER_WIRES } from '../caller-wires.ts';
import { toMessages } from '../anthropic/to-messages.ts';
import { type Loss, Untranslatable } from './loss.ts';

/** Anything that JSON can say, in places where something else is meant. */
const anything = fc.jsonValue({ maxDepth: 3 });
const text = fc.oneof(fc.string(), fc.constantFrom('', '{}', '{"a":1}', 'data:,x', 'https://a.test'));

/** An object of some of the members, each what it should be or anything at all. */
const members = (names: Readonly<Record<string, fc.Arbitrary<unknown>>>) =>
  fc.record(
    Object.fromEntries(
      Object.entries(names).map(([name, value]) => [name, fc.oneof({ weight: 6, arbitrary: value }, anything)]),
    ),
    { requiredKeys: [] },
  );

const source = members({
  type: fc.constantFrom('base64', 'url', 'text', 'content', 'file'),
  media_type: text,
  data: text,
  url: text,
});
const block = members({
  type: fc.constantFrom('text', 'image', 'document', 'tool_use', 'tool_result', 'thinking'),
  text,
  source,
  id: text,
  name: text,
  input: members({ a: anything }),
  tool_use_id: text,
  content: text,
  is_error: fc.boolean(),
});
const schema = members({
  type: fc.constant('object'),
  properties: members({ a: members({ type: text }) }),
  required: fc.array(text),
});

const messagesRequest = members({
  max_tokens: fc.integer(),
  system: fc.oneof(text, fc.array(block, { maxLength: 2 })),
  messages: fc.array(
    members({ role: fc.constantFrom('user', 'assistant'), content: fc.oneof(text, fc.array(block, { maxLength: 3 })) }),
    { maxLength: 4 },
  ),
  tools: fc.array(members({ name: text, input_schema: schema, strict: fc.boolean() }), { maxLength: 2 }),
  tool_choice: members({ type: fc.constantFrom('auto', 'any', 'none', 'tool'), name: text }),
  thinking: members({ type: fc.constantFrom('enabled', 'adaptive'), budget_tokens: fc.integer() }),
  output_config: members({ effort: text, format: members({ type: fc.constant('json_schema'), schema }) }),
  stop_sequences: fc.array(text),
  metadata: members({ user_id: text }),
});

const part = members({
  type: fc.constantFrom('input_text', 'output_text', 'refusal', 'input_image', 'input_file', 'input_audio'),
  text,
  refusal: text,
  image_url: text,
  file_data: text,
});
const item = members({
  type: fc.constantFrom('message', 'function_call', 'function_call_output', 'reasoning', 'web_search_call'),
  role: fc.constantFrom('user', 'assistant', 'system', 'developer'),
  content: fc.oneof(text, fc.array(part, { maxLength: 2 })),
  call_id: text,
  name: text,
  arguments: text,
  output: fc.oneof(text, fc.array(part, { maxLength: 2 })),
});
const responsesRequest = members({
  instructions: text,
  input: fc.oneof(text, fc.array(item, { maxLength: 5 })),
  tools: fc.array(
    members({
      type: fc.constantFrom('function', 'custom', 'web_search'),
      name: text,
      parameters: schema,
      format: anything,
    }),
    { maxLength: 2 },
  ),
  tool_choice: fc.oneof(
    fc.constantFrom('auto', 'none'),
    members({ type: fc.constantFrom('function', 'allowed_tools'), name: text }),
  ),
  text: members({ format: members({ type: fc.constantFrom('json_schema', 'text'), schema }), verbosity: text }),
  reasoning: members({ effort: text }),
  max_output_tokens: fc.integer(),
});

const model = fc.constantFrom('gpt-4o', 'gpt-5', 'claude-opus-4-1', 'other');

test.each([
  ['messages', messagesRequest],
  ['responses', responsesRequest],
] as const)('any request of %s is put into chat form or refused, and goes on from there', (operation, requests) => {
  let carried = 0;
  let further = 0;
  fc.assert(
    fc.property(requests, model, (request, name) => {
      const losses: Loss[] = [];
      let chat: Readonly<Record<string, unknown>>;
      try {
        chat = CALLER_WIRES[operation].toChat(request, { model: name, cap: 'max_tokens', stream: false }, losses);
      } catch (error) {
        if (error instanceof Untranslatable) return;
        throw error;
      }
      carried += 1;
      expect(chat).toMatchObject({ model: name, messages: expect.any(Array) });
      expect(losses.every(({ field }) => typeof CALLER_WIRES[operation].fieldOf(field) === 'string')).toBe(true);
      if (toMessages(chat, 'claude-opus-4-1', 1000).kind === 'translated') further += 1;
    }),
    { numRuns: 3000 },
  );
  expect(carried).toBeGreaterThan(100);
  expect(further).toBeGreaterThan(50);
});
