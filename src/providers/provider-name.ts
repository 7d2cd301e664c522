import type { ProviderName as OpenAIWireName } from './openai/provider.ts';

/** Every provider that a target can be of: rows of the OpenAI wire's table, and those with a wire of their own. */
export type ProviderName = OpenAIWireName | 'anthropic' | 'gemini';
