/** What a secret or a personal detail is; the placeholder that stands for it says so. */
export type SecretKind =
  | 'openai-key'
  | 'anthropic-key'
  | 'openrouter-key'
  | 'google-key'
  | 'aws-key'
  | 'github-token'
  | 'gitlab-token'
  | 'slack-token'
  | 'stripe-key'
  | 'groq-key'
  | 'xai-key'
  | 'huggingface-token'
  | 'replicate-token'
  | 'perplexity-key'
  | 'nvidia-key'
  | 'fireworks-key'
  | 'cerebras-key'
  | 'vault-token'
  | 'npm-token'
  | 'sendgrid-key'
  | 'jwt'
  | 'private-key'
  | 'bearer'
  | 'basic'
  | 'password'
  | 'cookie'
  | 'secret';

export type PersonalKind = 'email' | 'phone' | 'card' | 'iban' | 'ip';

/** A stretch of a text that must not be shown. */
export interface Finding {
  readonly start: number;
  readonly end: number;
  readonly kind: SecretKind | PersonalKind;
}

/** The findings in order of place; of two that overlap the one that begins first stays, grown by what the other adds. */
export function inOrder(findings: readonly Finding[]): Finding[] {
  const sorted = findings.toSorted((a, b) => a.start - b.start || b.end - a.end);
  const kept: Finding[] = [];
  for (const finding of sorted) {
    const last = kept.at(-1);
    if (last === undefined || finding.start >= last.end) kept.push(finding);
    else if (finding.end > last.end) kept[kept.length - 1] = { ...last, end: finding.end };
  }
  return kept;
}
