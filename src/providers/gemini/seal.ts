import { isObject } from '../openai/request.ts';

/**
 * What the wire takes for the seal of thoughts that it never had: calls that another provider's model made, or whose seal
 * the caller did not keep. Google documents it for just that (ai.google.dev, "Thought signatures").
 */
export const FOREIGN_SEAL = 'skip_thought_signature_validator';

/** Chat has no word for a seal. Google's own, on its OpenAI-compatible address, is this member. */
export interface Sealed {
  readonly extra_content: { readonly google: { readonly thought_signature: string } };
}

export function sealed(signature: string): Sealed {
  return { extra_content: { google: { thought_signature: signature } } };
}

/** The seal that a tool call of a chat message carries; null when it has none. */
export function callSeal(call: unknown): string | null {
  return isObject(call) ? sealIn(call) : null;
}

/** The seal that a message's text carries. */
export function textSeal(message: Readonly<Record<string, unknown>>): string | null {
  return sealIn(message);
}

function sealIn({ extra_content: extra }: Readonly<Record<string, unknown>>): string | null {
  const google = isObject(extra) ? extra['google'] : undefined;
  const signature = isObject(google) ? google['thought_signature'] : undefined;
  return typeof signature === 'string' && signature !== '' ? signature : null;
}
