import type { FaultKind } from '../../engine/fault/fault.ts';
import { ERROR_FAULTS } from '../faults/errors.ts';
import { brokenAfter, headOf, instead, isWrite, withSteps } from '../faults/misbehaviour.ts';
import type { Misbehaviour } from '../faults/misbehaviour.ts';
import { end, jsonAnswer, write } from '../script.ts';
import type { Script, WholeAnswer } from '../script.ts';
import { event } from './events.ts';
import { claudeTraits } from './models.ts';
import {
  errorBody,
  invalid,
  outputCapExceeded,
  promptTooLong,
  rateLimited,
  refusal,
  unknownModel,
  wrongKey,
} from './refusals.ts';

type Headers = Record<string, string>;

/** What Anthropic answers for each kind of fault that it has words for. */
const ERRORS: Partial<Record<FaultKind, (script: Script, headers: Headers) => WholeAnswer>> = {
  authentication: () => wrongKey(),
  permission: () =>
    refusal(403, 'permission_error', 'Your API key does not have permission to use the specified resource.'),
  'not-found': ({ about }) => unknownModel(about.model),
  'invalid-request': () => invalid('messages.0.content: Field required'),
  'unsupported-parameter': () => invalid('temperature: Extra inputs are not permitted'),
  'context-length': ({ about }) => {
    const { window } = claudeTraits(about.model);
    return promptTooLong(window + 50_001, window);
  },
  'output-cap': ({ about }) => {
    const { outputCap } = claudeTraits(about.model);
    return outputCapExceeded(outputCap * 2, outputCap, about.model);
  },
  'content-policy': () => invalid('Output blocked by content filtering policy'),
  'payload-too-large': () => refusal(413, 'request_too_large', 'Request exceeds the maximum size'),
  'rate-limit-requests': (_, headers) => rateLimited('requests', headers),
  'rate-limit-tokens': (_, headers) => rateLimited('input tokens', headers),
  'slow-down': (_, headers) =>
    refusal(429, 'rate_limit_error', 'Your usage grows too fast. Please ramp up more slowly.', {
      details: { error_code: 'ramp_limit_exceeded' },
      headers,
    }),
  'quota-exhausted': () =>
    invalid('You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.'),
  conflict: () => refusal(409, 'conflict_error', 'The resource is being changed by another request.'),
  overloaded: () => refusal(529, 'overloaded_error', 'Overloaded'),
  'server-error': () => refusal(500, 'api_error', 'Internal server error'),
};

/** Faults that break bytes or connections, whatever the bytes mean. */
const WORDLESS: ReadonlySet<string> = new Set([
  'hang-after-opening',
  'only-comments',
  'end',
  'malformed-event',
  'garbage-stream',
  'empty-stream',
  'crlf',
  'comments',
  'no-space',
  'multi-line-data',
  'wrong-content-type',
]);

/** Faults of a stream or a body in Anthropic's words; named as their likes on OpenAI's wires. */
const OWN: Readonly<Record<string, (script: Script, tokens: number) => Script>> = {
  'error-event-first': (script) => failing(script, 0, 'api_error', 'Internal server error'),
  'overloaded-event': (script) => failing(script, 0, 'overloaded_error', 'Overloaded'),
  'error-event': (script, tokens) => failing(script, tokens, 'api_error', 'Internal server error'),
  'error-in-200': (script) => instead(script, jsonAnswer(200, errorBody('api_error', 'Internal server error'))),
  'finish-without-done': (script) =>
    withSteps(
      script,
      script.steps.filter((step) => !isWrite(step) || step.part !== 'terminal'),
    ),
  'content-filter': (script, tokens) => (script.stream ? ending(script, tokens, 'refusal') : refused(script)),
  refusal: (script) => (script.stream ? ending(script, 0, 'refusal') : refused(script)),
  'empty-answer': (script) => ending(script, 0, 'max_tokens'),
};

const ERROR_NAMES: ReadonlySet<string> = new Set(ERROR_FAULTS.map(({ name }) => name));

/** The answer as a fault spoils it on the Messages wire; unchanged where the wire has nothing like the fault. */
export function misbehaveInMessages(script: Script, fault: Misbehaviour, argument: number): Script {
  if (Object.hasOwn(OWN, fault.name)) return OWN[fault.name]?.(script, argument) ?? script;
  if (ERROR_NAMES.has(fault.name)) return erring(script, fault, argument);
  return fault.wires === null || WORDLESS.has(fault.name) ? fault.apply(script, argument) : script;
}

function erring(script: Script, fault: Misbehaviour, argument: number): Script {
  const error = fault.kind === null ? undefined : ERRORS[fault.kind];
  if (error === undefined) return script;
  // The hint when to come back is the same header on both wires.
  const wait = headOf(fault.apply(script, argument)).headers['retry-after'];
  return instead(script, error(script, typeof wait === 'string' ? { 'retry-after': wait } : {}));
}

function failing(script: Script, tokens: number, type: string, message: string): Script {
  return brokenAfter(script, tokens, [write('terminal', event(errorBody(type, message))), end()]);
}

/** Ends a stream after some tokens for another reason than its own. */
function ending(script: Script, tokens: number, reason: string): Script {
  const details =
    reason === 'refusal' ? { stop_details: { type: 'refusal', category: 'general_harms', explanation: null } } : {};
  const delta = { stop_reason: reason, stop_sequence: null, ...details };
  const last = { type: 'message_delta', delta, usage: { output_tokens: tokens } };
  return brokenAfter(script, tokens, [
    write('closing', event(last)),
    write('terminal', event({ type: 'message_stop' })),
    end(),
  ]);
}

function refused(script: Script): Script {
  const body = script.steps.find(isWrite)?.data;
  const message = JSON.parse(String(body)) as object;
  const details = { type: 'refusal', category: 'general_harms', explanation: null };
  return instead(script, jsonAnswer(200, { ...message, content: [], stop_reason: 'refusal', stop_details: details }));
}
