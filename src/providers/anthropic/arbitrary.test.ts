import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ChunkWriter } from './to-chunks.ts';
import { toCompletion } from './to-completion.ts';
import { toMessages } from './to-messages.ts';

/** Anything that JSON can say, in places where something else is meant. */
const anything = fc.jsonValue({ maxDepth: 3 });
const text = fc.oneof(fc.string(), fc.constantFrom('', ' ', '{}', '{"a":1}', 'data:,x', 'https://a.test'));
/** An object of some of the members, each what it should be or anything at all. */
const members = (names: Readonly<Record<string, fc.Arbitrary<unknown>>>) =>
  fc.record(
    Object.fromEntries(
      Object.entries(names).map(([name, value]) => [name, fc.oneof({ weight: 5, arbitrary: value }, anything)]),
    ),
    { requiredKeys: [] },
  );

const part = members({
  type: fc.constantFrom('text', 'image_url', 'file', 'refusal', 'input_audio'),
  text,
  image_url: members({ url: text, detail: text }),
  file: members({ file_data: text, filename: text }),
});
const call = members({ id: text, type: fc.constant('function'), function: members({ name: text, arguments: text }) });
const message = members({
  role: fc.constantFrom('system', 'user', 'assistant', 'tool'),
  content: fc.oneof(text, fc.array(part, { maxLength: 3 })),
  tool_calls: fc.array(call, { maxLength: 3 }),
  tool_call_id: text,
});
const request = members({
  messages: fc.array(message, { maxLength: 5 }),
  tools: fc.array(members({ function: members({ name: text, parameters: anything, strict: fc.boolean() }) }), {
    maxLength: 2,
  }),
  tool_choice: fc.oneof(
    fc.constantFrom('auto', 'required', 'none'),
    members({ function: anything, allowed_tools: anything }),
  ),
  response_format: members({ type: fc.constant('json_schema'), json_schema: members({ schema: anything }) }),
  reasoning_effort: fc.constantFrom('none', 'low', 'max'),
  temperature: fc.double(),
  max_tokens: fc.integer(),
  stop: fc.array(text),
});
const model = fc.constantFrom('claude-3-haiku-20240307', 'claude-opus-4-1', 'claude-sonnet-5', 'other');

interface Body {
  readonly messages: readonly {
    readonly role: string;
    readonly content: readonly { readonly type: string; readonly text?: string }[];
  }[];
}

test('any request is translated or refused, and what is translated has the shape that the wire wants', () => {
  let translated = 0;
  fc.assert(
    fc.property(request, model, (asked, name) => {
      const translation = toMessages(asked, name, 1000);
      if (translation.kind === 'untranslatable') return translation.fault.param !== null;
      translated += 1;
      const { messages } = translation.body as unknown as Body;
      const alternate = messages.every(({ role }, at) => role === (at % 2 === 0 ? 'user' : 'assistant'));
      const said = messages.every(
        ({ content }) => content.length > 0 && content.every((block) => block.type !== 'text' || block.text !== ''),
      );
      return alternate && said;
    }),
    { numRuns: 3000 },
  );
  // About one in twenty-five is; far fewer would mean that the shape is hardly looked at.
  expect(translated).toBeGreaterThan(40);
});

const block = members({
  type: fc.constantFrom('text', 'thinking', 'tool_use'),
  text,
  thinking: text,
  id: text,
  name: text,
  input: anything,
});
const answer = members({
  id: text,
  type: fc.constant('message'),
  content: fc.array(block, { maxLength: 4 }),
  stop_reason: fc.constantFrom('end_turn', 'tool_use', 'refusal'),
  stop_details: anything,
  usage: members({ input_tokens: fc.nat(), output_tokens: fc.nat() }),
});

test('any answer is translated or left alone', () => {
  fc.assert(
    fc.property(answer, (given) => {
      const completion = toCompletion(given, 0);
      expect(completion === null || (completion['choices'] as unknown[]).length === 1).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

const event = members({
  type: fc.constantFrom(
    'message_start',
    'content_block_start',
    'content_block_delta',
    'content_block_stop',
    'message_delta',
    'message_stop',
    'ping',
    'error',
  ),
  index: fc.nat(3),
  message: answer,
  content_block: block,
  delta: members({
    type: fc.constantFrom('text_delta', 'thinking_delta', 'input_json_delta'),
    text,
    partial_json: text,
    stop_reason: fc.constantFrom('end_turn', 'refusal'),
  }),
  usage: anything,
});

test('any events come to whole events', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 12 }), fc.boolean(), (events, tellsUsage) => {
      const writer = new ChunkWriter({ created: 0, tellsUsage });
      const written = events.map((each) => writer.write(JSON.stringify(each))).join('');
      const lines = written.split('\n\n');
      expect(lines.pop()).toBe('');
      const broken = lines.filter((line) => line !== 'data: [DONE]' && line !== ': ping' && !isJson(line.slice(6)));
      expect(broken).toEqual([]);
    }),
    { numRuns: 2000 },
  );
});

function isJson(line: string): boolean {
  try {
    return JSON.parse(line) !== undefined;
  } catch {
    return false;
  }
}
