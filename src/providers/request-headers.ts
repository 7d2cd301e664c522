import type { Call, Headers } from '../engine/call.ts';
import { outgoingTraceparent } from '../engine/trace.ts';

/**
 * Headers that stay here: those of this one connection, credentials (the target has its own), the caller's retry
 * bookkeeping, and what only concerns Holdfast. The trace goes on by {@link pushTrace}.
 */
const KEPT_BACK: ReadonlySet<string> = new Set([
  'accept-encoding',
  'api-key',
  'authorization',
  'connection',
  'content-length',
  'cookie',
  'expect',
  'forwarded',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'traceparent',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
  'x-api-key',
  'x-goog-api-key',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-stainless-read-timeout',
  'x-stainless-retry-count',
  'x-stainless-timeout',
]);

/** Whether a caller's header is none of the provider's business. */
export function isKeptBack(name: string): boolean {
  return KEPT_BACK.has(name) || name.startsWith('x-holdfast-');
}

/** Adds a header to a flat list of names and values. */
export function pushHeader(out: string[], name: string, value: Headers[string]): void {
  if (typeof value === 'string') out.push(name, value);
  else if (value !== undefined) for (const each of value) out.push(name, each);
}

/** Adds the trace that the request belongs to: below our own span where there is one, else as the caller told it. */
export function pushTrace(out: string[], call: Call): void {
  const trace = outgoingTraceparent(call) ?? call.headers['traceparent'];
  if (typeof trace === 'string') out.push('traceparent', trace);
}
