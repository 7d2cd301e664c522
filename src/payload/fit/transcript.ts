import { isObject, type JsonObject, listAt, stringAt } from '../tokens/json.ts';
import { contentOf, type Part, type Scales } from './parts.ts';
import { shortened } from './shorten.ts';

/** Most tokens of one message in a transcript: what a tool put out need not be read to the last line to be summed up. */
const MESSAGE_TOKENS = 1_500;

/** What a summariser is given to read: what it wrote before, and what was said since. */
export function transcript(before: string | null, parts: readonly Part[], scales: Scales): string {
  const said = parts.map((part) => line(part, scales)).filter((text) => text !== '');
  const opening = before === null ? [] : ['Summary so far:', before, '', 'What followed:'];
  return [...opening, ...said].join('\n');
}

function line({ message, role }: Part, scales: Scales): string {
  const text = textOf(message);
  const tokens = text.length < MESSAGE_TOKENS ? 0 : scales.count(text);
  const kept =
    tokens <= MESSAGE_TOKENS ? text : shortened(text, tokens, MESSAGE_TOKENS, (piece) => scales.count(piece));
  const who = { guide: 'Instructions', user: 'User', assistant: 'Assistant', result: 'Result', state: '' }[role];
  return kept === '' ? '' : `${who}: ${kept}`;
}

function textOf(message: JsonObject): string {
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
