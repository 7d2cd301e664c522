import { envelope, type EnvelopeError, type EnvelopeFacts } from '../../engine/fault/index.ts';
import type { Fault } from '../../engine/fault/fault.ts';

/** A fault in Anthropic's dialect, with Holdfast's own words beside it as in OpenAI's. */
interface MessagesEnvelope {
  readonly status: number;
  readonly body: {
    readonly type: 'error';
    readonly error: {
      readonly type: string;
      readonly message: string;
      readonly holdfast: EnvelopeError['holdfast'];
    };
    readonly request_id: string;
  };
}

/** Anthropic's names for what its SDKs tell apart, by status. */
const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'conflict_error',
  413: 'request_too_large',
  422: 'invalid_request_error',
  429: 'rate_limit_error',
  504: 'timeout_error',
};

/** Anthropic's status for being overloaded, which its SDKs have a class for. */
const OVERLOADED = 529;

/** Tells a fault so that the official Anthropic SDKs raise their own exception classes. */
export function messagesEnvelope(fault: Fault, facts: EnvelopeFacts): MessagesEnvelope {
  const { status, body } = envelope(fault, facts);
  const { message, holdfast } = body.error;
  const overloaded = fault.kind === 'overloaded';
  const type = overloaded ? 'overloaded_error' : (TYPES[status] ?? 'api_error');
  return {
    status: overloaded ? OVERLOADED : status,
    body: { type: 'error', error: { type, message, holdfast }, request_id: facts.requestId },
  };
}
