import { modelInPath } from './gemini/account.ts';
import { parseJson } from '../engine/parse-json.ts';
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isObject, stringAt } from './json.ts';
import type { JsonObject } from './json.ts';
import type { Received } from './upstream.ts';

/** Uploads are counted and hashed, and only this much of them is kept. JSON is always kept whole. */
const KEPT_UPLOAD_BYTES = 1024 * 1024;

const DEPLOYMENT = /^\/openai\/deployments\/([^/]+)(\/.*)$/;

/** A request and the fault that its model's name asked for (`gpt-4o@cut:17`). */
export interface Reception {
  readonly received: Received;
  readonly faultInModel: string | null;
}

/** Reads a request to its end; calls back never when the client leaves before. */
export function receive(request: IncomingMessage, ready: (reception: Reception) => void): void {
  const json = request.headers['content-type']?.includes('json') !== false;
  const hasher = json ? null : createHash('sha256');
  const chunks: Buffer[] = [];
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    hasher?.update(chunk);
    if (json || bytes < KEPT_UPLOAD_BYTES) chunks.push(chunk);
    bytes += chunk.byteLength;
  });
  request.once('end', () => {
    const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
    const digest = () => (hasher ?? createHash('sha256').update(body)).copy().digest('hex');
    ready(read(request, { body, bytes, sha256: digest, json: json ? parse(body) : null }));
  });
}

type Body = Pick<Received, 'body' | 'bytes' | 'sha256' | 'json'>;

function read(request: IncomingMessage, body: Body): Reception {
  const { method = 'GET', url = '/', headers } = request;
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const azure = path.startsWith('/openai/');
  const deployment = azure ? DEPLOYMENT.exec(path) : null;
  const asked =
    deployment?.[1] === undefined ? (modelInPath(path) ?? modelIn(body.json)) : decodeURIComponent(deployment[1]);
  const at = asked.indexOf('@');
  const received: Received = {
    ...body,
    method,
    path,
    route: deployment === null ? (azure ? path.slice('/openai'.length) : path) : `/v1${deployment[2]}`,
    query: mark < 0 ? '' : url.slice(mark + 1),
    headers,
    model: at < 0 ? asked : asked.slice(0, at),
    key: keyIn(request, mark < 0 ? '' : url.slice(mark + 1)),
    azure,
  };
  return { received, faultInModel: at < 0 ? null : asked.slice(at + 1) };
}

function parse(body: Buffer): JsonObject | null {
  if (body.byteLength === 0) return null;
  try {
    const value: unknown = parseJson(body.toString('utf8'));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function modelIn(json: JsonObject | null): string {
  return json === null ? '' : (stringAt(json, 'model') ?? '');
}

/**
 * The key from `Authorization: Bearer …`, as Azure has it from `api-key`, as Anthropic from `x-api-key`, as Google from
 * `x-goog-api-key` or the query; empty when there is none.
 */
function keyIn({ headers }: IncomingMessage, query: string): string {
  const bareKey = headers['x-api-key'] ?? headers['api-key'] ?? headers['x-goog-api-key'];
  if (typeof bareKey === 'string') return bareKey;
  const bearer = headers.authorization ?? '';
  if (/^bearer /i.test(bearer)) return bearer.slice('bearer '.length).trim();
  return new URLSearchParams(query).get('key') ?? '';
}
