import { goDuration, rateLimited, tooLargeForLimit } from '../limits.ts';
import { traitsOf } from '../models.ts';
import {
  contextLengthExceeded,
  incorrectKey,
  invalidType,
  missingKey,
  missingParameter,
  modelNotFound,
  outputCapExceeded,
  refusal,
  unsupportedParameter,
  unsupportedValue,
} from '../refusals.ts';
import { jsonAnswer } from '../script.ts';
import { answering, instead } from './misbehaviour.ts';
import type { Misbehaviour } from './misbehaviour.ts';

const AZURE_UNSAFE = { filtered: true, severity: 'high' };
const AZURE_SAFE = { filtered: false, severity: 'safe' };

/** Refusals that are about who calls. */
const CALLER_ERRORS: readonly Misbehaviour[] = [
  answering('invalid-api-key', 'authentication', '401: the key is wrong or revoked.', (script) =>
    incorrectKey('sk-simulated-000000000000', script.about.azure),
  ),
  answering('missing-api-key', 'authentication', '401: no key was sent; the code is null.', (script) =>
    missingKey(script.about.azure),
  ),
  answering('azure-invalid-key', 'authentication', "401 in Azure's shape: the code is the text 401.", () =>
    incorrectKey('', true),
  ),
  answering('mismatched-organization', 'authentication', '401: the organisation header does not match the key.', () =>
    refusal(401, 'mismatched_organization', 'OpenAI-Organization header should match organization for API key'),
  ),
  answering('no-organization', 'authentication', '401: the user of the key belongs to no organisation.', () =>
    refusal(401, 'no_organization', 'You must be a member of an organization to use the API.'),
  ),
  answering('ip-not-authorized', 'authentication', '401: the address is not on the allow list of the project.', () =>
    refusal(401, 'ip_not_authorized', 'Your IP address is not authorized to access this project.'),
  ),
  answering('account-deactivated', 'authentication', '401: the account was closed.', () =>
    refusal(401, 'account_deactivated', 'The OpenAI account associated with this API key has been deactivated.'),
  ),
  answering('extra-status', 'authentication', '401 with a field `status` beside `error`, as seen live.', () =>
    jsonAnswer(401, {
      error: {
        message: 'Incorrect API key provided.',
        type: 'invalid_request_error',
        param: null,
        code: 'invalid_api_key',
      },
      status: 401,
    }),
  ),
  answering('permission', 'permission', '403: the key lacks a scope.', () =>
    refusal(403, null, 'You have insufficient permissions for this operation. Missing scopes: model.request.'),
  ),
  answering('no-model-access', 'permission', '403: the project has no access to the model.', (script) =>
    refusal(
      403,
      'model_not_found',
      `Project \`proj_simulator\` does not have access to model \`${script.about.model}\``,
    ),
  ),
  answering('region', 'region', '403: the country is not served.', () =>
    refusal(403, 'unsupported_country_region_territory', 'Country, region, or territory not supported', {
      type: 'request_forbidden',
    }),
  ),
];

