import { parseJson } from '../../engine/parse-json.ts';
import type { SecretFault } from './store.ts';

/** A store that has not answered by then is down, as far as a start or a refresh is concerned. */
const PATIENCE_MS = 3_000;

/** Secrets are small; what is larger is no answer of a store. */
const MOST_BYTES = 262_144;

export interface Question {
  readonly url: string;
  readonly method?: 'GET' | 'POST' | 'PUT';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Answered {
  readonly status: number;
  /** The body as JSON; null when it is none. */
  readonly json: unknown;
}

/**
 * Asks a secret store over HTTP: bounded in time and size, and never following a redirect, which could carry a token to
 * somebody else.
 *
 * @returns a fault that passes when there was no answer, or one of a server in trouble
 */
export async function ask(
  store: string,
  { url, method = 'GET', headers, body }: Question,
): Promise<Answered | SecretFault> {
  let answered: Answered;
  try {
    const response = await fetch(url, {
      method,
      headers: { accept: 'application/json', ...headers },
      body: body ?? null,
      redirect: 'error',
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    answered = { status: response.status, json: parse(await bounded(response)) };
  } catch (error) {
    return {
      wrong: `cannot be read: ${store} at ${hostOf(url)} gave no answer (${reasonOf(error)})`,
      fix: `Check that ${store} runs and can be reached from here.`,
      passing: true,
    };
  }
  if (answered.status < 500 && answered.status !== 429) return answered;
  return {
    wrong: `cannot be read: ${store} at ${hostOf(url)} answered with status ${answered.status}`,
    fix: `It is tried again by itself; look at ${store} if it lasts.`,
    passing: true,
  };
}

export function isAnswer(found: Answered | SecretFault): found is Answered {
  return 'status' in found;
}

async function bounded(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > MOST_BYTES) throw new Error('the answer is too large');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return null;
  }
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'its address';
}

/** The innermost reason: `fetch failed` says nothing, its cause does. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown reason';
  if (error.name === 'TimeoutError') return `not within ${PATIENCE_MS / 1000} s`;
  const { cause } = error;
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.message;
  return error.message;
}
