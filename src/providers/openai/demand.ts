import { isAscii } from 'node:buffer';
import type { Call, Operation } from '../../engine/call.ts';
import type { Demand, Demands } from '../../engine/admission/demand.ts';
import { modelFacts } from '../catalogue/catalogue.ts';
import { estimateSpan, estimateValue } from './prompt-estimate.ts';
import { findMembers } from './json-bytes.ts';
import { isObject } from './request.ts';
import { withMember } from './splice.ts';
import { sampleTokens } from './token-estimate.ts';
import { parseJson } from '../../engine/parse-json.ts';

/** What of a request becomes part of the prompt. */
const PROMPT_MEMBERS = [
  'messages',
  'contents',
  'input',
  'instructions',
  'system',
  'systemInstruction',
  'tools',
  'functions',
  'response_format',
  'text',
] as const;
type PromptMember = (typeof PROMPT_MEMBERS)[number];

type OutputMember = 'max_output_tokens' | 'max_completion_tokens' | 'max_tokens';

/**
 * Where a request may say how long an answer may be; chat's older word is refused by models that reason. A member of another
 * operation says nothing: many servers take no notice of what they do not know.
 */
const OUTPUT_MEMBERS: Readonly<Record<Operation, readonly OutputMember[]>> = {
  chat: ['max_completion_tokens', 'max_tokens'],
  responses: ['max_output_tokens'],
  messages: ['max_tokens'],
  // Google's wire says it within its settings.
  generate: [],
  embeddings: [],
  models: [],
  passthrough: [],
};

/** More than any model gives; but JSON can hold numbers (`1e400`) that nobody could reckon with. */
const MOST_OUTPUT = 1_000_000_000_000;

/** How a request goes on from what the provider keeps. */
const CONTINUING_MEMBERS = ['previous_response_id', 'conversation'] as const;

const WANTED: ReadonlySet<string> = new Set([
  ...PROMPT_MEMBERS,
  ...Object.values(OUTPUT_MEMBERS).flat(),
  ...CONTINUING_MEMBERS,
  'generationConfig',
  'background',
  'stream_options',
]);

const GENERATES: Readonly<Record<Operation, boolean>> = {
  chat: true,
  responses: true,
  messages: true,
  generate: true,
  embeddings: false,
  models: false,
  passthrough: false,
};

const PROMPT_MEMBER: Readonly<Record<Operation, PromptMember | null>> = {
  chat: 'messages',
  responses: 'input',
  messages: 'messages',
  generate: 'contents',
  embeddings: 'input',
  models: null,
  passthrough: null,
};

/** What frames an answer, and the few tokens that providers add unseen. */
const FRAME_TOKENS = 4;

/** Bodies up to this size are parsed where nobody has done so; above, that would cost more than all the rest. */
const PARSED_BYTES = 4_096;

/** Reads requests in OpenAI's format; a conversation of any length costs some microseconds. */
export const demands: Demands = { read, cap, askUsage, mostOutput, thinks };

function read(call: Call): Demand {
  const { operation, body } = call;
  const promptMember = PROMPT_MEMBER[operation];
  const generates = GENERATES[operation];
  if (promptMember === null || !(body instanceof Uint8Array)) {
    return { ...NOTHING, promptMember, generates, costsUnread: operation === 'passthrough' && costs(call) };
  }
  // Texts are counted here, and those that were parsed as Latin-1 are longer than they should be.
  const reading =
    call.parsed === null || !isAscii(body) ? readBytes(operation, body) : readParsed(operation, call.parsed);
  return { ...reading, hidesUsage: reading.hidesUsage && call.stream && operation === 'chat', promptMember, generates };
}

type Reading = Omit<Demand, 'promptMember' | 'generates'>;

const NOTHING: Reading = {
  promptTokens: 0,
  continues: false,
  outputTokens: null,
  outputMember: null,
  unattended: false,
  hidesUsage: false,
  costsUnread: false,
};

/**
 * What can be asked of an API for nothing, though something is sent: files and what is kept of conversations. Any other
 * request that sends something is taken to cost money, the API's future ones among them.
 */
const FREE =
  /^(?:\/anthropic\/v1)?\/(?:files|uploads|moderations|conversations|responses\/[^/]+\/cancel|chat\/completions\/[^/]+|batches\/[^/]+\/cancel|messages\/count_tokens|messages\/batches\/[^/]+\/cancel)(?:[/?]|$)/;

function costs({ method, path }: Call): boolean {
  return (method === 'POST' || method === 'PUT' || method === 'PATCH') && !FREE.test(path);
}

function parse(bytes: Buffer): Readonly<Record<string, unknown>> | null {
  try {
    const parsed: unknown = parseJson(bytes.toString('utf8'));
    return isObject(parsed) ? parsed : null;
  } catch {
    return null;
  }
}

/** How a request tells that it holds pictures or files themselves. */
const DATA_MARKS: Partial<Record<Operation, string>> = { generate: '"inline', messages: '"base64"' };

function readBytes(operation: Operation, body: Uint8Array): Reading {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  // On these wires what is no text does not say so by the way it is written.
  const mark = DATA_MARKS[operation];
  const parsed = bytes.length <= PARSED_BYTES || (mark !== undefined && bytes.includes(mark)) ? parse(bytes) : null;
  return parsed === null ? readSpans(operation, bytes) : readParsed(operation, parsed);
}

