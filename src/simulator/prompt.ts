import { isObject, listAt, stringAt } from './json.ts';
import type { JsonObject } from './json.ts';

/** What the simulated model has to read. */
export interface Prompt {
  /** Every text of the conversation, in order: the answer is drawn from it. */
  readonly text: string;
  /** The last thing the user said. */
  readonly lastUser: string;
  readonly tokens: number;
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
  return { text, lastUser, tokens };
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
