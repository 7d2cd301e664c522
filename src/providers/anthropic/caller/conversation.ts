import { isObject } from '../../openai/request.ts';
import type { JsonObject } from '../../translation/caller-wire.ts';
import { type Loss, Untranslatable } from '../../translation/loss.ts';
import { chatParts, type ChatPart, textOf } from './parts.ts';

/** The system prompt and the turns of a Messages request as chat messages. */
export function chatMessages(request: JsonObject, losses: Loss[]): JsonObject[] {
  const { system, messages: turns } = request;
  if (!Array.isArray(turns)) throw new Untranslatable('messages', 'a list of messages is needed');
  const out: JsonObject[] = [];
  if (system !== undefined && system !== null) {
    const content = textOf(system, 'system');
    if (content !== '') out.push({ role: 'system', content });
  }
  for (const [index, turn] of turns.entries()) addTurn(turn, `messages[${index}]`, out, losses);
  const last = turns.at(-1) as unknown;
  if (isObject(last) && last['role'] === 'assistant') {
    const why = 'the answer is not gone on with, but begun anew';
    losses.push({ field: `messages[${turns.length - 1}]`, how: 'changed', why });
  }
  return out;
}

function addTurn(turn: unknown, field: string, out: JsonObject[], losses: Loss[]): void {
  if (!isObject(turn)) throw new Untranslatable(field, 'a message has to be an object');
  const { role, content } = turn;
  const blocks = blocksIn(content, `${field}.content`);
  switch (role) {
    case 'user':
      return addUser(blocks, `${field}.content`, out, losses);
    case 'assistant':
      return addAssistant(blocks, `${field}.content`, out, losses);
    case 'system':
      out.push({ role: 'system', content: textOf(content, `${field}.content`) });
      return;
    default:
      throw new Untranslatable(`${field}.role`, `no such role: ${JSON.stringify(role)}`);
  }
}

type Block = Record<string, unknown>;

function blocksIn(content: unknown, field: string): readonly Block[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  if (!Array.isArray(content)) throw new Untranslatable(field, 'content has to be a text or a list of blocks');
  return content.map((block, index) => {
    if (!isObject(block)) throw new Untranslatable(`${field}[${index}]`, 'a block has to be an object');
    return block;
  });
}

/** Results of tools are messages of their own, before what the user says besides. */
function addUser(blocks: readonly Block[], field: string, out: JsonObject[], losses: Loss[]): void {
  const shown: ChatPart[] = [];
  const said: ChatPart[] = [];
  for (const [index, block] of blocks.entries()) {
    const where = `${field}[${index}]`;
    if (block['type'] === 'tool_result') out.push(toolMessage(block, where, shown, losses));
    else said.push(...chatParts(block, where, losses));
  }
  const parts = [...shown, ...said];
  if (parts.length > 0) out.push({ role: 'user', content: plain(parts) });
}

/** @param shown receives the pictures of a result, which only a user can show on the chat wire. */
function toolMessage(block: Block, field: string, shown: ChatPart[], losses: Loss[]): JsonObject {
  const { tool_use_id: id, content, is_error: failed } = block;
  if (failed === true) {
    losses.push({ field: `${field}.is_error`, how: 'dropped', why: 'a result says by its words that it failed' });
  }
  let text = '';
  if (content !== undefined && content !== null) {
    for (const [index, each] of blocksIn(content, `${field}.content`).entries()) {
      const where = `${field}.content[${index}]`;
      for (const part of chatParts(each, where, losses)) {
        if (part.type === 'text') {
          text += part.text;
          continue;
        }
        losses.push({ field: where, how: 'changed', why: 'tools answer in text: what they show, the user does' });
        shown.push(part);
      }
    }
  }
  return { role: 'tool', tool_call_id: String(id), content: text };
}

function addAssistant(blocks: readonly Block[], field: string, out: JsonObject[], losses: Loss[]): void {
  let text = '';
  const calls: JsonObject[] = [];
  for (const [index, block] of blocks.entries()) {
    const { type, id, name, input } = block;
    if (type === 'text' && typeof block['text'] === 'string') text += block['text'];
    else if (type === 'tool_use') {
      calls.push({
        id: String(id),
        type: 'function',
        function: { name: String(name), arguments: JSON.stringify(input ?? {}) },
      });
    } else {
      const why = THOUGHTS.has(type)
        ? 'a model takes back its own thoughts only'
        : 'what a tool of the provider did, only that provider can read';
      losses.push({ field: `${field}[${index}]`, how: 'dropped', why });
    }
  }
  if (text === '' && calls.length === 0) return;
  out.push({
    role: 'assistant',
    content: text === '' ? null : text,
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  });
}

const THOUGHTS: ReadonlySet<unknown> = new Set(['thinking', 'redacted_thinking']);

/** A text where there is nothing else: some servers take no parts. */
function plain(parts: readonly ChatPart[]): unknown {
  const [only] = parts;
  return parts.length === 1 && only?.type === 'text' ? only.text : parts;
}
