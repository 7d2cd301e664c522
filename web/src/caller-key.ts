import { signal } from '@preact/signals';
import { ApiError } from './api.ts';
import { object, text } from './read.ts';

/** A key of the reader's own, for what callers may do. Kept while the page is open, and nowhere else. */
export const callerKey = signal('');

/** The head of a request that goes out as an application's would: with its key, and without the session. */
export function asCaller(): Pick<RequestInit, 'credentials' | 'headers'> {
  const key = callerKey.value.trim();
  return {
    credentials: 'omit',
    headers: { 'content-type': 'application/json', ...(key === '' ? {} : { authorization: `Bearer ${key}` }) },
  };
}

/**
 * Asks the API that callers use.
 *
 * @throws {ApiError} it was refused, or nobody answered
 */
export async function askAsCaller<Value>(
  method: 'GET' | 'POST',
  path: string,
  read: (answer: Readonly<Record<string, unknown>>) => Value,
  signal?: AbortSignal,
): Promise<Value> {
  const response = await fetch(`/v1${path}`, {
    method,
    ...asCaller(),
    ...(signal === undefined ? {} : { signal }),
  }).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(0, 'unreachable', 'the gateway cannot be reached');
  });
  const answer = object(await response.json().catch(() => null));
  if (response.ok) return read(answer);
  const { message, code } = object(answer['error']);
  throw new ApiError(response.status, text(code), text(message) || `the gateway answered ${response.status}`);
}
