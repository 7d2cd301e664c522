import { list, object, text, type Json } from './read.ts';

export const ADMIN = '/admin/api';

interface Problem {
  readonly field: string;
  readonly wrong: string;
  readonly fix: string;
}

/** A request that was not answered as hoped, in words for people. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** 0: the gateway could not be reached. */
  readonly status: number;
  readonly code: string;
  readonly problems: readonly Problem[];
  readonly requestId: string | null;

  constructor(
    status: number,
    code: string,
    message: string,
    problems: readonly Problem[] = [],
    requestId: string | null = null,
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.problems = problems;
    this.requestId = requestId;
  }
}

/** Told when the gateway no longer knows who asks. */
let onSignedOut: () => void = () => undefined;

export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener;
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/**
 * Asks the admin API and reads what it answers.
 *
 * @throws {ApiError} it was refused, or nobody answered
 */
export async function ask<Value>(
  method: Method,
  path: string,
  read: (answer: Json) => Value,
  { body, signal }: { readonly body?: unknown; readonly signal?: AbortSignal } = {},
): Promise<Value> {
  const response = await reach(ADMIN + path, {
    method,
    headers: {
      accept: 'application/json',
      // No page of another origin can send this, so no other page can use the session that the browser adds.
      'x-holdfast-page': '1',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  });
  const answer = response.status === 204 ? {} : await response.json().catch(() => null);
  if (response.ok && answer !== null) return read(object(answer));
  const { status } = response;
  const problem = object(answer);
  const code = text(problem['code']);
  if (status === 401 && path !== '/session') onSignedOut();
  throw new ApiError(
    status,
    code,
    text(problem['detail']) || `the gateway answered ${status}`,
    list(problem['problems'], readProblem),
    text(problem['requestId']) || null,
  );
}

export function get<Value>(path: string, read: (answer: Json) => Value, signal?: AbortSignal): Promise<Value> {
  return ask('GET', path, read, signal === undefined ? {} : { signal });
}

/** `/calls` and what is not null or empty of the rest, as a query. */
export function withQuery(path: string, query: Readonly<Record<string, string | number | null | undefined>>): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== '');
  if (pairs.length === 0) return path;
  return `${path}?${new URLSearchParams(pairs.map(([name, value]) => [name, String(value)]))}`;
}

async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(0, 'unreachable', 'the gateway cannot be reached');
  }
}

function readProblem(value: unknown): Problem {
  const problem = object(value);
  return { field: text(problem['field']), wrong: text(problem['wrong']), fix: text(problem['fix']) };
}
