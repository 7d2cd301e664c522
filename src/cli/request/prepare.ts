import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import type { CallRecord } from '../../engine/record.ts';
import { looksLikeKey } from '../../config/secret-stores/text.ts';

/** What a request to be sent is made of, as it was typed. */
export interface RequestOptions {
  readonly endpoint?: string;
  readonly model?: string;
  readonly system?: string;
  readonly stream?: true;
  readonly set?: readonly string[];
  readonly header?: readonly string[];
  readonly file?: string;
  readonly url?: string;
  readonly key?: string;
}

/** Where a key is: never the key itself. */
export type KeyReference =
  | { readonly kind: 'none' }
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string };

/** A request that is ready to be sent, or to be shown. */
export interface Prepared {
  /** The API's root, with its `/v1` and without a slash behind it. */
  readonly baseUrl: string;
  /** Below it: `/chat/completions`. */
  readonly path: string;
  readonly body: string;
  /** Names in lower case; none of them carries a secret. */
  readonly headers: Readonly<Record<string, string>>;
  readonly key: KeyReference;
}

const DEFAULT_URL = 'http://127.0.0.1:4141/v1';
const DEFAULT_MODEL = 'gpt-4o-mini';

const PATHS: Readonly<Record<string, string>> = {
  chat: '/chat/completions',
  responses: '/responses',
  embeddings: '/embeddings',
};

/**
 * Puts a request together: a file's body or a prompt, a recorded call's facts, and what the flags change.
 *
 * @param recorded the call whose endpoint, model and way of answering are taken where no flag says otherwise.
 * @throws {Error} something is missing or cannot be read; the message says what to write.
 */
export async function prepare(
  prompt: string | undefined,
  options: RequestOptions,
  recorded: CallRecord | null = null,
): Promise<Prepared> {
  const path = pathFor(options.endpoint, recorded);
  const written = options.file === undefined ? null : await readBody(options.file);
  if (written !== null && prompt !== undefined) throw new Error('give a prompt or --file, not both');
  const changes = changesOf(options, recorded, written !== null);
  const body = written === null ? composed(path, prompt, options, recorded, changes) : changed(written, changes);
  return {
    baseUrl: baseUrlOf(options.url),
    path,
    body,
    headers: { 'content-type': 'application/json', ...headersOf(options.header ?? []) },
    key: keyOf(options.key),
  };
}

function pathFor(endpoint: string | undefined, recorded: CallRecord | null): string {
  if (endpoint === undefined) return recorded === null ? '/chat/completions' : recorded.path;
  if (endpoint.startsWith('/')) return endpoint.replace(/^\/v1(?=\/)/, '');
  const path = Object.hasOwn(PATHS, endpoint) ? PATHS[endpoint] : undefined;
  if (path !== undefined) return path;
  throw new Error(
    `--endpoint "${endpoint}" is unknown; it is one of ${Object.keys(PATHS).join(', ')}, or a path such as /moderations`,
  );
}

async function readBody(file: string): Promise<string> {
  try {
    return file === '-' ? await readAll(process.stdin) : await readFile(file, 'utf8');
  } catch (error) {
    throw new Error(`--file names a file that cannot be read: ${file}`, { cause: error });
  }
}

/** Members that flags put into the body, over what it says. */
function changesOf(
  { model, stream, set = [] }: RequestOptions,
  recorded: CallRecord | null,
  fromFile: boolean,
): ReadonlyMap<string, unknown> {
  const changes = new Map<string, unknown>();
  // What a file says goes before what was recorded: it is the more exact.
  const named = model ?? (fromFile ? undefined : (recorded?.model ?? undefined));
  if (named !== undefined) changes.set('model', named);
  if (stream === true || (!fromFile && recorded?.stream === true)) changes.set('stream', true);
  for (const each of set) {
    const equals = each.indexOf('=');
    if (equals < 1) throw new Error(`--set "${each}" sets nothing; write a field and its value: --set temperature=0.2`);
    changes.set(each.slice(0, equals), valueOf(each.slice(equals + 1)));
  }
  return changes;
}

/** JSON where it is JSON, else the text. */
function valueOf(written: string): unknown {
  try {
    return JSON.parse(written);
  } catch {
    return written;
  }
}

