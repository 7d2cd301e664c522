import { isObject, listAt, numberAt, objectAt, stringAt } from './json.ts';
import type { JsonObject } from './json.ts';
import { samplesFreely, traitsOf } from './models.ts';
import {
  contextLengthExceeded,
  invalidType,
  missingParameter,
  modelNotFound,
  outputCapExceeded,
  refusal,
  unsupportedParameter,
  unsupportedValue,
} from './refusals.ts';
import type { About, WholeAnswer } from './script.ts';
import type { Upstream } from './upstream.ts';

/** The first rule a chat request breaks, as the real API words it; null when it breaks none. */
export function checkChat(body: JsonObject, about: About, upstream: Upstream): WholeAnswer | null {
  return (
    checkModel(body, about, upstream) ??
    checkMessages(body) ??
    checkRanges(body) ??
    checkReasoning(body, about.model) ??
    checkTools(body) ??
    checkOutput(body, chatCapField(body), about) ??
    checkWindow(about, chatOutputCap(body) ?? 0)
  );
}

/** The first rule a Responses request breaks. */
export function checkResponses(body: JsonObject, about: About, upstream: Upstream): WholeAnswer | null {
  return (
    checkModel(body, about, upstream) ??
    checkInput(body) ??
    checkRanges(body) ??
    checkResponsesReasoning(body, about.model) ??
    checkTools(body) ??
    checkOutput(body, 'max_output_tokens', about) ??
    (body['truncation'] === 'auto' ? null : checkWindow(about, 0))
  );
}

export function checkModel(body: JsonObject, about: About, upstream: Upstream): WholeAnswer | null {
  const { model } = body;
  // Azure's deployment stands in the path; the body need not repeat it.
  if (about.model === '') {
    if (model === undefined || model === '') return refusal(400, null, 'you must provide a model parameter');
    return invalidType('model', 'a string', model);
  }
  return upstream.serves(about.model) ? null : modelNotFound(about);
}

/** The output cap of a chat request under either of its names. */
export function chatOutputCap(body: JsonObject): number | null {
  return numberAt(body, chatCapField(body));
}

function chatCapField(body: JsonObject): string {
  return 'max_completion_tokens' in body ? 'max_completion_tokens' : 'max_tokens';
}

const ROLES = ['developer', 'system', 'user', 'assistant', 'tool', 'function'];

function checkMessages(body: JsonObject): WholeAnswer | null {
  const { messages } = body;
  if (messages === undefined) return missingParameter('messages');
  if (!Array.isArray(messages)) return invalidType('messages', 'an array of objects', messages);
  if (messages.length === 0) {
    const message =
      "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.";
    return refusal(400, 'empty_array', message, { param: 'messages' });
  }
  for (const [at, message] of messages.entries()) {
    const param = `messages[${at}]`;
    if (!isObject(message)) return invalidType(param, 'an object', message);
    const role = stringAt(message, 'role');
    if (role === null) return missingParameter(`${param}.role`);
    if (!ROLES.includes(role)) {
      const text = `Invalid value: '${role}'. Supported values are: ${ROLES.map((name) => `'${name}'`).join(', ')}.`;
      return refusal(400, 'invalid_value', text, { param: `${param}.role` });
    }
  }
  return null;
}

function checkInput(body: JsonObject): WholeAnswer | null {
  const { input } = body;
  if (input === undefined && body['prompt'] === undefined) return missingParameter('input');
  if (input === undefined || typeof input === 'string' || Array.isArray(input)) return null;
  return invalidType('input', 'a string or an array of objects', input);
}

/** Fields with a range: lowest, highest, and how an error calls the kind of number. */
const RANGES: Readonly<Record<string, readonly [number, number, 'integer' | 'decimal']>> = {
  temperature: [0, 2, 'decimal'],
  top_p: [0, 1, 'decimal'],
  presence_penalty: [-2, 2, 'decimal'],
  frequency_penalty: [-2, 2, 'decimal'],
  n: [1, 128, 'integer'],
  top_logprobs: [0, 20, 'integer'],
  max_tokens: [1, Number.POSITIVE_INFINITY, 'integer'],
  max_completion_tokens: [1, Number.POSITIVE_INFINITY, 'integer'],
  max_output_tokens: [16, Number.POSITIVE_INFINITY, 'integer'],
};

function checkRanges(body: JsonObject): WholeAnswer | null {
  for (const [param, [low, high, kind]] of Object.entries(RANGES)) {
    const value = body[param];
    if (value === undefined || value === null) continue;
    const article = kind === 'integer' ? 'an integer' : 'a decimal';
    if (typeof value !== 'number') return invalidType(param, article, value);
    const broken = value < low ? 'below minimum' : value > high ? 'above maximum' : null;
    if (broken === null) continue;
    const bound = broken === 'below minimum' ? `>= ${low}` : `<= ${high}`;
    const code = `${kind}_${broken === 'below minimum' ? 'below_min' : 'above_max'}_value`;
    const message = `Invalid '${param}': ${kind} ${broken} value. Expected a value ${bound}, but got ${value} instead.`;
    return refusal(400, code, message, { param });
  }
  return null;
}

/** Settings of the sampler that reasoning models accept only at their default, and that default. */
const SAMPLER_DEFAULTS: Readonly<Record<string, number>> = {
  temperature: 1,
  top_p: 1,
  presence_penalty: 0,
  frequency_penalty: 0,
};

function checkReasoning(body: JsonObject, model: string): WholeAnswer | null {
  if (!traitsOf(model).reasoning) return null;
  if ('max_tokens' in body) return unsupportedParameter('max_tokens', 'max_completion_tokens');
  if ('logit_bias' in body) return unsupportedParameter('logit_bias', null);
  return samplesFreely(model, body['reasoning_effort']) ? null : checkSampler(body);
}

function checkResponsesReasoning(body: JsonObject, model: string): WholeAnswer | null {
  const effort = objectAt(body, 'reasoning')?.['effort'];
  if (traitsOf(model).reasoning) return samplesFreely(model, effort) ? null : checkSampler(body);
  if (effort === undefined || effort === null) return null;
  return unsupportedParameter('reasoning.effort', null);
}

function checkSampler(body: JsonObject): WholeAnswer | null {
  for (const [param, standard] of Object.entries(SAMPLER_DEFAULTS)) {
    const value = body[param];
    if (value === undefined || value === null || value === standard) continue;
    return unsupportedValue(param, value, String(standard));
  }
  return null;
}

function checkTools(body: JsonObject): WholeAnswer | null {
  const choice = body['tool_choice'];
  if (choice === undefined || choice === 'none' || choice === 'auto' || listAt(body, 'tools').length > 0) return null;
  const message = "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.";
  return refusal(400, null, message, { param: 'tool_choice' });
}

function checkOutput(body: JsonObject, field: string, about: About): WholeAnswer | null {
  const asked = numberAt(body, field);
  const cap = traitsOf(about.model).outputCap;
  return asked !== null && asked > cap ? outputCapExceeded(field, asked, cap) : null;
}

function checkWindow(about: About, outputTokens: number): WholeAnswer | null {
  const { window = traitsOf(about.model).window } = about;
  return about.promptTokens + outputTokens > window ? contextLengthExceeded(about, window, outputTokens) : null;
}
