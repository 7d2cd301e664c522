import type { ContinuationStyle } from '../../../engine/continuing/ports.ts';
import { parseJson } from '../../../engine/parse-json.ts';
import { isObject } from '../request.ts';
import { anchorOf } from './seam.ts';

/** A model that may say less than this says nothing worth the attempt. */
const LEAST_TOKENS = 16;

/** What the repeated words come to, at most. */
export const ANCHOR_TOKENS = 32;

/**
 * The request for the rest of an answer.
 *
 * @param text what was given of it
 * @param sentTokens what that comes to
 * @returns null where this style cannot bring the rest
 */
export function continuationRequest(
  body: Uint8Array,
  text: string,
  style: ContinuationStyle,
  sentTokens: number,
): Uint8Array | null {
  const request = readRequest(body);
  if (request === null || !Array.isArray(request['messages'])) return null;
  const { response_format: format } = request;
  // Told to go on, a model that must write JSON begins a new document.
  const structured = isObject(format) && format['type'] !== 'text';
  if (text.trim() === '') return Buffer.from(JSON.stringify(request));
  if (style === 'instruction' && structured) return null;
  const messages = [...(request['messages'] as unknown[]), ...turnsFor(text, style)];
  const extra = style === 'instruction' ? ANCHOR_TOKENS : 0;
  const asked = { ...request, messages, ...flagsFor(style), ...capsOf(request, sentTokens - extra) };
  return Buffer.from(JSON.stringify(asked));
}

/** What is said after the conversation so far: the text, and where it takes words to go on, those. */
export function turnsFor(
  text: string,
  style: ContinuationStyle,
): { readonly role: string; readonly content: string }[] {
  const soFar = { role: 'assistant', content: text.trimEnd() };
  switch (style) {
    case 'prefill':
    case 'continue-final-message':
      return [soFar];
    case 'prefix':
      return [Object.assign(soFar, { prefix: true })];
    case 'instruction':
      return [soFar, { role: 'user', content: instruction(anchorOf(text)) }];
  }
}

/** The marks of chat messages have no place on other wires. */
export function meant(style: ContinuationStyle): 'prefill' | 'instruction' {
  return style === 'prefill' ? 'prefill' : 'instruction';
}

function instruction(anchor: string): string {
  return (
    'The connection broke while you were writing the answer above, and it was cut off. Write the rest of it now, in the same ' +
    'language and form. Begin by repeating its last words to the letter, and then go on without a break, finishing the word ' +
    'if it was cut in two. Write nothing before them: no introduction, no apology, no quotation marks. Its last words are ' +
    `between the marks: <<<${anchor}>>>`
  );
}

/** vLLM and SGLang want to be told that the last message is not finished. */
function flagsFor(style: ContinuationStyle): object {
  return style === 'continue-final-message' ? { continue_final_message: true, add_generation_prompt: false } : {};
}

/** The rest may be as long as what is left of the cap. */
function capsOf(request: Record<string, unknown>, usedTokens: number): Record<string, number> {
  const caps: Record<string, number> = {};
  for (const name of ['max_tokens', 'max_completion_tokens']) {
    const cap = request[name];
    if (typeof cap === 'number') caps[name] = leftOf(cap, usedTokens);
  }
  return caps;
}

/** Of a cap on the output, what is left after so many tokens. */
export function leftOf(cap: number, usedTokens: number): number {
  return Math.max(LEAST_TOKENS, Math.floor(cap - usedTokens));
}

export function readRequest(body: Uint8Array): Record<string, unknown> | null {
  try {
    const value = parseJson(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}
