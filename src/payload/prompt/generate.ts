import { isObject, type JsonObject, listAt, stringAt } from '../tokens/json.ts';
import { countPicture } from '../tokens/pictures.ts';
import type { FunctionTool } from '../tokens/tools.ts';
import {
  bytesOfBase64,
  PER_ANSWER,
  PER_MESSAGE,
  type Scale,
  Tally,
  weighCall,
  weighDeclarations,
  weighDocument,
  weighNamed,
  weighSchema,
} from '../tokens/weigh.ts';
import { protoAt, protoListAt } from './proto.ts';
import { type MessageReading, type Path, positiveAt, type PromptWire, SHORT_TEXT } from './prompt-wire.ts';

/** Google's `generateContent`: each turn is a list of parts; instructions stand beside the conversation. */
export const generatePrompt: PromptWire = {
  member: 'contents',
  // `{"fileData":{"fileUri":""}}`
  pictureBytes: 27,
  pictureWords: [Buffer.from('"inline'), Buffer.from('"file')],
  messagesIn: (request) => protoListAt(request, 'contents').filter(isObject),
  read,
  weigh(scale, message) {
    const tally = new Tally().plus(PER_MESSAGE).add(scale.count(stringAt(message, 'role') ?? 'user'));
    for (const part of partsOf(message)) weighPart(scale, part, tally);
    return tally;
  },
  weighPicture(scale, picture) {
    const tally = new Tally();
    weighPart(scale, picture, tally);
    return tally.tokens;
  },
  weighFrame,
  told(message) {
    const said = partsOf(message).map((part) => toldPart(part));
    return said.filter((text) => text !== '').join(' ');
  },
  userMessage: (text) => ({ role: 'user', parts: [{ text }] }),
  note: (text) => ({ text }),
  outputOf: (request) =>
    positiveAt(settingsOf(request), 'maxOutputTokens') ?? positiveAt(settingsOf(request), 'max_output_tokens'),
  showsPictures: (request) => !protoListAt(request, 'contents').every(isText),
  isAllText(request) {
    if ((protoAt(request, 'cachedContent') ?? null) !== null) return false;
    const tools = protoListAt(request, 'tools').filter(isObject);
    return (
      tools.every((tool) => Object.keys(othersIn(tool)).length === 0) && protoListAt(request, 'contents').every(isText)
    );
  },
};

function settingsOf(request: JsonObject): JsonObject {
  const settings = protoAt(request, 'generationConfig');
  return isObject(settings) ? settings : {};
}

function partsOf(message: JsonObject): readonly JsonObject[] {
  return protoListAt(message, 'parts').filter(isObject);
}

/**
 * Calls and results are paired by their names: ids are there or not, but results always stand right behind their calls, so
 * the last call of the name is the one.
 */
function namesOf(parts: readonly JsonObject[], member: 'functionCall' | 'functionResponse'): string[] {
  return parts.flatMap((part) => {
    const value = protoAt(part, member);
    return isObject(value) ? [`function ${stringAt(value, 'name') ?? ''}`] : [];
  });
}

function read(message: JsonObject): MessageReading {
  const parts = partsOf(message);
  const answers = namesOf(parts, 'functionResponse');
  const isResults = answers.length > 0 && answers.length === parts.length;
  const texts: { path: Path; text: string }[] = [];
  const pictures: { path: Path; picture: JsonObject }[] = [];
  const isModel = message['role'] === 'model';
  if (!isModel) listAt(message, 'parts').forEach(find);
  return {
    role: isModel ? 'assistant' : isResults ? 'result' : 'user',
    calls: namesOf(parts, 'functionCall'),
    answers,
    leads: false,
    // Each call is sealed by itself, and what seals it stands in the same part.
    thinks: false,
    texts,
    pictures,
  };

  function find(part: unknown, at: number): void {
    if (!isObject(part)) return;
    const path = ['parts', at];
    const text = stringAt(part, 'text');
    if (text !== null && text.length >= SHORT_TEXT) texts.push({ path: [...path, 'text'], text });
    else if (isPicture(part)) pictures.push({ path, picture: part });
    const name = 'functionResponse' in part ? 'functionResponse' : 'function_response';
    const response = isObject(part[name]) ? part[name]['response'] : null;
    if (!isObject(response)) return;
    for (const [member, said] of Object.entries(response)) {
      if (typeof said === 'string' && said.length >= SHORT_TEXT) {
        texts.push({ path: [...path, name, 'response', member], text: said });
      }
    }
  }
}

/** Data within a part, or the address of some. */
function dataOf(part: JsonObject): JsonObject | null {
  const data = protoAt(part, 'inlineData') ?? protoAt(part, 'fileData');
  return isObject(data) ? data : null;
}

function isPicture(part: JsonObject): boolean {
  const data = dataOf(part);
  return data !== null && typeOf(data).startsWith('image/');
}

