import { isObject, type JsonObject, listAt, stringAt } from '../tokens/json.ts';
import { countPicture } from '../tokens/pictures.ts';
import type { FunctionTool } from '../tokens/tools.ts';
import {
  PER_ANSWER,
  PER_MESSAGE,
  type Scale,
  Tally,
  weighCall,
  weighDocument,
  weighDeclarations,
  weighNamed,
  weighSchema,
  weighSeal,
} from '../tokens/weigh.ts';
import { type MessageReading, type Path, positiveAt, type PromptWire, SHORT_TEXT } from './prompt-wire.ts';

/** Anthropic's Messages: results of tools stand among what the user says, instructions beside the conversation. */
export const messagesPrompt: PromptWire = {
  member: 'messages',
  // `{"type":"image","source":{"type":"url","url":""}}`
  pictureBytes: 48,
  pictureWords: [Buffer.from('"image"')],
  messagesIn: (request) => listAt(request, 'messages').filter(isObject),
  read,
  weigh(scale, message) {
    const tally = new Tally().plus(PER_MESSAGE).add(scale.count(stringAt(message, 'role') ?? ''));
    weighContent(scale, message['content'], tally);
    return tally;
  },
  weighPicture(scale, picture) {
    const tally = new Tally();
    weighBlock(scale, picture, tally);
    return tally.tokens;
  },
  weighFrame,
  told: (message) => toldContent(message['content']),
  userMessage: (text) => ({ role: 'user', content: text }),
  joined,
  note: (text) => ({ type: 'text', text }),
  outputOf: (request) => positiveAt(request, 'max_tokens'),
  showsPictures: (request) => !listAt(request, 'messages').every((message) => isText(message, 'content')),
  isAllText(request) {
    const tools = listAt(request, 'tools');
    // What is asked of a provider's own tools comes into the prompt unseen; whether earlier thoughts count depends on the model.
    const ownAlone = tools.every((tool) => !isObject(tool) || isOwn(tool));
    const messages = listAt(request, 'messages').filter(isObject);
    return ownAlone && messages.every((message) => isText(message, 'content') && !thinks(message));
  },
};

/** Every block of a list, or none where there is only a text. */
function blocksOf(message: JsonObject): readonly JsonObject[] {
  return listAt(message, 'content').filter(isObject);
}

/** Results are told by their likeness: the provider's own tools leave some that are called after them. */
function isResult({ type }: JsonObject): boolean {
  return type === 'tool_result';
}

function thinks(message: JsonObject): boolean {
  return blocksOf(message).some(({ type }) => type === 'thinking' || type === 'redacted_thinking');
}

function read(message: JsonObject): MessageReading {
  const { role, content } = message;
  const blocks = blocksOf(message);
  const results = blocks.filter(isResult);
  const isResults = results.length > 0 && results.length === blocks.length;
  const texts: { path: Path; text: string }[] = [];
  const pictures: { path: Path; picture: JsonObject }[] = [];
  if (role === 'user') find(content, ['content']);
  return {
    role: role === 'system' ? 'guide' : role === 'assistant' ? 'assistant' : isResults ? 'result' : 'user',
    calls: blocks.flatMap((block) => (block['type'] === 'tool_use' ? (stringAt(block, 'id') ?? []) : [])),
    answers: results.map((block) => stringAt(block, 'tool_use_id') ?? ''),
    leads: false,
    thinks: role === 'assistant' && thinks(message),
    texts,
    pictures,
  };

  function find(value: unknown, path: Path): void {
    if (typeof value === 'string' && value.length >= SHORT_TEXT) texts.push({ path, text: value });
    if (!Array.isArray(value)) return;
    for (const [at, block] of value.entries()) {
      if (!isObject(block)) continue;
      const source = isObject(block['source']) ? block['source'] : {};
      if (block['type'] === 'text') find(block['text'], [...path, at, 'text']);
      else if (block['type'] === 'image') pictures.push({ path: [...path, at], picture: block });
      else if (isResult(block)) find(block['content'], [...path, at, 'content']);
      else if (source['type'] === 'text') find(source['data'], [...path, at, 'source', 'data']);
    }
  }
}

/** Anthropic takes neighbours of one side for one message, but servers that speak its wire may insist on turns. */
function joined(messages: readonly JsonObject[]): readonly JsonObject[] {
  const out: JsonObject[] = [];
  for (const message of messages) {
    const last = out.at(-1);
    const isSame = last !== undefined && last['role'] === message['role'];
    if (!isSame) out.push(message);
    else out[out.length - 1] = { ...last, content: [...contentBlocks(last), ...contentBlocks(message)] };
  }
  return out;
}

