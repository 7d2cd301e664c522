import { isObject, type JsonObject, listAt, stringAt } from './json.ts';
import { countPicture } from './pictures.ts';
import type { Count } from './tokenizer.ts';
import { declare, DECLARATIONS_OVERHEAD, type FunctionTool, functionsOf } from './tools.ts';

// What each part of a request weighs in tokens. The constants are those of OpenAI's cookbook and of gpt-tokenizer: they
// were found by comparing counts with the usage that the API reports.

/** Around each message. */
export const PER_MESSAGE: number = 3;
/** Beside a name's own tokens. */
const PER_NAME = 1;
/** What a message of the deprecated role `function` has less. */
const FUNCTION_ROLE_DISCOUNT = 2;
/** Beside the name and the arguments of a call. */
const PER_CALL = 3;
/** The beginning of the answer. */
export const PER_ANSWER: number = 3;
/** What the declarations of tools share with a system message before them. */
const SHARED_WITH_SYSTEM = 4;
/** Beside the name of the one tool that must be called. */
const PER_NAMED_CHOICE = 4;
const NO_CHOICE = 1;
/** Around the schema that an answer must follow. */
const PER_SCHEMA = 12;

/** Ten tokens for a second of sound; MP3 for speech has some 4,000 bytes a second, WAV 48,000. */
const BYTES_PER_SOUND_TOKEN: Readonly<Record<string, number>> = { mp3: 400, wav: 4_800 };
/** Documents are read as text and as pictures of their pages; this is what dense ones came to. */
const BYTES_PER_FILE_TOKEN = 8;
/** Encrypted reasoning: four letters a token, a third more for being base64. */
const LETTERS_PER_SEALED_TOKEN = 5;

/** Adds up counts; one estimate makes the sum one. */
export class Tally implements Count {
  tokens = 0;
  exact = true;

  add(count: Count): this {
    this.tokens += count.tokens;
    if (!count.exact) this.exact = false;
    return this;
  }

  plus(tokens: number): this {
    this.tokens += tokens;
    return this;
  }

  guess(tokens: number): this {
    this.exact = false;
    return this.plus(Math.ceil(tokens));
  }
}

/** What a request is weighed with. */
export interface Scale {
  /** For what is counted by the model's own rules, as pictures are. */
  readonly model: string;
  count(text: string): Count;
}

/** A message of Chat Completions. */
export function weighMessage(scale: Scale, message: JsonObject): Count {
  const tally = new Tally().plus(PER_MESSAGE);
  const { role, name, content, refusal } = message;
  if (typeof role === 'string') tally.add(scale.count(role));
  if (role === 'function') tally.plus(-FUNCTION_ROLE_DISCOUNT);
  weighContent(scale, content, tally);
  if (typeof refusal === 'string') tally.add(scale.count(refusal));
  if (typeof name === 'string' && name !== '') tally.add(scale.count(name)).plus(PER_NAME);
  for (const call of [...listAt(message, 'tool_calls'), { function: message['function_call'] }]) {
    if (isObject(call)) weighCall(scale, isObject(call['function']) ? call['function'] : call['custom'], tally);
  }
  if (isObject(message['audio'])) tally.guess(0);
  return tally;
}

/** An item of a Responses input. */
export function weighItem(scale: Scale, item: JsonObject): Count {
  const { type, role } = item;
  if (type === undefined || type === 'message') return weighMessage(scale, item);
  const tally = new Tally().plus(PER_MESSAGE);
  switch (type) {
    case 'function_call':
    case 'custom_tool_call':
      weighCall(scale, item, tally.plus(1));
      return tally;
    case 'function_call_output':
    case 'custom_tool_call_output':
      weighContent(scale, item['output'], tally.plus(1));
      return tally;
    case 'reasoning': {
      for (const part of listAt(item, 'summary')) weighPart(scale, part, tally);
      weighSeal(stringAt(item, 'encrypted_content') ?? '', tally);
      return tally;
    }
    case 'item_reference':
      return tally.guess(0);
    default:
      if (typeof role === 'string') return weighMessage(scale, item);
      // Tools that the provider runs leave items of many shapes; as JSON they are rather longer than as prompt.
      return tally.add({ ...scale.count(JSON.stringify(item)), exact: false });
  }
}

function weighContent(scale: Scale, content: unknown, tally: Tally): void {
  if (typeof content === 'string') tally.add(scale.count(content));
  else if (Array.isArray(content)) for (const part of content) weighPart(scale, part, tally);
  else if (isObject(content)) weighPart(scale, content, tally);
}

