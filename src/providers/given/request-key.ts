import { createHash } from 'node:crypto';
import type { Call, Operation } from '../../engine/call.ts';
import { parseJson } from '../../engine/parse-json.ts';
import { isObject } from '../openai/request.ts';

/** What a request is known by, in each of the shapes in which its answer may be wanted. */
export interface RequestKey {
  /** Hash of everything that bears on the answer; nothing of the prompt can be told from it. */
  readonly hash: string;
  readonly shape: 'whole' | 'stream' | 'stream with usage';
}

type Request = Readonly<Record<string, unknown>>;

/** What has to be known of a wire to tell its requests apart. */
interface KeyedWire {
  /** Members that do not bear on what is answered: how it is sent, for whom, at what priority, and what is kept of it. */
  readonly idle: ReadonlySet<string>;
  /**
   * Whether the same answer may be given again: not where it is of the moment, as it is when the provider's own tools search
   * the web or run code, nor where it hangs on what the provider keeps.
   */
  readonly isRepeatable: (request: Request) => boolean;
  /** What bears on the answer and does not stand in the request; null for a call whose answers cannot be given again. */
  readonly beside: (call: Call) => readonly unknown[] | null;
}

const OPENAI: KeyedWire = {
  idle: new Set([
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
  ]),
  isRepeatable({ tools, background, web_search_options: search, modalities, prompt }) {
    if (background === true || isObject(search) || isObject(prompt)) return false;
    if (Array.isArray(modalities) && modalities.includes('audio')) return false;
    return everyTool(tools, ({ type }) => type === 'function' || type === 'custom');
  },
  beside: () => [],
};

const ANTHROPIC: KeyedWire = {
  idle: new Set(['stream', 'metadata', 'service_tier', 'inference_geo', 'speed', 'diagnostics']),
  isRepeatable({ tools, container, mcp_servers: servers }) {
    if ((container ?? null) !== null || (Array.isArray(servers) && servers.length > 0)) return false;
    return everyTool(tools, ({ type }) => type === undefined || type === null || type === 'custom');
  },
  // The same words can ask for something else in another version of the wire.
  beside: ({ headers }) => [headers['anthropic-version'] ?? null, headers['anthropic-beta'] ?? null],
};

const GOOGLE: KeyedWire = {
  idle: new Set(['labels', 'serviceTier', 'service_tier', 'store']),
  isRepeatable(request) {
    if ((request['cachedContent'] ?? request['cached_content'] ?? null) !== null) return false;
    const isOwn = (name: string): boolean => name === 'functionDeclarations' || name === 'function_declarations';
    return everyTool(request['tools'], (tool) => Object.keys(tool).every(isOwn));
  },
  // The path names the model. A stream that is no list of events is an answer of another shape.
  beside: ({ model, path, stream }) => (path.includes(':stream') && !stream ? null : [model]),
};

const KEYED: Readonly<Partial<Record<Operation, KeyedWire>>> = {
  chat: OPENAI,
  responses: OPENAI,
  embeddings: OPENAI,
  messages: ANTHROPIC,
  generate: GOOGLE,
};

function everyTool(tools: unknown, is: (tool: Request) => boolean): boolean {
  return (tools ?? null) === null || (Array.isArray(tools) && tools.every((tool) => isObject(tool) && is(tool)));
}

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
  const wire = KEYED[operation];
  const beside = wire?.beside(call) ?? null;
  if (wire === undefined || beside === null || call.pins.length > 0 || !(body instanceof Uint8Array)) return null;
  const request = read(body);
  if (!isObject(request) || !wire.isRepeatable(request)) return null;
  const whose = whoseAnswer(call);
  const { caller } = call;
  const hash = createHash('sha256');
  hash.update(JSON.stringify([caller.tenant === null ? 'anyone' : 'tenant', whose, operation, ...beside]));
  hash.update(canonical(Object.fromEntries(Object.entries(request).filter(([name]) => !wire.idle.has(name)))));
  return { hash: hash.digest('base64'), shape: shapeOf(call, request) };
}

function read(body: Uint8Array): unknown {
  try {
    return parseJson(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
  } catch {
    return null;
  }
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