/** Refusals that are about what the request says. */
const REQUEST_ERRORS: readonly Misbehaviour[] = [
  answering('model-not-found', 'not-found', '404: no such model, or no access to it.', (script) =>
    modelNotFound({ ...script.about, azure: false }),
  ),
  answering('deployment-not-found', 'not-found', "404 in Azure's shape: no such deployment.", (script) =>
    modelNotFound({ ...script.about, azure: true }),
  ),
  answering('invalid-request', 'invalid-request', '400: a value is not allowed.', () =>
    refusal(400, 'invalid_value', "Invalid value: 'wizard'. Supported values are: 'system', 'user', 'assistant'.", {
      param: 'messages[0].role',
    }),
  ),
  answering('missing-parameter', 'invalid-request', '400: a required field is absent.', () =>
    missingParameter('messages'),
  ),
  answering('invalid-type', 'invalid-request', '400: a field has the wrong type.', () =>
    invalidType('messages', 'an array of objects', 'text'),
  ),
  answering('unknown-parameter', 'unsupported-parameter', '400: the endpoint does not know a field.', () =>
    refusal(400, 'unknown_parameter', "Unknown parameter: 'temprature'.", { param: 'temprature' }),
  ),
  answering('string-too-long', 'invalid-request', '400: a field is too long; no overflow of the window.', () =>
    refusal(
      400,
      'string_above_max_length',
      "Invalid 'user': string too long. Expected a string with maximum length 64, but got a string with length 80 instead.",
      { param: 'user' },
    ),
  ),
  answering('invalid-schema', 'invalid-request', '400: a strict schema breaks the rules.', () =>
    refusal(
      400,
      'invalid_json_schema',
      "Invalid schema for response_format 'answer': In context=(), 'additionalProperties' is required to be supplied and to be false.",
      { param: 'response_format' },
    ),
  ),
  answering('numeric-code', 'invalid-request', '400 as vLLM words it: the code is a number.', () =>
    jsonAnswer(400, {
      error: { message: 'top_k must be -1 (disable), or at least 1.', type: 'BadRequestError', param: null, code: 400 },
    }),
  ),
  answering('unsupported-parameter', 'unsupported-parameter', '400: the model does not take max_tokens.', () =>
    unsupportedParameter('max_tokens', 'max_completion_tokens'),
  ),
  answering('unsupported-value', 'unsupported-parameter', '400: the model takes only the default temperature.', () =>
    unsupportedValue('temperature', 0.2, '1'),
  ),
  answering(
    'context-length',
    'context-length',
    '400: the prompt is over the window; worded for chat or Responses.',
    (script) => {
      const { window } = traitsOf(script.about.model);
      return contextLengthExceeded({ ...script.about, promptTokens: window + 1234 }, window, 0);
    },
  ),
  answering('output-cap', 'output-cap', '400: more output was asked for than the model can give.', (script) => {
    const cap = traitsOf(script.about.model).outputCap;
    return outputCapExceeded(script.about.wire === 'responses' ? 'max_output_tokens' : 'max_tokens', cap * 2, cap);
  }),
  answering('content-policy', 'content-policy', '400: the safety system refused.', () =>
    refusal(400, 'content_policy_violation', 'Your request was rejected as a result of our safety system.'),
  ),
  answering('invalid-prompt', 'content-policy', '400: a reasoning model refused the prompt as against policy.', () =>
    refusal(
      400,
      'invalid_prompt',
      'Invalid prompt: your prompt was flagged as potentially violating our usage policy. Please try again with a different prompt.',
    ),
  ),
  answering('azure-content-filter', 'content-policy', "400 in Azure's shape, with innererror.", () =>
    jsonAnswer(400, {
      error: {
        message:
          "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your prompt and retry.",
        type: null,
        param: 'prompt',
        code: 'content_filter',
        status: 400,
        innererror: {
          code: 'ResponsibleAIPolicyViolation',
          content_filter_result: {
            hate: AZURE_SAFE,
            jailbreak: { filtered: false, detected: false },
            self_harm: AZURE_SAFE,
            sexual: AZURE_SAFE,
            violence: AZURE_UNSAFE,
          },
        },
      },
    }),
  ),
  answering('payload-too-large', 'payload-too-large', '413 as JSON.', () =>
    refusal(413, null, 'Maximum content size limit (26214400) exceeded (27000000 bytes read)'),
  ),
];

const QUOTA_CODES: readonly (readonly [name: string, code: string, message: string])[] = [
  [
    'insufficient-quota',
    'insufficient_quota',
    'You exceeded your current quota, please check your plan and billing details.',
  ],
  [
    'credit-balance-exhausted',
    'credit_balance_exhausted',
    'Your credit balance is exhausted. Add credits to continue.',
  ],
  [
    'organization-spend-limit',
    'organization_spend_limit_exceeded',
    'Your organization has reached its spend limit. Raise the limit to continue.',
  ],
  [
    'project-spend-limit',
    'project_spend_limit_exceeded',
    'This project has reached its spend limit. Raise the limit to continue.',
  ],
  [
    'organization-usage-limit',
    'organization_usage_limit_exceeded',
    'Your organization has reached its usage limit. Request an increase to continue.',
  ],
  ['billing-hard-limit', 'billing_hard_limit_reached', 'Billing hard limit has been reached'],
  [
    'billing-not-active',
    'billing_not_active',
    'Your account is not active, please check your billing details on our website.',
  ],
];

/** A rate limit whose waiting time is the argument. */
function rateLimit(name: string, dimension: 'requests' | 'tokens'): Misbehaviour {
  return {
    ...answering(name, `rate-limit-${dimension}`, `429: too many ${dimension} this minute.`, (script) =>
      rateLimited(script.about, { dimension, limit: 500, used: 500, requested: 1, waitMs: 0 }),
    ),
    argument: { means: 'seconds to wait, told in the headers', standard: 1 },
    apply: (script, seconds) => {
      const limit = dimension === 'requests' ? 500 : 30_000;
      const requested = dimension === 'requests' ? 1 : 900;
      const hit = { dimension, limit, used: limit, requested, waitMs: Math.round(seconds * 1000) };
      const answer = rateLimited(script.about, hit);
      const headers = {
        ...answer.headers,
        [`x-ratelimit-limit-${dimension}`]: String(limit),
        [`x-ratelimit-remaining-${dimension}`]: '0',
        [`x-ratelimit-reset-${dimension}`]: goDuration(hit.waitMs),
      };
      return instead(script, { ...answer, headers });
    },
  };
}

