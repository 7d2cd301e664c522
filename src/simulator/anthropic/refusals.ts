import { jsonAnswer } from '../script.ts';
import type { WholeAnswer } from '../script.ts';

interface ErrorBody {
  readonly type: 'error';
  readonly error: { readonly type: string; readonly message: string; readonly details?: object };
  readonly request_id: string;
  readonly [member: string]: unknown;
}

/** An error in Anthropic's envelope, as it stands in a body and in an event alike. */
export function errorBody(type: string, message: string, details: object | null = null): ErrorBody {
  const error = { ...(details === null ? {} : { details }), type, message };
  return { type: 'error', error, request_id: 'req_simulated' };
}

/** An error answer. */
export function refusal(
  status: number,
  type: string,
  message: string,
  more: { readonly details?: object; readonly headers?: Record<string, string> } = {},
): WholeAnswer {
  return jsonAnswer(status, errorBody(type, message, more.details ?? null), more.headers);
}

export function invalid(message: string): WholeAnswer {
  return refusal(400, 'invalid_request_error', message);
}

export function wrongKey(): WholeAnswer {
  return refusal(401, 'authentication_error', 'invalid x-api-key');
}

export function missingKey(): WholeAnswer {
  return refusal(401, 'authentication_error', 'x-api-key header is required');
}

export function unknownModel(model: string): WholeAnswer {
  return refusal(404, 'not_found_error', `model: ${model}`);
}

export function promptTooLong(tokens: number, window: number): WholeAnswer {
  return invalid(`prompt is too long: ${tokens} tokens > ${window} maximum`);
}

export function outputCapExceeded(asked: number, cap: number, model: string): WholeAnswer {
  return invalid(`max_tokens: ${asked} > ${cap}, which is the maximum allowed number of output tokens for ${model}`);
}

/** What Anthropic says when an account asks too much within a minute. */
export function rateLimited(of: 'requests' | 'input tokens', headers: Record<string, string>): WholeAnswer {
  const limit = of === 'requests' ? '50 requests' : '20,000 input tokens';
  const message = `This request would exceed your organization's rate limit of ${limit} per minute.`;
  return refusal(429, 'rate_limit_error', message, { headers });
}
