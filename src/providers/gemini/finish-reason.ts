const REASONS: Readonly<Record<string, string>> = {
  MAX_TOKENS: 'length',
  // More is to come under a token that chat has no word for; a caller must not take it for the whole.
  CONTINUATION: 'length',
  SAFETY: 'content_filter',
  RECITATION: 'content_filter',
  LANGUAGE: 'content_filter',
  BLOCKLIST: 'content_filter',
  PROHIBITED_CONTENT: 'content_filter',
  SPII: 'content_filter',
  IMAGE_SAFETY: 'content_filter',
  IMAGE_PROHIBITED_CONTENT: 'content_filter',
  IMAGE_RECITATION: 'content_filter',
};

/** Reasons that are failures of the model: asked again, it mostly does better. */
const BROKEN: ReadonlySet<unknown> = new Set([
  'MALFORMED_FUNCTION_CALL',
  'UNEXPECTED_TOOL_CALL',
  'TOO_MANY_TOOL_CALLS',
  'MALFORMED_RESPONSE',
  'NO_IMAGE',
  'IMAGE_OTHER',
]);

/** Whether an answer ended because the model failed. */
export function isBroken(finishReason: unknown): boolean {
  return BROKEN.has(finishReason);
}

/** Why an answer ended, in OpenAI's words. New reasons may come at any time: then what the answer holds decides. */
export function finishReasonOf(finishReason: unknown, hasToolCalls: boolean): string {
  const known =
    typeof finishReason === 'string' && Object.hasOwn(REASONS, finishReason) ? REASONS[finishReason] : undefined;
  return known ?? (hasToolCalls ? 'tool_calls' : 'stop');
}
