import { continuesElsewhere } from '../tokens/count.ts';
import { isObject, type JsonObject, listAt } from '../tokens/json.ts';
import { contentOf, type FittedOperation } from './parts.ts';

/** Whether a request shows pictures (or sounds, or files), which can have more tokens than bytes. Looks only at what somebody has parsed. */
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

/** Items of a Responses input that say all of themselves in text. */
const TEXT_ITEMS: ReadonlySet<unknown> = new Set([
  undefined,
  'message',
  'function_call',
  'function_call_output',
  'custom_tool_call',
  'custom_tool_call_output',
]);

/** Tools that the application runs; what the provider's own tools find comes into the prompt unseen. */
const OWN_TOOLS: ReadonlySet<unknown> = new Set(['function', 'custom']);

/** Whether all of a request's prompt can be seen and is text, so that nothing but the tokenizer can be wrong about it. */
export function isAllText(request: JsonObject, operation: FittedOperation): boolean {
  if (operation === 'responses') {
    if (continuesElsewhere(request)) return false;
    for (const item of listAt(request, 'input')) if (isObject(item) && !TEXT_ITEMS.has(item['type'])) return false;
  }
  for (const tool of listAt(request, 'tools')) if (isObject(tool) && !OWN_TOOLS.has(tool['type'])) return false;
  return !showsPictures(request, operation);
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