function typeOf(data: JsonObject): string {
  const type = protoAt(data, 'mimeType');
  return typeof type === 'string' ? type : 'image/';
}

// As Google's documentation gives them: 32 tokens for a second of sound, 263 for one of film. A second of sound takes some
// 4,000 bytes as MP3 and 48,000 as it comes from a microphone; one of film some 250,000.
const BYTES_PER_SOUND_TOKEN = 125;
const BYTES_PER_WAVE_TOKEN = 1_500;
const BYTES_PER_FILM_TOKEN = 1_000;

function weighData(scale: Scale, data: JsonObject, tally: Tally): void {
  const type = typeOf(data);
  const base64 = stringAt(data, 'data');
  if (type.startsWith('image/')) {
    const url = base64 === null ? null : `data:${type};base64,${base64}`;
    return void tally.add({ ...countPicture(scale.model, url, undefined), exact: false });
  }
  const bytes = bytesOfBase64(base64 ?? '');
  if (/^audio\/(?:wav|x-wav|pcm|l16)/i.test(type)) tally.guess(bytes / BYTES_PER_WAVE_TOKEN);
  else if (type.startsWith('audio/')) tally.guess(bytes / BYTES_PER_SOUND_TOKEN);
  else if (type.startsWith('video/')) tally.guess(bytes / BYTES_PER_FILM_TOKEN);
  else weighDocument(base64 ?? '', tally);
}

function weighPart(scale: Scale, part: JsonObject, tally: Tally): void {
  const text = stringAt(part, 'text');
  const call = protoAt(part, 'functionCall');
  const response = protoAt(part, 'functionResponse');
  const data = dataOf(part);
  if (text !== null) tally.add(scale.count(text));
  else if (isObject(call)) {
    weighCall(scale, { name: call['name'], arguments: JSON.stringify(call['args'] ?? {}) }, tally);
  } else if (isObject(response)) {
    const said = JSON.stringify(response['response'] ?? {});
    weighCall(scale, { name: response['name'], arguments: said }, tally);
  } else if (data !== null) weighData(scale, data, tally);
  else tally.add({ ...scale.count(JSON.stringify(part)), exact: false });
}

function weighFrame(scale: Scale, request: JsonObject): Tally {
  const tally = new Tally().plus(PER_ANSWER);
  const instruction = protoAt(request, 'systemInstruction');
  if (typeof instruction === 'string') tally.add(scale.count(instruction));
  else if (isObject(instruction)) for (const part of partsOf(instruction)) weighPart(scale, part, tally);
  const tools = protoListAt(request, 'tools').filter(isObject);
  const declared = tools.flatMap((tool) => protoListAt(tool, 'functionDeclarations')).filter(isObject);
  weighDeclarations(scale, declared.map(functionOf), tally);
  for (const tool of tools) {
    const others = othersIn(tool);
    if (Object.keys(others).length > 0) tally.add({ ...scale.count(JSON.stringify(others)), exact: false });
  }
  const config = protoAt(request, 'toolConfig');
  const calling = isObject(config) ? protoAt(config, 'functionCallingConfig') : null;
  if (isObject(calling))
    for (const name of protoListAt(calling, 'allowedFunctionNames')) weighNamed(scale, name, tally);
  const settings = settingsOf(request);
  weighSchema(scale, protoAt(settings, 'responseJsonSchema') ?? protoAt(settings, 'responseSchema'), tally);
  return tally;
}

/** What a tool has besides functions of the application: tools that the provider runs. */
function othersIn(tool: JsonObject): JsonObject {
  const { functionDeclarations: _, function_declarations: __, ...others } = tool;
  return others;
}

function functionOf(declared: JsonObject): FunctionTool {
  const parameters = protoAt(declared, 'parametersJsonSchema') ?? declared['parameters'];
  return {
    name: stringAt(declared, 'name') ?? '',
    description: stringAt(declared, 'description'),
    parameters: isObject(parameters) ? parameters : null,
  };
}

function isText(message: unknown): boolean {
  if (!isObject(message)) return true;
  return partsOf(message).every(
    (part) =>
      typeof part['text'] === 'string' ||
      [...namesOf([part], 'functionCall'), ...namesOf([part], 'functionResponse')].length > 0,
  );
}

function toldPart(part: JsonObject): string {
  if (part['thought'] === true) return '';
  const text = stringAt(part, 'text');
  if (text !== null) return text;
  const call = protoAt(part, 'functionCall');
  if (isObject(call)) return `called ${stringAt(call, 'name') ?? 'a tool'} with ${JSON.stringify(call['args'] ?? {})}`;
  const response = protoAt(part, 'functionResponse');
  if (isObject(response)) return JSON.stringify(response['response'] ?? {});
  return isPicture(part) ? '(image)' : '(something else)';
}
