import { jsonAnswer } from '../script.ts';
import type { WholeAnswer } from '../script.ts';

/** An error in Google's envelope, as it stands in a body and in an event alike. */
export interface ErrorBody {
  readonly error: {
    readonly code: number;
    readonly message: string;
    readonly status: string;
    readonly details?: readonly object[];
  };
  readonly [member: string]: unknown;
}

export function errorBody(code: number, status: string, message: string, details: readonly object[] = []): ErrorBody {
  return { error: { code, message, status, ...(details.length === 0 ? {} : { details }) } };
}

/** An error answer. */
export function refusal(code: number, status: string, message: string, details: readonly object[] = []): WholeAnswer {
  return jsonAnswer(code, errorBody(code, status, message, details));
}

export function invalid(message: string, details: readonly object[] = []): WholeAnswer {
  return refusal(400, 'INVALID_ARGUMENT', message, details);
}

/** A field that the wire does not have. */
export function unknownField(name: string, at: string): WholeAnswer {
  const place = at === '' ? '' : ` at '${at}'`;
  const description = `Invalid JSON payload received. Unknown name "${name}"${place}: Cannot find field.`;
  const violation = { field: at, description };
  return invalid(description, [{ '@type': `${TYPE}.BadRequest`, fieldViolations: [violation] }]);
}

const TYPE = 'type.googleapis.com/google.rpc';

export function wrongKey(): WholeAnswer {
  const reason = {
    '@type': `${TYPE}.ErrorInfo`,
    reason: 'API_KEY_INVALID',
    domain: 'googleapis.com',
    metadata: { service: 'generativelanguage.googleapis.com' },
  };
  return invalid('API key not valid. Please pass a valid API key.', [reason]);
}

export function missingKey(): WholeAnswer {
  return refusal(
    403,
    'PERMISSION_DENIED',
    "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
  );
}

export function unknownModel(model: string): WholeAnswer {
  const message = `models/${model} is not found for API version v1beta, or is not supported for generateContent. Call ModelService.ListModels to see the list of available models and their supported methods.`;
  return refusal(404, 'NOT_FOUND', message);
}

export function promptTooLong(tokens: number, window: number): WholeAnswer {
  return invalid(`The input token count (${tokens}) exceeds the maximum number of tokens allowed (${window}).`);
}

export function outputCapExceeded(asked: number, cap: number): WholeAnswer {
  const range = `the supported range is from 1 (inclusive) to ${cap + 1} (exclusive)`;
  return invalid(`Unable to submit request because it has a maxOutputTokens value of ${asked} but ${range}.`);
}

/** How Google names its limits. */
const QUOTAS = {
  requests: {
    quotaMetric: 'generativelanguage.googleapis.com/generate_content_paid_tier_requests',
    quotaId: 'GenerateRequestsPerMinutePerProjectPerModel',
  },
  tokens: {
    quotaMetric: 'generativelanguage.googleapis.com/generate_content_paid_tier_input_token_count',
    quotaId: 'GenerateContentPaidTierInputTokensPerModelPerMinute',
  },
  days: {
    quotaMetric: 'generativelanguage.googleapis.com/generate_content_free_tier_requests',
    quotaId: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier',
  },
} as const;

/** What Google says when an account asks too much: the limit and the wait stand in the details, and in no header. */
export function exhausted(of: keyof typeof QUOTAS, model: string, waitSeconds: number | null): WholeAnswer {
  const { quotaMetric, quotaId } = QUOTAS[of];
  const violation = { quotaMetric, quotaId, quotaDimensions: { location: 'global', model } };
  const wait = waitSeconds === null ? '' : `\nPlease retry in ${waitSeconds}s.`;
  const message =
    'You exceeded your current quota, please check your plan and billing details. ' +
    `\n* Quota exceeded for metric: ${quotaMetric}, model: ${model}${wait}`;
  return refusal(429, 'RESOURCE_EXHAUSTED', message, [
    { '@type': `${TYPE}.QuotaFailure`, violations: [violation] },
    ...(waitSeconds === null ? [] : [{ '@type': `${TYPE}.RetryInfo`, retryDelay: `${waitSeconds}s` }]),
  ]);
}
