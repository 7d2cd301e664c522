import { randomUUID } from 'node:crypto';
import { isObject } from '../openai/request.ts';
import { sealed } from './seal.ts';

/** What one part of an answer is to a chat. */
export type AnswerPart =
  | { readonly kind: 'text' | 'thought'; readonly text: string; readonly seal: string | null }
  | { readonly kind: 'call'; readonly call: ToolCall };

interface ToolCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

/** Reads a part; null for kinds that chat does not know (the provider's own tools, pictures). */
export function readPart(part: unknown): AnswerPart | null {
  if (!isObject(part)) return null;
  const { text, functionCall: called, thought, thoughtSignature: signature } = part;
  const seal = typeof signature === 'string' && signature !== '' ? signature : null;
  if (isObject(called)) return { kind: 'call', call: callOf(called, seal) };
  if (typeof text !== 'string' || (text === '' && seal === null)) return null;
  return { kind: thought === true ? 'thought' : 'text', text, seal };
}

function callOf({ id, name, args }: Record<string, unknown>, seal: string | null): ToolCall {
  return {
    // Some of Google's models give their calls no ids; a chat has to have them.
    id: typeof id === 'string' && id !== '' ? id : `call_${randomUUID().replaceAll('-', '').slice(0, 24)}`,
    type: 'function',
    function: { name: String(name), arguments: JSON.stringify(args ?? {}) },
    ...(seal === null ? {} : sealed(seal)),
  };
}

/** The parts of a candidate. */
export function partsIn({ content }: Readonly<Record<string, unknown>>): readonly unknown[] {
  return isObject(content) && Array.isArray(content['parts']) ? content['parts'] : [];
}
