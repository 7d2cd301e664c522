import { isObject, listAt, stringAt } from './json.ts';
import type { JsonObject } from './json.ts';

/** What the simulated model has to read. */
export interface Prompt {
  /** Every text of the conversation, in order: the answer is drawn from it. */
  readonly text: string;
  /** The last thing the user said. */
  readonly lastUser: string;
  readonly tokens: number;
  /** An answer that is to be gone on with; null for a conversation in which it is the model's turn to begin one. */
  readonly begun: Begun | null;
}

/** An answer that broke off, and how its rest is asked for. */
export interface Begun {
  /** The conversation that it answers. */
  readonly prompt: Prompt;
  readonly said: string;
  /** How many of its last characters are to be said once more. */
  readonly repeats: number;
}

/** English prose in the o200k encoding runs at about four characters a token. */
const CHARACTERS_PER_TOKEN = 4;
/** What the chat format adds around every message, and once for the answer's own start. */
const TOKENS_PER_MESSAGE = 4;
const TOKENS_PER_ANSWER = 3;
/** A picture of middling detail. */
const TOKENS_PER_PICTURE = 765;

export function estimateTokens(text: string): number {
  return Math.ceil(text.length / CHARACTERS_PER_TOKEN);
}

/** Reads chat messages or the items of a Responses input alike: both are lists of objects with a role and content. */
export function readConversation(items: readonly unknown[], instructions: string | null = null): Prompt {
  let text = instructions ?? '';
  let lastUser = '';
  let tokens = TOKENS_PER_ANSWER + estimateTokens(text);
  for (const item of items) {
    if (!isObject(item)) continue;
    const content = readContent(item);
    tokens += TOKENS_PER_MESSAGE + estimateTokens(content.text) + content.pictures * TOKENS_PER_PICTURE;
    text += `\n${content.text}`;
    if (item['role'] === 'user') lastUser = content.text;
  }
  return { text, lastUser, tokens, begun: beginningIn(items, instructions) };
}

/** The last words between these marks are what an instruction to go on asks to be repeated. */
const LAST_WORDS = /<<<([^]*)>>>\s*$/;

/** A last message of the assistant's own is to be gone on with; so is one before the user's wish to, with its last words. */
function beginningIn(items: readonly unknown[], instructions: string | null): Begun | null {
  const last = items.at(-1);
  if (!isObject(last) || items.length < 2) return null;
  if (last['role'] === 'assistant') {
    const said = readContent(last).text;
    return said === '' ? null : { prompt: readConversation(items.slice(0, -1), instructions), said, repeats: 0 };
  }
  const before = items.at(-2);
  if (last['role'] !== 'user' || !isObject(before) || before['role'] !== 'assistant') return null;
  const words = LAST_WORDS.exec(readContent(last).text)?.[1];
  const said = readContent(before).text;
  if (words === undefined || words === '' || !said.trimEnd().endsWith(words)) return null;
  const repeats = words.length + said.length - said.trimEnd().length;
  return { prompt: readConversation(items.slice(0, -2), instructions), said, repeats };
}

function readContent(item: JsonObject): { text: string; pictures: number } {
  const content = item['content'] ?? item['output'] ?? item['arguments'];
  if (typeof content === 'string') return { text: content, pictures: 0 };
  let text = '';
  let pictures = 0;
  for (const part of Array.isArray(content) ? content : []) {
    if (!isObject(part)) continue;
    const words = stringAt(part, 'text');
    if (words !== null) text += words;
    else if (String(part['type']).includes('image')) pictures += 1;
  }
  for (const call of listAt(item, 'tool_calls')) text += JSON.stringify(call);
  return { text, pictures };
}
