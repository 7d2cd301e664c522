import { isObject, type JsonObject, listAt } from '../tokens/json.ts';
import { contentOf, type FittedOperation } from './parts.ts';

/** Whether a request shows pictures, which can have more tokens than bytes. Looks only at what somebody has parsed. */
export function showsPictures(request: JsonObject, operation: FittedOperation): boolean {
  for (const message of listAt(request, operation === 'chat' ? 'messages' : 'input')) {
    if (!isObject(message)) continue;
    const content = contentOf(message);
    // Most messages are a text, and need no second look.
    if (typeof content === 'string' || content === null || content === undefined) continue;
    if (!Array.isArray(content)) return true;
    for (const piece of content) if (!isObject(piece) || typeof piece['text'] !== 'string') return true;
  }
  return false;
}

/** Tokens that a request asks for as its answer; null when it does not say. */
export function requestedOutput(request: JsonObject, operation: FittedOperation): number | null {
  if (operation === 'responses') return positiveAt(request, 'max_output_tokens');
  return positiveAt(request, 'max_completion_tokens') ?? positiveAt(request, 'max_tokens');
}

function positiveAt(request: JsonObject, name: string): number | null {
  const value = request[name];
  return typeof value === 'number' && value > 0 ? value : null;
}
