import type { KeyQuestion } from '../../providers/key-check.ts';
import { parseUrl } from '../addresses.ts';

const OPENAI = 'api.openai.com';

/** Beginnings of keys that tell whose they are; the longer ones first, for `sk-` begins several. */
const VENDORS: readonly (readonly [beginning: string, vendor: string, hosts: readonly string[]])[] = [
  ['sk-ant-', 'Anthropic', ['api.anthropic.com']],
  ['sk-or-', 'OpenRouter', ['openrouter.ai']],
  ['gsk_', 'Groq', ['api.groq.com']],
  ['xai-', 'xAI', ['api.x.ai']],
  ['AIza', 'Google', ['generativelanguage.googleapis.com']],
  ['pplx-', 'Perplexity', ['api.perplexity.ai']],
  ['nvapi-', 'NVIDIA', ['integrate.api.nvidia.com']],
  ['fw_', 'Fireworks', ['api.fireworks.ai']],
  ['csk-', 'Cerebras', ['api.cerebras.ai']],
  ['AKIA', 'AWS', []],
  ['ghp_', 'GitHub', []],
  ['sk-proj-', 'OpenAI', [OPENAI]],
  ['sk-svcacct-', 'OpenAI', [OPENAI]],
];

/** Hosts whose keys are known by their beginning: any other is somebody else's. */
const OWN_BEGINNING: Readonly<Record<string, RegExp>> = { [OPENAI]: /^sk-/, 'api.anthropic.com': /^sk-ant-/ };

/** Providers whose keys are their own wherever they are reached, through a proxy for instance. */
const OWN_HOSTS: Readonly<Partial<Record<KeyQuestion['provider'], string>>> = {
  openai: OPENAI,
  anthropic: 'api.anthropic.com',
  gemini: 'generativelanguage.googleapis.com',
};

/**
 * Whose key it looks like, when that is another vendor than the target's; null when nothing speaks against it. OpenAI, Azure
 * and Anthropic are known by the provider that the target names, others by their host.
 */
export function foreignVendor(
  { provider, baseUrl }: Pick<KeyQuestion, 'provider' | 'baseUrl'>,
  key: string,
): string | null {
  const host = parseUrl(baseUrl)?.hostname ?? '';
  const known = provider !== 'openai-compatible' || VENDORS.some(([, , hosts]) => hosts.includes(host));
  if (!known) return null;
  const row = VENDORS.find(([beginning]) => key.startsWith(beginning));
  if (row !== undefined) return row[2].includes(OWN_HOSTS[provider] ?? host) ? null : row[1];
  const own = OWN_BEGINNING[host];
  return own === undefined || own.test(key) ? null : 'another vendor';
}
