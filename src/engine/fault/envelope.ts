import type { Fault } from './fault.ts';
import { KINDS } from './kinds.ts';

/** What the caller needs besides the fault, to ask about the call later. */
export interface EnvelopeFacts {
  readonly requestId: string;
  /** How many attempts the call made, the first included. */
  readonly attempts: number;
}

/** OpenAI's error object, with Holdfast's own words beside it. */
export interface EnvelopeError {
  readonly message: string;
  readonly type: string;
  readonly param: string | null;
  readonly code: string;
  readonly holdfast: {
    readonly fault: Fault['kind'];
    readonly detail: Fault['detail'];
    readonly party: Fault['party'];
    readonly remedy: string;
    readonly retry: { readonly here: boolean; readonly elsewhere: boolean; readonly after_ms: number | null };
    readonly attempts: number;
    readonly request_id: string;
  };
}

export interface Envelope {
  readonly status: number;
  readonly body: { readonly error: EnvelopeError };
}

/** Statuses for which the official SDKs have a class or a rule of their own. */
const KNOWN = new Set([400, 401, 403, 404, 409, 422, 429, 500, 502, 503, 504]);

/**
 * The HTTP status a caller is shown. The provider's own is kept when the official SDKs know it and it blames the same side
 * as the kind does; a foreign one (529, 52x, 402) or a misleading one gives way to the kind's.
 */
export function callerStatus(fault: Fault): number {
  const own = KINDS[fault.kind].callerStatus;
  const { status } = fault;
  return status !== null && KNOWN.has(status) && status >= 500 === own >= 500 ? status : own;
}

/** Tells a fault in OpenAI's dialect, so that the official SDKs raise their own exception classes. */
export function envelope(fault: Fault, facts: EnvelopeFacts): Envelope {
  return { status: callerStatus(fault), body: { error: errorOf(fault, facts) } };
}

/**
 * The bytes that end a chat stream which failed after content had been sent: an error and nothing else. Neither `[DONE]`
 * nor a finish_reason follows, because both would call the piece a whole.
 */
export function errorEventChat(fault: Fault, facts: EnvelopeFacts): string {
  return `data: ${JSON.stringify({ error: errorOf(fault, facts) })}\n\n`;
}

/**
 * The same for a Responses stream. Old SDKs raise on `error` in the data, new ones on the event's name, and readers of the
 * specification find the flat fields: all three are there.
 */
export function errorEventResponses(fault: Fault, facts: EnvelopeFacts, sequenceNumber: number): string {
  const error = errorOf(fault, facts);
  const { code, message, param } = error;
  const data = { type: 'error', sequence_number: sequenceNumber, code, message, param, error };
  return `event: error\ndata: ${JSON.stringify(data)}\n\n`;
}

function errorOf(fault: Fault, { requestId, attempts }: EnvelopeFacts): EnvelopeError {
  const { kind, detail, party, retry, remedy, param } = fault;
  const own = KINDS[kind];
  const cause = detail === null ? kind : `${kind}: ${detail}`;
  return {
    message: `${fault.message} [${cause}; at fault: ${party}] Remedy: ${remedy}`,
    type: openaiName(fault.type) ?? own.type,
    param,
    code: openaiName(fault.code) ?? own.code,
    holdfast: {
      fault: kind,
      detail,
      party,
      remedy,
      retry: { here: retry.here, elsewhere: retry.elsewhere, after_ms: retry.afterMs },
      attempts,
      request_id: requestId,
    },
  };
}

/** OpenAI's own names are snake_case words; a number or another dialect's name would mean nothing to the caller. */
function openaiName(name: string | null): string | null {
  return name !== null && /^[a-z][a-z0-9_]*$/.test(name) ? name : null;
}
