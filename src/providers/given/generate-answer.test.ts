import { expect, test } from 'vitest';
import { callAt } from '../../engine/scripted.test-support.ts';
import { VirtualClock } from '../../engine/virtual-clock.ts';
import { generate } from '../gemini/generate.ts';
import { generateAnswer, generateStream } from './generate-answer.ts';

const ANSWER = generateAnswer('We will be back soon.', { id: 'hf-1', at: 0, model: 'gemini-2.5-flash' });

test('a text is a whole answer', () => {
  expect(generate.readWhole(ANSWER)).toMatchObject({ fault: null, usage: { outputTokens: 0 } });
  expect(ANSWER).toMatchObject({ modelVersion: 'gemini-2.5-flash', responseId: 'hf-1' });
});

test('and a whole stream', () => {
  const reader = generate.openStream(callAt(new VirtualClock(), { operation: 'generate' }));
  const events = generateStream(ANSWER).split('\n\n').slice(0, -1);
  const frames = events.map((event) => event.slice('data: '.length));
  for (const frame of frames) reader.read(Buffer.from(frame), 0, Buffer.byteLength(frame));
  expect(reader.complete).toBe(true);
  expect(frames.map((frame) => JSON.parse(frame) as unknown)).toMatchObject([
    { candidates: [{ content: { parts: [{ text: 'We will be back soon.' }] } }] },
    { candidates: [{ finishReason: 'STOP' }], usageMetadata: { totalTokenCount: 0 } },
  ]);
});
