import { parseJson } from '../engine/parse-json.ts';
import { classifyException, classifyResponse } from '../engine/fault/index.ts';
import type { Fault } from '../engine/fault/fault.ts';
import { VERSION } from './anthropic/version.ts';
import { PROVIDERS } from './openai/provider.ts';
import type { ProviderName } from './provider-name.ts';

/** A provider that has not said by then what it thinks of a key is not waited for. */
const PATIENCE_MS = 4_000;

/** A list of models is some hundred kilobytes at most. */
const MOST_BYTES = 4 * 1024 * 1024;

/** What a provider says of a key. */
export type KeyVerdict =
  | {
      readonly kind: 'accepted';
      /** The models that the key may ask for; null where the provider does not list them for it. */
      readonly models: ReadonlySet<string> | null;
    }
  | { readonly kind: 'refused'; readonly fault: Fault }
  /** It could not be asked, or did not answer the question. */
  | { readonly kind: 'unknown'; readonly fault: Fault };

/** What is needed to ask a target about a key. */
export interface KeyQuestion {
  readonly provider: ProviderName;
  readonly baseUrl: string;
  readonly deployment: string | null;
  readonly apiVersion: string | null;
  /** A path that answers good keys only. @default the list of models */
  readonly path?: string;
  /** Sent besides the key: organisation, project. */
  readonly headers: Readonly<Record<string, string>>;
}

/** How a provider is asked for its models with a key. */
type Asked = (question: KeyQuestion, key: string) => { readonly url: string; readonly headers: Record<string, string> };

const onOpenAIWire: Asked = ({ provider, baseUrl, deployment, apiVersion, path: asked = '/models' }, key) => {
  const row = PROVIDERS[provider as keyof typeof PROVIDERS];
  const { origin, pathname } = new URL(baseUrl);
  const [name, value] = row.keyHeader(key);
  const path = row.path({ basePath: pathname.replace(/\/+$/, ''), deployment, apiVersion }, asked);
  return { url: origin + path, headers: { [name]: value } };
};

const ASKED: Readonly<Record<ProviderName, Asked>> = {
  openai: onOpenAIWire,
  azure: onOpenAIWire,
  'openai-compatible': onOpenAIWire,
  // A page has twenty models unless it is asked for more.
  anthropic: ({ baseUrl, headers }, key) => ({
    url: `${baseUrl.replace(/\/+$/, '')}/models?limit=1000`,
    headers: { 'x-api-key': key, 'anthropic-version': headers['anthropic-version'] ?? VERSION },
  }),
  gemini: ({ baseUrl }, key) => ({
    url: `${baseUrl.replace(/\/+$/, '')}/models?pageSize=1000`,
    headers: { 'x-goog-api-key': key },
  }),
};

/** Asks a provider what it thinks of a key, by listing its models, which is billed by none. Never throws. */
export async function checkKey(question: KeyQuestion, key: string): Promise<KeyVerdict> {
  const { provider } = question;
  const { url, headers } = ASKED[provider](question, key);
  try {
    const response = await fetch(url, {
      headers: { accept: 'application/json', ...question.headers, ...headers },
      redirect: 'error',
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const body = await bounded(response);
    if (response.ok) return { kind: 'accepted', models: modelsIn(body, provider) };
    return verdictOf(
      classifyResponse({
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body,
        wall: Date.now(),
        provider,
      }),
    );
  } catch (error) {
    return { kind: 'unknown', fault: classifyException(error instanceof Error ? (error.cause ?? error) : error) };
  }
}

function verdictOf(fault: Fault): KeyVerdict {
  if (fault.kind === 'authentication') return { kind: 'refused', fault };
  // The provider knows whose key it is: it may just not list models with it, or has nothing left to spend now.
  if (fault.kind === 'permission' || fault.kind === 'quota-exhausted') return { kind: 'accepted', models: null };
  return { kind: 'unknown', fault };
}

async function bounded(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > MOST_BYTES) break;
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** Azure lists what a resource could deploy, not what is deployed: such lists say nothing of what can be called. */
function modelsIn(body: string, provider: ProviderName): ReadonlySet<string> | null {
  let list: unknown;
  try {
    const parsed: unknown = parseJson(body) ?? {};
    const { data, models: named } = parsed as { data?: unknown; models?: unknown };
    // Some servers list their models without a word around them.
    list = Array.isArray(parsed) ? parsed : provider === 'gemini' ? named : data;
  } catch {
    return null;
  }
  if (!Array.isArray(list) || list.length === 0) return null;
  const models = new Set<string>();
  for (const model of list as unknown[]) {
    if (typeof model !== 'object' || model === null) return null;
    const { id: own, name, capabilities } = model as { id?: unknown; name?: unknown; capabilities?: unknown };
    // Google's names tell where a model is kept; it is asked for without that.
    const id = provider === 'gemini' && typeof name === 'string' ? name.replace(/^models\//, '') : own;
    if (typeof id !== 'string' || (provider !== 'anthropic' && capabilities !== undefined)) return null;
    models.add(id);
  }
  return models;
}
