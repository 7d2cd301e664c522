import type { FaultKind } from '../../engine/fault/fault.ts';
import { ERROR_FAULTS } from '../faults/errors.ts';
import { brokenAfter, headOf, instead, isWrite } from '../faults/misbehaviour.ts';
import type { Misbehaviour } from '../faults/misbehaviour.ts';
import { end, jsonAnswer, streamScript, write } from '../script.ts';
import type { Script, WholeAnswer } from '../script.ts';
import { event } from './events.ts';
import { geminiTraits } from './models.ts';
import {
  errorBody,
  exhausted,
  invalid,
  outputCapExceeded,
  promptTooLong,
  refusal,
  unknownField,
  unknownModel,
  wrongKey,
} from './refusals.ts';

const OVERLOADED = 'The model is overloaded. Please try again later.';
const INTERNAL =
  'An internal error has occurred. Please retry or report in https://developers.generativeai.google/guide/troubleshooting';

/** What Google answers for each kind of fault that it has words for; the wait is in seconds. */
const ERRORS: Partial<Record<FaultKind, (script: Script, wait: number | null) => WholeAnswer>> = {
  authentication: () => wrongKey(),
  permission: () => refusal(403, 'PERMISSION_DENIED', 'The caller does not have permission'),
  region: () => refusal(400, 'FAILED_PRECONDITION', 'User location is not supported for the API use.'),
  'not-found': ({ about }) => unknownModel(about.model),
  'invalid-request': () => invalid('* GenerateContentRequest.contents: contents is not specified'),
  'unsupported-parameter': () => unknownField('temprature', 'generation_config'),
  'context-length': ({ about }) => {
    const { window } = geminiTraits(about.model);
    return promptTooLong(window + 50_001, window);
  },
  'output-cap': ({ about }) => {
    const { outputCap } = geminiTraits(about.model);
    return outputCapExceeded(outputCap * 2, outputCap);
  },
  'payload-too-large': () => invalid('Request payload size exceeds the limit: 20971520 bytes.'),
  conflict: () => refusal(409, 'ABORTED', 'The operation was aborted, typically due to a concurrency issue.'),
  'rate-limit-requests': ({ about }, wait) => exhausted('requests', about.model, wait ?? 34),
  'rate-limit-tokens': ({ about }, wait) => exhausted('tokens', about.model, wait ?? 34),
  'quota-exhausted': ({ about }) => exhausted('days', about.model, null),
  overloaded: () => refusal(503, 'UNAVAILABLE', OVERLOADED),
  'server-error': () => refusal(500, 'INTERNAL', INTERNAL),
  'gateway-timeout': () => refusal(504, 'DEADLINE_EXCEEDED', 'Deadline expired before operation could complete.'),
};

/** Faults that break bytes or connections, whatever the bytes mean. */
const WORDLESS: ReadonlySet<string> = new Set([
  'only-comments',
  'end',
  'malformed-event',
  'garbage-stream',
  'empty-stream',
  'comments',
  'no-space',
  'wrong-content-type',
]);

/** Faults of a stream or a body in Google's words; named as their likes on OpenAI's wires. */
const OWN: Readonly<Record<string, (script: Script, tokens: number) => Script>> = {
  'error-event-first': (script) => failing(script, 0, 500, 'INTERNAL', INTERNAL),
  'overloaded-event': (script) => failing(script, 0, 503, 'UNAVAILABLE', OVERLOADED),
  'error-event': (script, tokens) => failing(script, tokens, 500, 'INTERNAL', INTERNAL),
  // Some of Google's servers break off with an error as it would stand in a body.
  'error-text-event': (script, tokens) => {
    const bare = JSON.stringify(errorBody(500, 'INTERNAL', INTERNAL), null, 2);
    return brokenAfter(script, tokens, [write('terminal', `${bare}\n`), end()]);
  },
  'error-in-200': (script) => instead(script, jsonAnswer(200, errorBody(500, 'INTERNAL', INTERNAL))),
  'error-list-in-200': (script) => instead(script, jsonAnswer(200, [errorBody(500, 'INTERNAL', INTERNAL)])),
  'content-policy': blocked,
  'content-filter': (script, tokens) => ending(script, tokens, 'SAFETY'),
  refusal: (script) => ending(script, 0, 'SAFETY'),
  'empty-answer': (script) => ending(script, 0, 'MAX_TOKENS'),
};

const ERROR_NAMES: ReadonlySet<string> = new Set(ERROR_FAULTS.map(({ name }) => name));

/** The answer as a fault spoils it on the Gemini wire; unchanged where the wire has nothing like the fault. */
export function misbehaveInGemini(script: Script, fault: Misbehaviour, argument: number): Script {
  if (Object.hasOwn(OWN, fault.name)) return OWN[fault.name]?.(script, argument) ?? script;
  if (ERROR_NAMES.has(fault.name)) return erring(script, fault, argument);
  return fault.wires === null || WORDLESS.has(fault.name) ? fault.apply(script, argument) : script;
}

function erring(script: Script, fault: Misbehaviour, argument: number): Script {
  const error = fault.kind === null ? undefined : ERRORS[fault.kind];
  if (error === undefined) return script;
  // The hint when to come back stands in the body on this wire.
  const wait = Number(headOf(fault.apply(script, argument)).headers['retry-after']);
  return instead(script, error(script, Number.isFinite(wait) ? wait : null));
}

function failing(script: Script, tokens: number, code: number, status: string, message: string): Script {
  return brokenAfter(script, tokens, [write('terminal', event(errorBody(code, status, message))), end()]);
}

/** A prompt that is not answered: a 200 that tells why, whole or as the only frame of a stream. */
function blocked(script: Script): Script {
  const { promptTokens, model } = script.about;
  const body = {
    promptFeedback: { blockReason: 'PROHIBITED_CONTENT' },
    usageMetadata: { promptTokenCount: promptTokens, totalTokenCount: promptTokens },
    modelVersion: model,
  };
  if (!script.stream) return instead(script, jsonAnswer(200, body));
  return streamScript(script.about, [write('terminal', event(body))]);
}

/** Ends an answer for another reason than its own, in a stream after some tokens. */
function ending(script: Script, tokens: number, finishReason: string): Script {
  const { about } = script;
  const usage = { promptTokenCount: about.promptTokens, candidatesTokenCount: tokens };
  const last = { candidates: [{ finishReason, index: 0 }], usageMetadata: usage, modelVersion: about.model };
  if (script.stream) return brokenAfter(script, tokens, [write('terminal', event(last)), end()]);
  const body = JSON.parse(String(script.steps.find(isWrite)?.data)) as object;
  return instead(script, jsonAnswer(200, { ...body, ...last }));
}
