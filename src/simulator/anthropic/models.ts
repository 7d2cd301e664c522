import type { ModelTraits } from '../models.ts';

/** What one Claude model accepts, besides what every model has. */
export interface ClaudeTraits extends ModelTraits {
  /** Refuses every temperature but 1, and thinks without a budget. */
  readonly fixed: boolean;
  /** Goes on from an answer that the caller has begun. */
  readonly prefill: boolean;
}

/** `claude-opus-4-1-20250805`, `claude-sonnet-5`. */
const NEW_NAME = /^claude-[a-z]+-(\d{1,2})(?:-(\d{1,2}))?(?!\d)/;

/** Anthropic's published sizes of autumn 2026, by generation; other names get those of the first one. */
export function claudeTraits(model: string): ClaudeTraits {
  const [, major = '3', minor = '0'] = NEW_NAME.exec(model) ?? [];
  const version = Number(major) * 100 + Number(minor);
  const [window, outputCap] =
    version >= 406 ? [1_000_000, 128_000] : version >= 400 ? [200_000, 32_000] : [200_000, 8192];
  return { window, outputCap, reasoning: false, embeddings: false, fixed: version >= 407, prefill: version < 406 };
}
