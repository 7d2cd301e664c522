import { createHash } from 'node:crypto';
import type { Call } from '../../engine/call.ts';
import { parseJson } from '../../engine/parse-json.ts';
import { isObject } from '../openai/request.ts';

/** What a request is known by, in each of the shapes in which its answer may be wanted. */
export interface RequestKey {
  /** Hash of everything that bears on the answer; nothing of the prompt can be told from it. */
  readonly hash: string;
  readonly shape: 'whole' | 'stream' | 'stream with usage';
}

/** Members that do not bear on what is answered: how it is sent, for whom, at what priority, and what is kept of it. */
const IDLE_MEMBERS: ReadonlySet<string> = new Set([
  'stream',
  'stream_options',
  'metadata',
  'user',
  'safety_identifier',
  'prompt_cache_key',
  'prompt_cache_retention',
  'prompt_cache_options',
  'service_tier',
  'store',
]);

/** Tools that the caller itself runs. The provider's own search the web, or run code: their answers are of the moment. */
const CALLERS_TOOLS: ReadonlySet<unknown> = new Set(['function', 'custom']);

/** With callers that are not told apart, whose key is sent tells for whom the answer is. */
const CREDENTIALS = [
  'authorization',
  'api-key',
  'x-api-key',
  'x-goog-api-key',
  'openai-organization',
  'openai-project',
] as const;

/** For whom an answer is: the tenant; where nobody is told apart, whoever has the key that was sent. */
export function whoseAnswer({ caller, headers }: Call): readonly unknown[] {
  if (caller.tenant !== null) return [caller.organisation, caller.tenant];
  return CREDENTIALS.map((name) => headers[name] ?? null);
}

/**
 * What a call is known by among those whose answers may be given again; null for a call whose answer depends on more than its
 * request. No two tenants ever share a key.
 */
export function requestKey(call: Call): RequestKey | null {
  const { body, operation } = call;
  const known = operation === 'chat' || operation === 'responses' || operation === 'embeddings';
  if (!known || call.pins.length > 0 || !(body instanceof Uint8Array)) return null;
  const request = read(body);
  if (!isObject(request) || !isRepeatable(request)) return null;
  const whose = whoseAnswer(call);
  const { caller } = call;
  const hash = createHash('sha256');
  hash.update(JSON.stringify([caller.tenant === null ? 'anyone' : 'tenant', whose, operation]));
  hash.update(canonical(Object.fromEntries(Object.entries(request).filter(([name]) => !IDLE_MEMBERS.has(name)))));
  return { hash: hash.digest('base64'), shape: shapeOf(call, request) };
}

function read(body: Uint8Array): unknown {
  try {
    return parseJson(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
  } catch {
    return null;
  }
}

function isRepeatable(request: Record<string, unknown>): boolean {
  const { tools, background, web_search_options: search, modalities, prompt } = request;
  if (background === true || isObject(search) || isObject(prompt)) return false;
  if (Array.isArray(modalities) && modalities.includes('audio')) return false;
  return !Array.isArray(tools) || tools.every((tool) => isObject(tool) && CALLERS_TOOLS.has(tool['type']));
}

function shapeOf({ stream, admission }: Call, request: Record<string, unknown>): RequestKey['shape'] {
  if (!stream) return 'whole';
  const options = request['stream_options'];
  // What is asked for on our own account the caller does not see.
  const tells = isObject(options) && options['include_usage'] === true && admission?.asksUsage !== true;
  return tells ? 'stream with usage' : 'stream';
}

/** JSON in which the order of members does not count. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`;
}