/** A part of a message's content: text, picture, sound or file. */
function weighPart(scale: Scale, part: unknown, tally: Tally): void {
  if (!isObject(part)) return;
  const text = stringAt(part, 'text') ?? stringAt(part, 'refusal');
  if (text !== null) return void tally.add(scale.count(text));
  switch (part['type']) {
    case 'image_url': {
      const image = isObject(part['image_url']) ? part['image_url'] : {};
      return void tally.add(countPicture(scale.model, stringAt(image, 'url'), image['detail']));
    }
    case 'input_image':
    case 'computer_screenshot':
      return void tally.add(countPicture(scale.model, stringAt(part, 'image_url'), part['detail']));
    case 'input_audio': {
      const audio = isObject(part['input_audio']) ? part['input_audio'] : {};
      const bytes = bytesOfBase64(stringAt(audio, 'data') ?? '');
      return void tally.guess(bytes / (BYTES_PER_SOUND_TOKEN[stringAt(audio, 'format') ?? 'mp3'] ?? 400));
    }
    case 'file':
    case 'input_file': {
      const file = isObject(part['file']) ? part['file'] : part;
      return weighDocument(stringAt(file, 'file_data') ?? '', tally);
    }
    default:
      tally.add({ ...scale.count(JSON.stringify(part)), exact: false });
  }
}

/** What data in Base64 comes to. */
export function bytesOfBase64(data: string): number {
  return (data.length * 3) / 4;
}

/** A document, in Base64. */
export function weighDocument(data: string, tally: Tally): void {
  tally.guess(bytesOfBase64(data) / BYTES_PER_FILE_TOKEN);
}

/** Thoughts that only their maker can read. */
export function weighSeal(sealed: string, tally: Tally): void {
  tally.guess(sealed.length / LETTERS_PER_SEALED_TOKEN);
}

/** A call of a tool: its `name`, and its `arguments` or `input` as text. */
export function weighCall(scale: Scale, call: unknown, tally: Tally): void {
  if (!isObject(call)) return;
  for (const member of ['name', 'arguments', 'input']) {
    const text = stringAt(call, member);
    if (text !== null) tally.add(scale.count(text));
  }
  tally.plus(PER_CALL);
}

/** Everything in a request that is not the conversation: tools, the choice among them, the form of the answer. */
export function weighFrame(scale: Scale, body: JsonObject, messages: readonly unknown[]): Count {
  const tally = new Tally().plus(PER_ANSWER);
  const { functions, others } = functionsOf(body);
  weighDeclarations(scale, functions, tally);
  if (functions.length > 0) {
    const system = messages.find((message) => isObject(message) && message['role'] === 'system');
    if (system !== undefined) tally.plus(lineEnd(scale, system as JsonObject) - SHARED_WITH_SYSTEM);
  }
  for (const tool of others) tally.add({ ...scale.count(JSON.stringify(tool)), exact: false });
  weighChoice(scale, body['tool_choice'] ?? body['function_call'], tally);
  weighSchema(scale, schemaOf(body), tally);
  return tally;
}

/** Functions as a model is shown them. A rendering that was found out and not published is an estimate, however good. */
export function weighDeclarations(scale: Scale, functions: readonly FunctionTool[], tally: Tally): void {
  if (functions.length > 0) tally.add(scale.count(declare(functions))).guess(DECLARATIONS_OVERHEAD);
}

/** The schema that an answer must follow. */
export function weighSchema(scale: Scale, schema: unknown, tally: Tally): void {
  if (isObject(schema)) tally.add(scale.count(JSON.stringify(schema))).guess(PER_SCHEMA);
}

/** The one tool that must be called. */
export function weighNamed(scale: Scale, name: unknown, tally: Tally): void {
  if (typeof name === 'string') tally.add(scale.count(name)).plus(PER_NAMED_CHOICE);
}

/** Where tools follow, the system message's text ends in a line break; what that adds can be one token or none. */
function lineEnd(scale: Scale, system: JsonObject): number {
  const text = stringAt(system, 'content');
  if (text === null || text === '' || text.endsWith('\n')) return 0;
  return scale.count(`${text}\n`).tokens - scale.count(text).tokens;
}

function weighChoice(scale: Scale, choice: unknown, tally: Tally): void {
  if (choice === 'none') tally.plus(NO_CHOICE);
  if (!isObject(choice)) return;
  const named = isObject(choice['function']) ? choice['function'] : choice;
  weighNamed(scale, named['name'], tally);
}

/** The schema that the answer must follow, in either API's place; it is written out in the prompt. */
function schemaOf(body: JsonObject): JsonObject | null {
  const format = body['response_format'] ?? (isObject(body['text']) ? body['text']['format'] : null);
  if (!isObject(format) || format['type'] !== 'json_schema') return null;
  const holder = isObject(format['json_schema']) ? format['json_schema'] : format;
  return isObject(holder['schema']) ? holder['schema'] : null;
}
