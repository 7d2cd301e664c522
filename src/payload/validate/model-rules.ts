import { isObject } from './fields.ts';
import type { Inspection } from './inspection.ts';
import { problem, unsupportedParameter } from './problem.ts';
import { listed, quoted } from './quoted.ts';
import type { Repair } from './repair.ts';

/**
 * What one model takes, as far as it is known; null where it is not, and then nothing is refused. Whoever knows the models
 * fills it in: this room knows none by name.
 */
export interface ModelFacts {
  /** It thinks before it answers: `max_tokens` is `max_completion_tokens` for it, and it takes no bias. */
  readonly reasoning: boolean;
  /** Whether temperature and its kin may leave their defaults: always, never, or only while it does not reason. */
  readonly sampling: 'free' | 'fixed' | 'without-reasoning';
  /** Whether it takes `stop`. */
  readonly stop: boolean;
  /** The efforts it takes. */
  readonly efforts: readonly string[] | null;
  /** What it can be shown: `text`, `image`, `audio`, `pdf`. */
  readonly inputs: readonly string[] | null;
  /** What it can answer in. */
  readonly outputs: readonly string[] | null;
  /** Most tokens that it gives in one answer. */
  readonly maxOutput: number | null;
}

type Request = Readonly<Record<string, unknown>>;

/** The names that one endpoint gives to what both have. */
interface Wire {
  readonly cap: readonly string[];
  readonly effort: readonly [string, string] | readonly [string];
}

const CHAT: Wire = { cap: ['max_completion_tokens', 'max_tokens'], effort: ['reasoning_effort'] };
const RESPONSES: Wire = { cap: ['max_output_tokens'], effort: ['reasoning', 'effort'] };

/** What of a chat request this model does not take. */
export function checkChatModel(request: Request, facts: ModelFacts, on: Inspection): void {
  if (facts.reasoning) {
    if (request['max_tokens'] !== undefined && request['max_tokens'] !== null) on.add(maxTokens(request));
    if (request['logit_bias'] !== undefined && request['logit_bias'] !== null) {
      on.add(unsupportedParameter('logit_bias', null, null));
    }
  }
  if (!facts.stop && request['stop'] !== undefined && request['stop'] !== null) {
    on.add(unsupportedParameter('stop', null, null));
  }
  checkEither(request, facts, CHAT, on);
  checkModalities(request, facts, on);
}

/** What of a Responses request this model does not take. */
export function checkResponsesModel(request: Request, facts: ModelFacts, on: Inspection): void {
  checkEither(request, facts, RESPONSES, on);
}

function checkEither(request: Request, facts: ModelFacts, wire: Wire, on: Inspection): void {
  const effort = effortOf(request, wire);
  if (facts.sampling === 'fixed' || (facts.sampling === 'without-reasoning' && effort !== null && effort !== 'none')) {
    checkSampler(request, on);
  }
  if (effort !== null) checkEffort(effort, facts, wire, on);
  checkOutputCap(request, facts, wire, on);
}

function effortOf(request: Request, { effort: [first, second] }: Wire): string | null {
  const holder = request[first];
  const effort = second === undefined ? holder : isObject(holder) ? holder[second] : undefined;
  return typeof effort === 'string' ? effort : null;
}

function maxTokens(request: Request): ReturnType<typeof problem> {
  const both = request['max_completion_tokens'] !== undefined;
  const repair: Repair = both
    ? { name: 'max-tokens', path: ['max_tokens'], change: 'remove' }
    : { name: 'max-tokens', path: ['max_tokens'], change: 'rename', to: 'max_completion_tokens' };
  return unsupportedParameter('max_tokens', 'max_completion_tokens', repair);
}

/** Settings of the sampler, and the one value of each that every model takes. */
const SAMPLER: Readonly<Record<string, number | false>> = {
  temperature: 1,
  top_p: 1,
  presence_penalty: 0,
  frequency_penalty: 0,
  logprobs: false,
  top_logprobs: 0,
};

