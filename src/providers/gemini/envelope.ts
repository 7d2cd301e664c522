import { envelope, type EnvelopeError, type EnvelopeFacts } from '../../engine/fault/index.ts';
import type { Fault } from '../../engine/fault/fault.ts';

/** A fault in Google's dialect, with Holdfast's own words beside it as in OpenAI's. */
interface GenerateEnvelope {
  readonly status: number;
  readonly body: {
    readonly error: {
      /** The status as a number: Google's SDK raises on an error inside a stream for nothing else. */
      readonly code: number;
      readonly message: string;
      readonly status: string;
      readonly details: readonly object[];
      readonly holdfast: EnvelopeError['holdfast'];
    };
  };
}

/** Google's canonical words, by status. */
const WORDS: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ABORTED',
  422: 'INVALID_ARGUMENT',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  501: 'UNIMPLEMENTED',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

const TYPE = 'type.googleapis.com/google.rpc';

/** Tells a fault so that the official Google SDK raises its own exception class. */
export function generateEnvelope(fault: Fault, facts: EnvelopeFacts): GenerateEnvelope {
  const { status, body } = envelope(fault, facts);
  const { message, holdfast } = body.error;
  const { after_ms: wait } = holdfast.retry;
  const reason = fault.kind.toUpperCase().replaceAll('-', '_');
  // Where a field of the request is to blame, Google says which.
  const violation = { field: fault.param, description: fault.message };
  const details = [
    ...(status === 400 && fault.param !== null
      ? [{ '@type': `${TYPE}.BadRequest`, fieldViolations: [violation] }]
      : []),
    { '@type': `${TYPE}.ErrorInfo`, reason, domain: 'holdfast', metadata: { request_id: facts.requestId } },
    ...(wait === null ? [] : [{ '@type': `${TYPE}.RetryInfo`, retryDelay: `${wait / 1000}s` }]),
  ];
  const word = WORDS[status] ?? (status >= 500 ? 'UNKNOWN' : 'FAILED_PRECONDITION');
  return { status, body: { error: { code: status, message, status: word, details, holdfast } } };
}
