import type { ModelTraits } from '../models.ts';

/** What one of Google's models accepts, besides what every model has. */
export interface GeminiTraits extends ModelTraits {
  /** Told how much to think by a level; the others by a number of tokens, or not at all. */
  readonly levels: boolean;
  readonly budget: boolean;
  /** Answers in JSON while functions are on offer, and takes penalties. */
  readonly newer: boolean;
}

/** The models that the simulator lists on this wire. */
export const GEMINI_MODELS: readonly string[] = [
  'gemini-3.8-flash',
  'gemini-3.5-flash-lite',
  'gemini-3.1-pro-preview',
  'gemini-2.5-pro',
  'gemini-2.5-flash',
  'gemini-2.5-flash-lite',
];

/** Google's published sizes of autumn 2026: nearly all of its models have the same. */
export function geminiTraits(model: string): GeminiTraits {
  const older = /gemini-(?:1\.|2\.0)|gemma/.test(model);
  const second = /gemini-2\.5/.test(model);
  return {
    window: 1_048_576,
    outputCap: older ? 8192 : 65_536,
    reasoning: false,
    embeddings: false,
    levels: !older && !second,
    budget: second,
    newer: !older && !second,
  };
}
