import type { Operation } from '../engine/call.ts';
import { generatedPathIn, keyTakenFrom } from '../providers/gemini/path.ts';
import { operationOf } from '../providers/openai/request.ts';

/** The operations that the in-process door takes; everything else goes to the plain `fetch`, unchanged. */
const ENDINGS: readonly (readonly [string, string])[] = [
  ['POST', '/chat/completions'],
  ['POST', '/responses'],
  ['POST', '/messages'],
  ['POST', '/embeddings'],
  ['GET', '/models'],
];

/** A request that the line is meant for, taken apart. */
export interface MeantRequest {
  readonly operation: Operation;
  readonly method: string;
  /** Where the SDK points, up to the API's root: `https://api.openai.com/v1`. */
  readonly baseUrl: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array | null;
  readonly signal: AbortSignal | null;
}

/** Takes a fetch's arguments apart; null when the line is not meant for them. */
export async function readFetch(
  input: string | URL | Request,
  init: RequestInit | undefined,
): Promise<MeantRequest | null> {
  const request = input instanceof Request ? input : null;
  const href = input instanceof Request ? input.url : input instanceof URL ? input.href : input;
  if (!href.startsWith('http') || !URL.canParse(href)) return null;
  const url = new URL(href);
  const method = (init?.method ?? request?.method ?? 'GET').toUpperCase();
  const ending = ENDINGS.find(([wanted, path]) => method === wanted && url.pathname.endsWith(path));
  const path = ending?.[1] ?? (method === 'POST' ? generatedPathIn(url.pathname) : null);
  if (path === null) return null;
  const headers: Record<string, string> = Object.fromEntries(new Headers(init?.headers ?? request?.headers ?? {}));
  // OpenAI has paths that end so, too.
  if (path === '/messages' && headers['anthropic-version'] === undefined) return null;
  const body = await bodyOf(request, init);
  if (body === undefined) return null;
  const root = url.pathname.slice(0, -path.length);
  // A key in the address would be written down with it.
  const taken = keyTakenFrom(path + url.search);
  if (taken !== null) headers['x-goog-api-key'] ??= taken.key;
  return {
    operation: operationOf(method, path),
    method,
    baseUrl: url.origin + root,
    path: taken?.url ?? path + url.search,
    headers,
    body,
    signal: init?.signal ?? request?.signal ?? null,
  };
}

/** The body's bytes; null for none; undefined for one that can be read only once, and so cannot be sent again. */
async function bodyOf(request: Request | null, init: RequestInit | undefined): Promise<Uint8Array | null | undefined> {
  const body = init?.body;
  if (body === undefined || body === null) {
    return request?.body == null ? null : new Uint8Array(await request.clone().arrayBuffer());
  }
  if (typeof body === 'string') return Buffer.from(body);
  if (body instanceof Uint8Array) return body;
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  return undefined;
}
