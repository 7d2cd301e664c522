import { parseJson } from '../../engine/parse-json.ts';
import { findMembers } from '../../providers/openai/json-bytes.ts';

/** What may be asked in bulk, as the path below the API's root. */
const ENDPOINTS: ReadonlyMap<string, string> = new Map([
  ['/v1/chat/completions', '/chat/completions'],
  ['/v1/responses', '/responses'],
  ['/v1/embeddings', '/embeddings'],
]);

/** A line longer than this is none: the largest of request bodies are some tens of megabytes. */
export const MOST_LINE_BYTES: number = 64 * 1024 * 1024;

/** One request of a bulk, in the format of OpenAI's batch files: https://platform.openai.com/docs/api-reference/batch */
export interface BulkRequest {
  readonly customId: string;
  /** Below the API's root: `/chat/completions`. */
  readonly path: string;
  readonly model: string | null;
  readonly body: Buffer;
}

export type ReadLine =
  | { readonly kind: 'request'; readonly request: BulkRequest }
  | { readonly kind: 'wrong'; readonly problem: string };

/** Reads a line of the input. What is wrong with it is said with the field and how to put it right. */
export function readLine(text: string): ReadLine {
  let line: unknown;
  try {
    line = parseJson(text);
  } catch {
    return wrong('is no JSON: each line has to be one whole JSON object');
  }
  if (!isObject(line)) return wrong('is no JSON object');
  const { custom_id: customId, method = 'POST', url, body } = line;
  if (typeof customId !== 'string' || customId === '') {
    return wrong('custom_id has to be a text by which its answer is told from the others');
  }
  if (method !== 'POST') return wrong('method has to be POST');
  const path = typeof url === 'string' ? ENDPOINTS.get(url) : undefined;
  if (path === undefined) return wrong(`url has to be one of ${[...ENDPOINTS.keys()].join(', ')}`);
  if (!isObject(body)) return wrong('body has to be the request, as a JSON object');
  if (body['stream'] === true) return wrong('body.stream has to be left out: answers are written whole');
  const { model = null } = body;
  if (model !== null && typeof model !== 'string') return wrong('body.model has to be the name of a model');
  return { kind: 'request', request: { customId, path, model, body: bytesOf(text, body) } };
}

const BODY: ReadonlySet<'body'> = new Set(['body'] as const);

/** The body as it stands in the line: numbers too large for JavaScript, say, are sent as they were written. */
function bytesOf(text: string, body: Record<string, unknown>): Buffer {
  const bytes = Buffer.from(text);
  const span = findMembers(bytes, BODY)?.get('body');
  return span === undefined ? Buffer.from(JSON.stringify(body)) : bytes.subarray(span.start, span.end);
}

function wrong(problem: string): ReadLine {
  return { kind: 'wrong', problem };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