/** A caller may do without these. Without the probabilities it asked for, it would miss something in the answer. */
const DISPENSABLE: ReadonlySet<string> = new Set(['temperature', 'top_p', 'presence_penalty', 'frequency_penalty']);

function checkSampler(request: Request, on: Inspection): void {
  for (const param in SAMPLER) {
    const value = request[param];
    const standard = SAMPLER[param];
    if (value === undefined || value === null || value === standard) continue;
    const repair: Repair | null = DISPENSABLE.has(param) ? { name: 'sampling', path: [param], change: 'remove' } : null;
    if (repair === null) {
      on.add(unsupportedParameter(param, null, null));
      continue;
    }
    on.add(
      problem({
        rule: 'sampling',
        kind: 'unsupported-parameter',
        param,
        code: 'unsupported_value',
        message:
          `Unsupported value: '${param}' does not support ${shown(value)} with this model. ` +
          `Only the default (${standard}) value is supported.`,
        fix: `Leave ${param} out for this model.`,
        repair,
      }),
    );
  }
}

function shown(value: unknown): string {
  return typeof value === 'number' ? String(value) : quoted(value);
}

function checkEffort(effort: string, { reasoning, efforts }: ModelFacts, { effort: path }: Wire, on: Inspection): void {
  const param = path.join('.');
  if (!reasoning && efforts === null) {
    on.add({ ...unsupportedParameter(param, null, { name: 'effort', path, change: 'remove' }), rule: 'effort' });
    return;
  }
  if (efforts === null || efforts.includes(effort)) return;
  on.add(
    problem({
      rule: 'effort',
      kind: 'unsupported-parameter',
      param,
      code: 'unsupported_value',
      message:
        `Unsupported value: '${param}' does not support ${quoted(effort)} with this model. ` +
        `Supported values are: ${listed(efforts)}.`,
      fix: `Use one of ${listed(efforts)} as ${param}.`,
    }),
  );
}

function checkOutputCap(request: Request, { maxOutput }: ModelFacts, { cap: names }: Wire, on: Inspection): void {
  if (maxOutput === null || maxOutput <= 0) return;
  for (const param of names) {
    const asked = request[param];
    if (typeof asked !== 'number' || asked <= maxOutput) continue;
    on.add(
      problem({
        rule: 'output-cap',
        kind: 'output-cap',
        param,
        code: 'invalid_value',
        message:
          `${param} is too large: ${asked}. This model supports at most ${maxOutput} completion tokens, ` +
          `whereas you provided ${asked}.`,
        fix: `Ask for at most ${maxOutput} as ${param}.`,
        repair: { name: 'output-cap', path: [param], change: 'replace', with: maxOutput },
      }),
    );
  }
}

function checkModalities({ messages, modalities }: Request, { inputs, outputs }: ModelFacts, on: Inspection): void {
  if (outputs !== null && Array.isArray(modalities) && modalities.includes('audio') && !outputs.includes('audio')) {
    on.add(
      problem({
        rule: 'modality',
        kind: 'unsupported-parameter',
        param: 'modalities',
        code: 'unsupported_value',
        message: `Unsupported value: 'modalities' does not support 'audio' with this model. Supported values are: ${listed(outputs)}.`,
        fix: 'Use a model that speaks, such as gpt-audio-mini, or leave audio out of modalities.',
      }),
    );
  }
  if (inputs === null || inputs.includes('image') || !Array.isArray(messages)) return;
  for (const [at, message] of messages.entries()) {
    if (!isObject(message) || !Array.isArray(message['content'])) continue;
    for (const [part, piece] of message['content'].entries()) {
      if (!isObject(piece) || piece['type'] !== 'image_url') continue;
      on.add(
        problem({
          rule: 'modality',
          kind: 'unsupported-parameter',
          param: `messages.[${at}].content.[${part}].type`,
          message: 'Invalid content type. image_url is only supported by certain models.',
          fix: 'Use a model that sees images, or send text.',
        }),
      );
    }
  }
}
