import { isObject } from '../openai/request.ts';
import type { Signature } from './chat-answer.ts';

/** A text as a whole answer of Google's generateContent. */
export function generateAnswer(text: string, { id, model }: Signature): Record<string, unknown> {
  return {
    candidates: [{ content: { parts: [{ text }], role: 'model' }, finishReason: 'STOP', index: 0 }],
    usageMetadata: { promptTokenCount: 0, candidatesTokenCount: 0, totalTokenCount: 0 },
    modelVersion: model,
    responseId: id,
  };
}

/** A whole answer of generateContent as the stream in which it would have come: each candidate's parts, and then how it ended. */
export function generateStream(answer: Readonly<Record<string, unknown>>): string {
  const { candidates, usageMetadata, ...rest } = answer;
  const frames: object[] = [];
  for (const candidate of Array.isArray(candidates) ? (candidates as unknown[]) : []) {
    if (!isObject(candidate)) continue;
    const { finishReason = 'STOP', content, ...own } = candidate;
    frames.push({ candidates: [{ ...own, content }], ...rest });
    const nothing = { parts: [{ text: '' }], role: 'model' };
    frames.push({ candidates: [{ ...own, content: nothing, finishReason }], usageMetadata, ...rest });
  }
  return frames.map((frame) => `data: ${JSON.stringify(frame)}\n\n`).join('');
}
