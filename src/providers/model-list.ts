import { parseJson } from '../engine/parse-json.ts';
import { VERSION } from './anthropic/version.ts';
import { tellingPath, toldOf, type ToldList } from './catalogue/told.ts';
import type { CompatibleName } from './openai/compatible.ts';
import { PROVIDERS } from './openai/provider.ts';
import type { ProviderName } from './provider-name.ts';

/** A list of models is some hundred kilobytes; of those who forward to everybody, a megabyte or two. */
const MOST_BYTES = 4 * 1024 * 1024;

/** Nobody waits for a list of limits. */
const PATIENCE_MS = 15_000;

/** What is needed to ask a target for its models. */
export interface ListQuestion {
  readonly provider: ProviderName;
  /** Which of the compatible servers it is. @default null: none that is known */
  readonly server?: CompatibleName | null;
  readonly baseUrl: string;
  readonly deployment: string | null;
  readonly apiVersion: string | null;
  /** Sent besides the key: organisation, project. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What was answered, read to its end or to the bound. */
export interface Listing {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How a provider is asked for its models with a key. */
type Asked = (
  question: ListQuestion,
  key: string | null,
  path: string,
) => { readonly url: string; readonly headers: Record<string, string> };

const onOpenAIWire: Asked = ({ provider, baseUrl, deployment, apiVersion }, key, asked) => {
  const row = PROVIDERS[provider as keyof typeof PROVIDERS];
  const { origin, pathname } = new URL(baseUrl);
  const path = row.path({ basePath: pathname.replace(/\/+$/, ''), deployment, apiVersion }, asked);
  return { url: origin + path, headers: key === null ? {} : Object.fromEntries([row.keyHeader(key)]) };
};

const ASKED: Readonly<Record<ProviderName, Asked>> = {
  openai: onOpenAIWire,
  azure: onOpenAIWire,
  'openai-compatible': onOpenAIWire,
  // A page has twenty models unless it is asked for more.
  anthropic: ({ baseUrl, headers }, key) => ({
    url: `${baseUrl.replace(/\/+$/, '')}/models?limit=1000`,
    headers: {
      'anthropic-version': headers['anthropic-version'] ?? VERSION,
      ...(key === null ? {} : { 'x-api-key': key }),
    },
  }),
  gemini: ({ baseUrl }, key) => ({
    url: `${baseUrl.replace(/\/+$/, '')}/models?pageSize=1000`,
    headers: key === null ? {} : { 'x-goog-api-key': key },
  }),
};

/**
 * Asks a provider for its models, which is billed by none.
 *
 * @param key null where none is wanted.
 * @param path below the API's root; of providers with a wire of their own, their list is asked for anyway.
 * @throws {Error} it was not reached, or not in time.
 */
export function askForModels(
  question: ListQuestion,
  key: string | null,
  path: string,
  patienceMs: number,
): Promise<Listing> {
  const { url, headers } = ASKED[question.provider](question, key, path);
  return get(url, { ...question.headers, ...headers }, patienceMs);
}

/**
 * Asks a provider for its models' limits.
 *
 * @param key null where none is wanted.
 * @throws {Error} it was not reached, or did not list its models: why, in a few words without the key.
 */
export async function listLimits(question: ListQuestion, key: string | null): Promise<ToldList> {
  const { provider, server = null, baseUrl } = question;
  const asked = ASKED[provider](question, key, '/models');
  const path = tellingPath({ provider, server });
  const url = path === null ? asked.url : new URL(baseUrl).origin + path;
  const headers = { ...question.headers, ...asked.headers };
  const { ok, status, body } = await get(url, headers, PATIENCE_MS);
  if (!ok) throw new Error(`it answers ${status}`);
  let list: unknown;
  try {
    list = parseJson(body);
  } catch {
    throw new Error('what it answers is no JSON, or too much');
  }
  return toldOf({ provider, server }, list);
}

async function get(url: string, headers: Readonly<Record<string, string>>, patienceMs: number): Promise<Listing> {
  const response = await fetch(url, {
    headers: { accept: 'application/json', ...headers },
    redirect: 'error',
    signal: AbortSignal.timeout(patienceMs),
  });
  const body = await bounded(response);
  return { ok: response.ok, status: response.status, headers: Object.fromEntries(response.headers), body };
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