function contentBlocks({ content }: JsonObject): readonly unknown[] {
  return Array.isArray(content) ? content : [{ type: 'text', text: content }];
}

function weighContent(scale: Scale, content: unknown, tally: Tally): void {
  if (typeof content === 'string') tally.add(scale.count(content));
  else if (Array.isArray(content)) for (const block of content) if (isObject(block)) weighBlock(scale, block, tally);
}

function weighBlock(scale: Scale, block: JsonObject, tally: Tally): void {
  switch (block['type']) {
    case 'text':
      return void tally.add(scale.count(stringAt(block, 'text') ?? ''));
    case 'tool_use':
      return weighCall(scale, { name: block['name'], arguments: JSON.stringify(block['input'] ?? {}) }, tally);
    case 'tool_result':
      return weighContent(scale, block['content'], tally);
    case 'thinking':
      return void tally.add({ ...scale.count(stringAt(block, 'thinking') ?? ''), exact: false });
    case 'redacted_thinking':
      return weighSeal(stringAt(block, 'data') ?? '', tally);
    case 'image': {
      const { media_type: type, data } = isObject(block['source']) ? block['source'] : {};
      const url = typeof data === 'string' ? `data:${String(type)};base64,${data}` : null;
      return void tally.add({ ...countPicture(scale.model, url, undefined), exact: false });
    }
    case 'document': {
      const source = isObject(block['source']) ? block['source'] : {};
      const data = stringAt(source, 'data') ?? '';
      if (source['type'] === 'text') return void tally.add(scale.count(data));
      weighContent(scale, source['content'], tally);
      return weighDocument(data, tally);
    }
    default:
      // The provider's own tools leave blocks of many shapes; as JSON they are rather longer than as prompt.
      return void tally.add({ ...scale.count(JSON.stringify(block)), exact: false });
  }
}

function weighFrame(scale: Scale, request: JsonObject): Tally {
  const tally = new Tally().plus(PER_ANSWER);
  weighContent(scale, request['system'], tally);
  const tools = listAt(request, 'tools').filter(isObject);
  weighDeclarations(scale, tools.filter(isOwn).map(functionOf), tally);
  for (const tool of tools) if (!isOwn(tool)) tally.add({ ...scale.count(JSON.stringify(tool)), exact: false });
  const { tool_choice: choice, output_config: output } = request;
  if (isObject(choice)) weighNamed(scale, choice['name'], tally);
  const format = isObject(output) ? output['format'] : null;
  if (isObject(format)) weighSchema(scale, format['schema'], tally);
  return tally;
}

/** Tools that the application runs. */
function isOwn({ type }: JsonObject): boolean {
  return type === undefined || type === null || type === 'custom';
}

function functionOf(tool: JsonObject): FunctionTool {
  const { input_schema: schema } = tool;
  return {
    name: stringAt(tool, 'name') ?? '',
    description: stringAt(tool, 'description'),
    parameters: isObject(schema) ? schema : null,
  };
}

/** Whether what something says is text, calls and thoughts alone. */
function isText(holder: unknown, member: string): boolean {
  const content = isObject(holder) ? holder[member] : null;
  if (!Array.isArray(content)) return true;
  return content.every((block) => isObject(block) && (isResult(block) ? isText(block, 'content') : isPlain(block)));
}

function isPlain({ type }: JsonObject): boolean {
  return type === 'text' || type === 'tool_use' || type === 'thinking' || type === 'redacted_thinking';
}

function toldContent(content: unknown): string {
  if (typeof content === 'string') return content;
  const blocks = Array.isArray(content) ? content.filter(isObject) : [];
  return blocks
    .map((block) => toldBlock(block))
    .filter((text) => text !== '')
    .join(' ');
}

function toldBlock(block: JsonObject): string {
  switch (block['type']) {
    case 'text':
      return stringAt(block, 'text') ?? '';
    case 'tool_use':
      return `called ${stringAt(block, 'name') ?? 'a tool'} with ${JSON.stringify(block['input'] ?? {})}`;
    case 'tool_result':
      return toldContent(block['content']);
    case 'thinking':
    case 'redacted_thinking':
      return '';
    default:
      return `(${stringAt(block, 'type') ?? 'something else'})`;
  }
}
