import { isObject, type JsonObject, listAt, stringAt } from '../tokens/json.ts';
import { type Scale, weighMessage } from '../tokens/weigh.ts';
import type { MessageReading, Path, Role } from './prompt-wire.ts';
import { SHORT_TEXT } from './prompt-wire.ts';

// What Chat Completions and Responses have in common: a message of either is one of the other, but for the names of its parts.

export function readMessage(message: JsonObject): MessageReading {
  const role = roleOf(message);
  return {
    role,
    calls: callsOf(message),
    answers: answersOf(message),
    leads: message['type'] === 'reasoning',
    thinks: false,
    ...(role === 'guide' ? NO_PIECES : piecesOf(message, role)),
  };
}

function roleOf(message: JsonObject): Role {
  switch (message['role']) {
    case 'system':
    case 'developer':
      return 'guide';
    case 'user':
      return 'user';
    case 'tool':
    case 'function':
      return 'result';
    case 'assistant':
      return 'assistant';
    default:
  }
  const type = stringAt(message, 'type') ?? '';
  if (type === 'item_reference') return 'state';
  return type.endsWith('_output') || type === 'mcp_approval_response' ? 'result' : 'assistant';
}

/** The old way of calling functions has no ids: a result belongs to the last call of its name. */
function callsOf(message: JsonObject): string[] {
  const calls: string[] = [];
  for (const call of listAt(message, 'tool_calls')) {
    const id = isObject(call) ? stringAt(call, 'id') : null;
    if (id !== null) calls.push(id);
  }
  const old = message['function_call'];
  if (isObject(old)) calls.push(`function ${stringAt(old, 'name') ?? ''}`);
  const type = stringAt(message, 'type') ?? '';
  const id = type === 'mcp_approval_request' ? stringAt(message, 'id') : stringAt(message, 'call_id');
  if (id !== null && !type.endsWith('_output')) calls.push(id);
  return calls;
}

function answersOf(message: JsonObject): readonly string[] {
  if (message['role'] === 'tool') return [stringAt(message, 'tool_call_id') ?? ''];
  if (message['role'] === 'function') return [`function ${stringAt(message, 'name') ?? ''}`];
  const type = stringAt(message, 'type') ?? '';
  if (type === 'mcp_approval_response') return [stringAt(message, 'approval_request_id') ?? ''];
  return type.endsWith('_output') ? [stringAt(message, 'call_id') ?? ''] : NOTHING;
}

const NOTHING: readonly never[] = [];
const NO_PIECES = { texts: NOTHING, pictures: NOTHING } as const;

function piecesOf(message: JsonObject, role: Role): Pick<MessageReading, 'texts' | 'pictures'> {
  const content = contentOf(message);
  const name = message['content'] === undefined || message['content'] === null ? 'output' : 'content';
  const shortens = role === 'user' || role === 'result';
  if (typeof content === 'string') {
    const isLong = shortens && content.length >= SHORT_TEXT;
    return isLong ? { texts: [{ path: [name], text: content }], pictures: NOTHING } : NO_PIECES;
  }
  if (!Array.isArray(content)) return NO_PIECES;
  const texts: { path: Path; text: string }[] = [];
  const pictures: { path: Path; picture: JsonObject }[] = [];
  for (const [at, piece] of content.entries()) {
    if (!isObject(piece)) continue;
    const text = stringAt(piece, 'text');
    if (text !== null && shortens && text.length >= SHORT_TEXT) texts.push({ path: [name, at, 'text'], text });
    else if (isPicture(piece)) pictures.push({ path: [name, at], picture: piece });
  }
  return texts.length + pictures.length === 0 ? NO_PIECES : { texts, pictures };
}

/** Where a message says what it says: `content`, or `output` for the result of a tool in a Responses input. */
function contentOf(message: JsonObject): unknown {
  return message['content'] ?? message['output'];
}

function isPicture(piece: JsonObject): boolean {
  return piece['type'] === 'image_url' || piece['type'] === 'input_image';
}

export function weighPicture(scale: Scale, picture: JsonObject): number {
  return weighMessage(scale, { content: [picture] }).tokens;
}

export function toldOf(message: JsonObject): string {
  const said: string[] = [];
  const content = contentOf(message);
  if (typeof content === 'string') said.push(content);
  else if (Array.isArray(content)) for (const piece of content) said.push(pieceText(piece));
  for (const call of [...listAt(message, 'tool_calls'), { function: message['function_call'] }, message]) {
    if (isObject(call)) said.push(callText(isObject(call['function']) ? call['function'] : call));
  }
  return said.filter((text) => text !== '').join(' ');
}

function pieceText(piece: unknown): string {
  if (!isObject(piece)) return '';
  return stringAt(piece, 'text') ?? stringAt(piece, 'refusal') ?? `(${stringAt(piece, 'type') ?? 'something else'})`;
}

function callText(call: JsonObject): string {
  const given = stringAt(call, 'arguments') ?? stringAt(call, 'input');
  return given === null ? '' : `called ${stringAt(call, 'name') ?? 'a tool'} with ${given}`;
}

export function userMessage(text: string): JsonObject {
  return { role: 'user', content: text };
}

/** Whether messages show pictures, sounds or files. */
export function showsAny(messages: readonly unknown[]): boolean {
  for (const message of messages) {
    if (!isObject(message)) continue;
    const content = contentOf(message);
    // Most messages are a text, and need no second look.
    if (typeof content === 'string' || content === null || content === undefined) continue;
    if (!Array.isArray(content)) return true;
    for (const piece of content) if (!isObject(piece) || typeof piece['text'] !== 'string') return true;
  }
  return false;
}

/** Tools that the application runs; what the provider's own tools find comes into the prompt unseen. */
const OWN_TOOLS: ReadonlySet<unknown> = new Set(['function', 'custom']);

export function hasOnlyOwnTools(request: JsonObject): boolean {
  return listAt(request, 'tools').every((tool) => !isObject(tool) || OWN_TOOLS.has(tool['type']));
}
