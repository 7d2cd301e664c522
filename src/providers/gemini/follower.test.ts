import { describe, expect, test } from 'vitest';
import { callAt } from '../../engine/scripted.test-support.ts';
import type { ContinuationStyle, Follower } from '../../engine/continuing/ports.ts';
import { VirtualClock } from '../../engine/virtual-clock.ts';
import { followGenerate } from './follower.ts';

const BODY = { contents: [{ role: 'user', parts: [{ text: 'Go.' }] }], generationConfig: { maxOutputTokens: 500 } };
const frame = (parts: readonly object[], more: object = {}, own: object = {}): string =>
  `data: ${JSON.stringify({ responseId: 'r1', modelVersion: 'm1', ...own, candidates: [{ content: { parts, role: 'model' }, ...more }] })}\n\n`;
const other = (parts: readonly object[], more: object = {}): string =>
  frame(parts, more, { responseId: 'r2', modelVersion: 'm2' });

const callOf = (body: object, choices = 1): Parameters<typeof followGenerate>[0] =>
  callAt(new VirtualClock(), { operation: 'generate', body: Buffer.from(JSON.stringify(body)), choices });

function follower(...events: string[]): Follower {
  const made = followGenerate(callOf(BODY));
  if (made === null) throw new Error('it can be followed');
  made.gave(Buffer.from(events.join('')));
  return made;
}

const asked = (made: Follower, style: ContinuationStyle, body: object = BODY): unknown => {
  const bytes = made.request(Buffer.from(JSON.stringify(body)), style, 40);
  return bytes === null ? null : JSON.parse(Buffer.from(bytes).toString());
};

const joined = (made: Follower, style: ContinuationStyle, ...events: string[]): string | null => {
  const bytes = made.join(style, 40).push(Buffer.from(events.join('')));
  return bytes === null ? null : Buffer.from(bytes).toString();
};

const cut = follower(frame([{ text: 'Hm', thought: true }]), frame([{ text: 'The kelp ' }]), frame([{ text: 'ho' }]));

test.each<[string, object, number]>([
  ['several answers', BODY, 2],
  ['the odds of each token', { ...BODY, generationConfig: { responseLogprobs: true } }, 1],
  ['what the provider keeps', { ...BODY, cachedContent: 'cachedContents/1' }, 1],
  ['pictures', { ...BODY, generationConfig: { responseModalities: ['IMAGE'] } }, 1],
])('a call for %s is not followed', (_, body, choices) => {
  expect(followGenerate(callOf(body, choices))).toBeNull();
});

test.each<[string, string[], boolean]>([
  ['a text', [frame([{ text: 'The' }])], true],
  ['a call', [frame([{ functionCall: { name: 'f', args: {} } }])], false],
  ['an answer that has ended', [frame([{ text: 'The' }], { finishReason: 'STOP' })], false],
])('%s can be gone on with: %#', (_, events, continuable) => {
  expect(follower(...events).continuable).toBe(continuable);
});

test('the rest is asked for as the words of the model, or by an instruction', () => {
  expect(asked(cut, 'prefill')).toEqual({
    contents: [...BODY.contents, { role: 'model', parts: [{ text: 'The kelp ho' }] }],
    generationConfig: { maxOutputTokens: 460 },
  });
  expect(
    asked(cut, 'instruction', { contents: BODY.contents[0], generation_config: { max_output_tokens: 500 } }),
  ).toEqual({
    contents: [
      ...BODY.contents,
      { role: 'model', parts: [{ text: 'The kelp ho' }] },
      { role: 'user', parts: [{ text: expect.stringContaining('<<<The kelp ho>>>') }] },
    ],
    generation_config: { max_output_tokens: 492 },
  });
  expect(asked(cut, 'instruction', { ...BODY, generationConfig: { responseMimeType: 'application/json' } })).toBeNull();
});

describe('the joint', () => {
  test('goes on under the same name, and counts all of it', () => {
    const usage = { usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 5, totalTokenCount: 14 } };
    const last = JSON.parse(other([{ text: 'lds.' }], { finishReason: 'STOP' }).slice(6)) as object;
    const given = joined(cut, 'prefill', `data: ${JSON.stringify({ ...last, ...usage })}\n\n`);
    expect(JSON.parse(given?.slice(6) ?? '')).toEqual({
      responseId: 'r1',
      modelVersion: 'm1',
      candidates: [{ content: { parts: [{ text: 'lds.' }], role: 'model' }, finishReason: 'STOP' }],
      usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 45, totalTokenCount: 54 },
    });
  });

  test('takes off what was said before, and leaves out what another model thought', () => {
    const given = joined(
      cut,
      'instruction',
      other([{ text: 'So', thought: true }]),
      other([{ text: 'The kelp ho' }]),
      other([{ text: 'lds.' }], { finishReason: 'STOP' }),
    );
    expect(given).toBe(frame([{ text: 'lds.' }], { finishReason: 'STOP' }));
  });

  test('a call comes behind the text', () => {
    const call = { functionCall: { name: 'f', args: {} } };
    const given = joined(cut, 'prefill', other([{ text: 'lds.' }, call], { finishReason: 'STOP' }));
    expect(given).toBe(frame([{ text: 'lds.' }, call], { finishReason: 'STOP' }));
  });

  test('what does not go on there is not joined', () => {
    const anew = 'Certainly, here is all of it once more, from its very beginning.';
    expect(joined(cut, 'instruction', other([{ text: anew }], { finishReason: 'STOP' }))).toBeNull();
  });
});
