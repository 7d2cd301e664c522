const REASONS: Readonly<Record<string, string>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  // A tool of the provider's own takes long; asked again, it goes on. Chat has no word for it.
  pause_turn: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  refusal: 'content_filter',
};

/** Why an answer ended, in OpenAI's words. New reasons may come at any time: then what the answer holds decides. */
export function finishReasonOf(stopReason: unknown, hasToolCalls: boolean): string {
  const known = typeof stopReason === 'string' && Object.hasOwn(REASONS, stopReason) ? REASONS[stopReason] : undefined;
  return known ?? (hasToolCalls ? 'tool_calls' : 'stop');
}

const TIERS: Readonly<Record<string, string>> = { standard: 'default', priority: 'priority' };

/** The tier an answer was given in, in OpenAI's words; nothing where it has none for it. */
export function tierMember(usage: Readonly<Record<string, unknown>>): { readonly service_tier?: string } {
  const tier = usage['service_tier'];
  const known = typeof tier === 'string' && Object.hasOwn(TIERS, tier) ? TIERS[tier] : undefined;
  return known === undefined ? {} : { service_tier: known };
}