function readParsed(operation: Operation, request: Readonly<Record<string, unknown>>): Reading {
  let tokens = FRAME_TOKENS;
  for (const name of PROMPT_MEMBERS) {
    const value = request[name];
    if (value !== undefined) tokens += isShown(name) ? sampleTokens(JSON.stringify(value)) : estimateValue(value);
  }
  return readingOf(operation, tokens, (name) => request[name]);
}

const SAID: ReadonlySet<PromptMember> = new Set([
  'messages',
  'contents',
  'input',
  'instructions',
  'system',
  'systemInstruction',
]);

/** Tools and the answer's form are shown to the model much as they stand. */
function isShown(name: PromptMember): boolean {
  return !SAID.has(name);
}

function readSpans(operation: Operation, bytes: Buffer): Reading {
  const members = findMembers(bytes, WANTED);
  if (members === null) return NOTHING;
  let tokens = FRAME_TOKENS;
  for (const name of PROMPT_MEMBERS) {
    const span = members.get(name);
    if (span !== undefined) tokens += estimateSpan(bytes, span);
  }
  return readingOf(operation, tokens, (name) => {
    const span = members.get(name);
    return span === undefined ? undefined : simpleValue(bytes.toString('latin1', span.start, span.end));
  });
}

/** Whether a stream's options, parsed or as written, ask for its usage. */
function tellsUsage(options: unknown): boolean {
  if (typeof options === 'string') return /"include_usage"\s*:\s*true/.test(options);
  return isObject(options) && options['include_usage'] === true;
}

/** A number, true, or whether there is anything: no more is asked of these members. */
function simpleValue(written: string): unknown {
  if (written === 'null') return null;
  if (written === 'true') return true;
  const number = Number(written);
  return Number.isNaN(number) ? written : number;
}

function readingOf(
  operation: Operation,
  tokens: number,
  valueOf: (
    name: OutputMember | (typeof CONTINUING_MEMBERS)[number] | 'generationConfig' | 'background' | 'stream_options',
  ) => unknown,
): Reading {
  let outputTokens: number | null = null;
  let outputMember: string | null = null;
  for (const name of OUTPUT_MEMBERS[operation]) {
    const stated = valueOf(name);
    if (typeof stated !== 'number' || stated <= (outputTokens ?? 0)) continue;
    outputTokens = Math.min(Math.ceil(stated), MOST_OUTPUT);
    outputMember = name;
  }
  if (operation === 'generate') {
    outputTokens = capWithin(valueOf('generationConfig'));
    outputMember = outputTokens === null ? null : 'generationConfig';
  }
  const continues = CONTINUING_MEMBERS.some((name) => (valueOf(name) ?? null) !== null);
  return {
    promptTokens: Math.ceil(tokens),
    continues,
    outputTokens,
    outputMember,
    unattended: operation === 'responses' && valueOf('background') === true,
    hidesUsage: !tellsUsage(valueOf('stream_options')),
    costsUnread: false,
  };
}

/** The cap that Google's settings name, parsed or as written. */
function capWithin(settings: unknown): number | null {
  const found = /"max(?:O|_o)utput(?:T|_t)okens"\s*:\s*(\d+)/.exec(
    typeof settings === 'string' ? settings : JSON.stringify(settings ?? null),
  );
  return found === null ? null : Math.min(Number(found[1]), MOST_OUTPUT);
}

function cap(call: Call, outputTokens: number): Uint8Array {
  if (call.operation === 'generate') return withSetting(call.body as Uint8Array, 'maxOutputTokens', outputTokens);
  return withMember(call.body as Uint8Array, CAP_MEMBER[call.operation] ?? 'max_completion_tokens', outputTokens);
}

const CAP_MEMBER: Partial<Record<Operation, OutputMember>> = {
  responses: 'max_output_tokens',
  messages: 'max_tokens',
};

/** Puts a setting among those of a request on Google's wire. */
function withSetting(body: Uint8Array, name: string, value: unknown): Uint8Array {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const span = findMembers(bytes, SETTINGS)?.get('generationConfig');
  const settings: unknown = span === undefined ? null : parseJson(bytes.toString('utf8', span.start, span.end));
  return withMember(body, 'generationConfig', { ...(isObject(settings) ? settings : {}), [name]: value });
}

const SETTINGS: ReadonlySet<'generationConfig'> = new Set(['generationConfig']);

function askUsage(call: Call): Uint8Array {
  const body = call.body as Uint8Array;
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const span = findMembers(bytes, STREAM_OPTIONS)?.get('stream_options');
  const options: unknown = span === undefined ? null : parseJson(bytes.toString('utf8', span.start, span.end));
  return withMember(body, 'stream_options', { ...(isObject(options) ? options : {}), include_usage: true });
}

const STREAM_OPTIONS: ReadonlySet<'stream_options'> = new Set(['stream_options']);

function mostOutput(model: string | null): number | null {
  return (model === null ? null : modelFacts(model)?.maxOutput) ?? null;
}

function thinks(model: string | null): boolean {
  return model !== null && modelFacts(model)?.reasoning === true;
}