/** A 429 whose hint to wait no clock can follow. */
function oddHint(name: string, what: string, retryAfter: string): Misbehaviour {
  return answering(`retry-after-${name}`, 'rate-limit-requests', `429 whose retry-after is ${what}.`, (script) => {
    const hit = { dimension: 'requests', limit: 500, used: 500, requested: 1, waitMs: 120 } as const;
    return { ...rateLimited(script.about, hit), headers: { 'retry-after': retryAfter } };
  });
}

/** Refusals that are about how much. */
const LIMIT_ERRORS: readonly Misbehaviour[] = [
  rateLimit('rate-limit-requests', 'requests'),
  rateLimit('rate-limit-tokens', 'tokens'),
  answering('azure-rate-limit', 'rate-limit-tokens', "429 in Azure's words, its reset in whole seconds.", () =>
    jsonAnswer(
      429,
      {
        error: {
          code: '429',
          message:
            'Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 have exceeded token rate limit of your current OpenAI S0 pricing tier. Please retry after 2 seconds.',
        },
      },
      {
        'retry-after': '2',
        'retry-after-ms': '2000',
        'x-ratelimit-remaining-tokens': '0',
        'x-ratelimit-reset-tokens': '2',
      },
    ),
  ),
  oddHint('zero', 'zero', '0'),
  oddHint('negative', 'negative', '-5'),
  oddHint('huge', 'a day', '86400'),
  oddHint('nonsense', 'no number', 'soon'),
  oddHint('past', 'a date long past', 'Fri, 01 Jan 2021 00:00:00 GMT'),
  answering(
    'too-large-for-limit',
    'too-large-for-limit',
    '429: one request is over the whole minute; waiting never helps.',
    (script) => tooLargeForLimit(script.about, 30_000, 41_203),
  ),
  answering('slow-down', 'slow-down', '429: traffic grew too quickly.', () =>
    refusal(429, 'slow_down', 'Your request rate increased too quickly. Reduce it and ramp up gradually.', {
      type: 'rate_limit_error',
      headers: { 'retry-after': '2' },
    }),
  ),
  answering('slow-down-503', 'slow-down', '503 Slow Down, the older form.', () =>
    refusal(
      503,
      'slow_down',
      'Slow down: reduce your request rate to its previous level, keep it there, then increase it gradually.',
      {
        type: 'server_error',
      },
    ),
  ),
  answering('flex-unavailable', 'overloaded', '429: no capacity in the flex tier.', () =>
    refusal(
      429,
      null,
      'Resource unavailable: there is currently not enough capacity for this service tier. Please try again later.',
      {
        type: null,
      },
    ),
  ),
  answering('overloaded-429', 'overloaded', '429 of older deployments that means overload.', () =>
    refusal(429, null, 'The engine is currently overloaded, please try again later', { type: 'server_error' }),
  ),
  ...QUOTA_CODES.map(([name, code, message]) =>
    answering(name, 'quota-exhausted', `429 ${code}: money has run out; waiting never helps.`, () =>
      refusal(429, code, message, { type: 'insufficient_quota' }),
    ),
  ),
];

/** Errors of the provider's own making, said in JSON. */
const SERVER_ERRORS: readonly Misbehaviour[] = [
  answering('conflict', 'conflict', '409: the resource is being updated.', () =>
    refusal(409, null, 'The resource was updated by another request. Please try again.', { type: 'conflict' }),
  ),
  answering('overloaded', 'overloaded', '503 server_is_overloaded.', () =>
    refusal(503, 'server_is_overloaded', 'Our servers are currently overloaded. Please try again later.', {
      type: 'service_unavailable_error',
    }),
  ),
  answering('server-error', 'server-error', '500 server_error.', () =>
    refusal(500, 'server_error', 'The server had an error while processing your request. Sorry about that!', {
      type: 'server_error',
    }),
  ),
  answering('server-error-bare', 'server-error', '500 whose code is null.', () =>
    refusal(500, null, 'The server had an error processing your request.', { type: 'server_error' }),
  ),
  answering('error-text', 'server-error', '500 whose error is a text: {"error":"…"}.', () =>
    jsonAnswer(500, { error: 'an unexpected condition was met' }),
  ),
  answering('error-list', 'server-error', '500 whose body is a JSON list with the error in it.', () =>
    jsonAnswer(500, [{ error: { code: 500, message: 'Internal error encountered.', status: 'INTERNAL' } }]),
  ),
];

/** Errors in place of an answer, in the words of the real ones. */
export const ERROR_FAULTS: readonly Misbehaviour[] = [
  ...CALLER_ERRORS,
  ...REQUEST_ERRORS,
  ...LIMIT_ERRORS,
  ...SERVER_ERRORS,
];
