import type { Finding, SecretKind } from './finding.ts';

/**
 * One shape of token. Every `shape` is tried only where its `beginning` stands and consumes what it matches, so that a text
 * is read in time linear to its length, whatever is in it.
 */
interface TokenShape {
  readonly kind: SecretKind;
  readonly beginning: string;
  /** Sticky; begins with the beginning. */
  readonly shape: RegExp;
  /** The beginning also ends ordinary words (`task-`, `self_`): a letter or digit before it means that it is none. */
  readonly ordinary?: boolean;
  /** What a match has to have besides its shape; what has not is passed over whole, for nothing inside it has either. */
  readonly also?: (token: string) => boolean;
}

/** Random text has digits; words joined by hyphens, as in a style sheet, seldom have. */
const hasDigits = (token: string): boolean => /\d/.test(token) && /[A-Za-z]{2}/.test(token.slice(3));

/** Vendors' tokens by their published or observed shapes. The longer beginnings go first. */
const SHAPES: readonly TokenShape[] = [
  { kind: 'anthropic-key', beginning: 'sk-ant-', shape: /sk-ant-[\w-]{16,}/y },
  { kind: 'openrouter-key', beginning: 'sk-or-', shape: /sk-or-[\w-]{16,}/y },
  { kind: 'openai-key', beginning: 'sk-proj-', shape: /sk-proj-[\w-]{16,}/y },
  { kind: 'openai-key', beginning: 'sk-svcacct-', shape: /sk-svcacct-[\w-]{16,}/y },
  { kind: 'openai-key', beginning: 'sk-admin-', shape: /sk-admin-[\w-]{16,}/y },
  { kind: 'openai-key', beginning: 'sk-', shape: /sk-[\w-]{20,}/y, ordinary: true, also: hasDigits },
  { kind: 'google-key', beginning: 'AIza', shape: /AIza[\w-]{35}/y },
  { kind: 'google-key', beginning: 'ya29.', shape: /ya29\.[\w-]{20,}/y },
  { kind: 'google-key', beginning: 'GOCSPX-', shape: /GOCSPX-[\w-]{20,}/y },
  ...['AKIA', 'ASIA', 'ABIA', 'ACCA'].map((beginning): TokenShape => ({
    kind: 'aws-key',
    beginning,
    shape: new RegExp(`${beginning}[A-Z2-7]{16}(?![A-Z0-9])`, 'y'),
    ordinary: true,
  })),
  ...['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'].map((beginning): TokenShape => ({
    kind: 'github-token',
    beginning,
    shape: new RegExp(`${beginning}\\w{30,}`, 'y'),
  })),
  { kind: 'github-token', beginning: 'github_pat_', shape: /github_pat_\w{22,}/y },
  { kind: 'gitlab-token', beginning: 'glpat-', shape: /glpat-[\w-]{20,}/y },
  { kind: 'slack-token', beginning: 'xox', shape: /xox[abeoprs]-[\w-]{10,}/y },
  { kind: 'slack-token', beginning: 'xapp-', shape: /xapp-[\w-]{10,}/y },
  { kind: 'slack-token', beginning: 'hooks.slack.com/', shape: /hooks\.slack\.com\/[\w/]{10,}/y },
  ...['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_', 'whsec_'].map((beginning): TokenShape => ({
    kind: 'stripe-key',
    beginning,
    shape: new RegExp(`${beginning}[\\w+/=]{16,}`, 'y'),
  })),
  { kind: 'groq-key', beginning: 'gsk_', shape: /gsk_\w{40,}/y, ordinary: true },
  { kind: 'xai-key', beginning: 'xai-', shape: /xai-\w{40,}/y, ordinary: true },
  { kind: 'huggingface-token', beginning: 'hf_', shape: /hf_\w{24,}/y, ordinary: true },
  { kind: 'replicate-token', beginning: 'r8_', shape: /r8_\w{30,}/y, ordinary: true },
  { kind: 'perplexity-key', beginning: 'pplx-', shape: /pplx-\w{32,}/y },
  { kind: 'nvidia-key', beginning: 'nvapi-', shape: /nvapi-[\w-]{40,}/y },
  { kind: 'fireworks-key', beginning: 'fw_', shape: /fw_\w{20,}/y, ordinary: true, also: hasDigits },
  { kind: 'cerebras-key', beginning: 'csk-', shape: /csk-\w{30,}/y, ordinary: true },
  { kind: 'vault-token', beginning: 'hvs.', shape: /hvs\.[\w-]{20,}/y, ordinary: true },
  { kind: 'npm-token', beginning: 'npm_', shape: /npm_\w{36}/y, ordinary: true },
  { kind: 'sendgrid-key', beginning: 'SG.', shape: /SG\.[\w-]{16,}\.[\w-]{16,}/y, ordinary: true },
  {
    kind: 'jwt',
    beginning: 'eyJ',
    shape: /eyJ[\w-]{8,}(?:\.eyJ[\w-]{8,}(?:\.[\w-]*)?)?/y,
    ordinary: true,
    also: (token) => token.includes('.'),
  },
  {
    kind: 'private-key',
    beginning: '-----BEGIN ',
    // To its end, or, where that was cut off, as far as it looks like one.
    shape: /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?:[\sA-Za-z0-9+/=:,-]|\\[nr])*/y,
  },
];

const BEGINNINGS = new RegExp(
  SHAPES.map(({ beginning }) => beginning.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'),
  'g',
);
const BY_BEGINNING: ReadonlyMap<string, TokenShape> = new Map(SHAPES.map((shape) => [shape.beginning, shape]));

/** Tokens that tell by their own shape what they are. */
export function findTokens(text: string): Finding[] {
  const findings: Finding[] = [];
  BEGINNINGS.lastIndex = 0;
  for (let match = BEGINNINGS.exec(text); match !== null; match = BEGINNINGS.exec(text)) {
    const row = BY_BEGINNING.get(match[0]);
    if (row === undefined) continue;
    if (row.ordinary === true && /[A-Za-z0-9]/.test(text.charAt(match.index - 1))) continue;
    row.shape.lastIndex = match.index;
    const token = row.shape.exec(text)?.[0];
    if (token === undefined) continue;
    const end = match.index + token.length;
    BEGINNINGS.lastIndex = end;
    if (row.also?.(token) !== false) findings.push({ start: match.index, end, kind: row.kind });
  }
  return findings;
}
