import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chatPrompt } from '../prompt/chat.ts';
import { responsesPrompt } from '../prompt/responses.ts';
import { mostTokens, surelyFits } from './bounds.ts';
import { CORPUS } from './corpus.test-support.ts';
import { countPrompt } from './count.ts';
import { mostPictureTokens } from './pictures.ts';

const text = fc.oneof(fc.constantFrom(...Object.values(CORPUS)), fc.string({ unit: 'grapheme' }), fc.string());
const schema = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    fc.record({ type: fc.constantFrom('string', 'integer', 'boolean', 'null') }),
    fc.record({ type: fc.constant('string'), enum: fc.array(fc.string(), { maxLength: 4 }) }),
    fc.record({ type: fc.constant('array'), items: tie('any') }),
    fc.record({
      type: fc.constant('object'),
      properties: fc.dictionary(fc.string(), tie('any'), { maxKeys: 4 }),
      required: fc.array(fc.string()),
    }),
    fc.constant({}),
  ),
})).any;
const tool = fc.record({
  type: fc.constant('function'),
  function: fc.record({ name: fc.string(), description: text, parameters: schema }, { requiredKeys: ['name'] }),
});
const message = fc.oneof(
  fc.record(
    { role: fc.constantFrom('system', 'user', 'developer'), content: text, name: text },
    { requiredKeys: ['role'] },
  ),
  fc.record({
    role: fc.constant('assistant'),
    tool_calls: fc.array(fc.record({ id: fc.string(), function: fc.record({ name: fc.string(), arguments: text }) }), {
      maxLength: 3,
    }),
  }),
  fc.record({ role: fc.constant('tool'), content: text, tool_call_id: fc.string() }),
);

describe('the bytes of a request are a ceiling for its tokens', () => {
  test('whatever it says and whatever tools it has', async () => {
    const request = fc.record({
      model: fc.constantFrom('gpt-4o', 'gpt-4'),
      messages: fc.array(message, { maxLength: 12 }),
      tools: fc.array(tool, { maxLength: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(request, async (body) => {
        const { tokens } = await countPrompt('chat', body);
        expect(tokens).toBeLessThanOrEqual(mostTokens(Buffer.byteLength(JSON.stringify(body))));
      }),
      { numRuns: 200 },
    );
  });
});

const words = (bytes: number, part: unknown = null): Buffer =>
  Buffer.from(JSON.stringify({ messages: [{ role: 'user', content: 'x'.repeat(bytes) }, part] }));
const chatPicture = { type: 'image_url', image_url: { url: 'https://example.com/a.png' } };
const inputPicture = { type: 'input_image', file_id: 'file_1' };

test.each([
  ['text below the limit', words(1_000), 2_000, true],
  ['text that may be above it', words(3_000), 2_000, false],
  ['a picture', words(100, chatPicture), 2_000, false],
  ['a picture by its file', words(100, inputPicture), 2_000, false],
  ['a picture where even nothing but pictures would fit', words(100, chatPicture), 128_000, true],
  ['many words about an "image"', words(1_000, 'the image_url of an "image"'), 2_000, true],
])('%s', (_, body, limit, fits) => {
  expect(surelyFits(body, responsesPrompt, limit, mostPictureTokens('gpt-4o'))).toBe(fits);
});

test('no room is enough for pictures that are never shrunk', () => {
  expect(surelyFits(words(10, chatPicture), chatPrompt, 1_000_000, mostPictureTokens('gpt-5.6-luna'))).toBe(false);
  expect(surelyFits(words(10), chatPrompt, 1_000_000, mostPictureTokens('gpt-5.6-luna'))).toBe(true);
});