/** A file's body stays as it was written unless a flag changes it: mistakes in it may be what is to be tested. */
function changed(written: string, changes: ReadonlyMap<string, unknown>): string {
  if (changes.size === 0) return written;
  let parsed: unknown;
  try {
    parsed = JSON.parse(written);
  } catch (error) {
    throw new Error(
      '--file holds no JSON, so nothing can be set in it; leave --model, --stream and --set out to send it as it is',
      {
        cause: error,
      },
    );
  }
  return JSON.stringify({ ...(parsed as object), ...Object.fromEntries(changes) });
}

function composed(
  path: string,
  prompt: string | undefined,
  { system }: RequestOptions,
  recorded: CallRecord | null,
  changes: ReadonlyMap<string, unknown>,
): string {
  if (prompt === undefined && !changes.has('messages') && !changes.has('input'))
    throw new Error(nothingToSay(recorded));
  const model = path === '/embeddings' ? 'text-embedding-3-small' : DEFAULT_MODEL;
  return JSON.stringify({ model, ...contentOf(path, prompt, system), ...Object.fromEntries(changes) });
}

function contentOf(path: string, prompt: string | undefined, system: string | undefined): object {
  if (prompt === undefined) return {};
  if (path === '/responses') return { input: prompt, ...(system === undefined ? {} : { instructions: system }) };
  if (path !== '/chat/completions') return path === '/images/generations' ? { prompt } : { input: prompt };
  const opening = system === undefined ? [] : [{ role: 'system', content: system }];
  return { messages: [...opening, { role: 'user', content: prompt }] };
}

function nothingToSay(recorded: CallRecord | null): string {
  if (recorded === null) return 'there is nothing to send: give a prompt, or --file with a request';
  return (
    `what call ${recorded.id} said was not stored, because Holdfast keeps no prompts: ` +
    'give a prompt, or --file with the request that your application made'
  );
}

/** The root of an API, with its `/v1` and without a slash behind it. @throws {Error} it is no address */
export function baseUrlOf(url: string | undefined): string {
  const written = url ?? process.env['HOLDFAST_URL'] ?? DEFAULT_URL;
  const parsed = URL.canParse(written) ? new URL(written) : null;
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
    throw new Error(`--url "${written}" is no address; write the API's root, such as ${DEFAULT_URL}`);
  }
  if (parsed.username !== '' || parsed.password !== '')
    throw new Error('--url carries credentials; name the key with --key env:NAME');
  const plain = parsed.href.replace(/\/+$/, '');
  return parsed.pathname === '/' ? `${plain}/v1` : plain;
}

const SECRET_HEADERS = new Set(['authorization', 'api-key', 'x-api-key', 'cookie', 'proxy-authorization']);

function headersOf(written: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const each of written) {
    const colon = each.indexOf(':');
    const name = each.slice(0, Math.max(0, colon)).trim().toLowerCase();
    const value = each.slice(colon + 1).trim();
    if (!/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) throw new Error(`--header "${name}" has no name; write name: value`);
    if (SECRET_HEADERS.has(name) || looksLikeKey(value)) {
      throw new Error(`--header ${name} would carry a secret in the open; name the key with --key env:NAME`);
    }
    headers[name] = value;
  }
  return headers;
}

/**
 * Reads where a key is. Left out, it is where the house looks for one of its own; a gateway without tenants wants none.
 *
 * @throws {Error} it is the key itself, or nothing that names one
 */
export function keyOf(written: string | undefined): KeyReference {
  if (written === undefined)
    return process.env['HOLDFAST_KEY'] ? { kind: 'env', name: 'HOLDFAST_KEY' } : { kind: 'none' };
  if (written === 'none') return { kind: 'none' };
  const [, kind, name = ''] = /^(env|file):(.+)$/.exec(written) ?? [];
  if (kind === 'env' && /^[A-Za-z_]\w*$/.test(name) && !looksLikeKey(name)) return { kind, name };
  if (kind === 'file') return { kind, path: name };
  throw new Error('--key names where the key is, never the key: env:NAME, file:/path or none (it is not shown here)');
}

/** @throws {Error} there is no key where it should be. */
export async function readKey(key: KeyReference): Promise<string | null> {
  if (key.kind === 'none') return null;
  if (key.kind === 'env') {
    const value = process.env[key.name]?.trim();
    if (!value) throw new Error(`the environment has no ${key.name}; set it, or name another with --key`);
    return value;
  }
  try {
    return (await readFile(key.path, 'utf8')).trim();
  } catch (error) {
    throw new Error(`--key names a file that cannot be read: ${key.path}`, { cause: error });
  }
}
