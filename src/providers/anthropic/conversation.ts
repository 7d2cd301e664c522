import { parse } from '../openai/chat.ts';
import { isObject } from '../openai/request.ts';
import { type Loss, Untranslatable } from '../translation/loss.ts';
import type { Block, TextBlock, ToolResultBlock, Turn } from './message.ts';
import { blocksOf, textsOf } from './parts.ts';

export interface Conversation {
  readonly system: readonly TextBlock[];
  readonly turns: readonly Turn[];
}

/** Said in the user's place where the wire wants the user to speak and nobody has. */
const GO_ON: TextBlock = { type: 'text', text: 'Please continue.' };

/** Chat messages as a system prompt and turns that alternate, beginning with the user's. */
export function conversationOf(messages: unknown, prefill: boolean, losses: Loss[]): Conversation {
  if (!Array.isArray(messages)) throw new Untranslatable('messages', 'a list of messages is needed');
  const system: TextBlock[] = [];
  const turns = new Turns();
  for (const [index, message] of messages.entries()) {
    const field = `messages[${index}]`;
    if (!isObject(message)) throw new Untranslatable(field, 'a message has to be an object');
    if (typeof message['name'] === 'string') {
      losses.push({ field: `${field}.name`, how: 'dropped', why: 'messages have no names on this wire' });
    }
    switch (message['role']) {
      case 'system':
      case 'developer':
        if (turns.any) losses.push({ field, how: 'changed', why: 'instructions stand before the conversation' });
        system.push(...textsOf(message['content'], `${field}.content`, losses));
        break;
      case 'user':
        turns.say('user', blocksOf(message['content'], `${field}.content`, losses));
        break;
      case 'assistant':
        turns.say('assistant', assistantBlocks(message, field, losses));
        break;
      case 'tool':
        turns.answer(toolResult(message, field, losses));
        break;
      default:
        throw new Untranslatable(`${field}.role`, `no such role: ${JSON.stringify(message['role'])}`);
    }
  }
  return arranged(system, turns.list, prefill, losses);
}

/** Collects turns, joining what the same side says in a row. */
class Turns {
  readonly list: { role: Turn['role']; content: Block[] }[] = [];

  get any(): boolean {
    return this.list.length > 0;
  }

  say(role: Turn['role'], blocks: readonly Block[]): void {
    if (blocks.length > 0) this.#turnOf(role).push(...blocks);
  }

  /** Results stand first in the turn that follows their calls, whatever the user said between them. */
  answer(result: ToolResultBlock): void {
    const content = this.#turnOf('user');
    const others = content.findIndex(({ type }) => type !== 'tool_result');
    content.splice(others < 0 ? content.length : others, 0, result);
  }

  #turnOf(role: Turn['role']): Block[] {
    const last = this.list.at(-1);
    if (last?.role === role) return last.content;
    const content: Block[] = [];
    this.list.push({ role, content });
    return content;
  }
}

function assistantBlocks(message: Record<string, unknown>, field: string, losses: Loss[]): readonly Block[] {
  const { content, refusal, reasoning_content: reasoning, tool_calls: calls } = message;
  if (isObject(message['audio'])) throw new Untranslatable(`${field}.audio`, 'an answer in sound is kept at OpenAI');
  if (isObject(message['function_call'])) {
    throw new Untranslatable(`${field}.function_call`, 'write it as tool_calls, which took its place');
  }
  if (typeof reasoning === 'string' && reasoning !== '') {
    const why = 'a model takes back its own thoughts only under its seal, which this wire does not carry';
    losses.push({ field: `${field}.reasoning_content`, how: 'dropped', why });
  }
  const blocks: Block[] = [...textsOf(content, `${field}.content`, losses)];
  if (typeof refusal === 'string') blocks.push(...textsOf(refusal, `${field}.refusal`, losses));
  if (!Array.isArray(calls)) return blocks;
  for (const [index, call] of calls.entries()) blocks.push(toolUse(call, `${field}.tool_calls[${index}]`));
  return blocks;
}

function toolUse(call: unknown, field: string): Block {
  const called = isObject(call) ? call['function'] : undefined;
  if (!isObject(call) || !isObject(called))
    throw new Untranslatable(field, 'only functions can be called on this wire');
  const { name, arguments: written } = called;
  const input = readArguments(written);
  if (input === null) {
    throw new Untranslatable(`${field}.function.arguments`, 'the arguments have to be one JSON object');
  }
  return { type: 'tool_use', id: toolId(call['id']), name: String(name), input };
}

function readArguments(written: unknown): Record<string, unknown> | null {
  if (written === undefined || written === null || written === '') return {};
  const input = typeof written === 'string' ? parse(written) : null;
  return isObject(input) ? input : null;
}

function toolResult(message: Record<string, unknown>, field: string, losses: Loss[]): ToolResultBlock {
  const { content } = message;
  const texts = textsOf(content, `${field}.content`, losses);
  const said = typeof content === 'string' ? content : texts;
  const block = { type: 'tool_result', tool_use_id: toolId(message['tool_call_id']) } as const;
  return texts.length === 0 ? block : { ...block, content: said };
}

/** The wire takes letters, digits, `_` and `-` in an id; other providers make other ids, and both ends change alike. */
function toolId(id: unknown): string {
  return String(id).replace(/[^a-zA-Z0-9_-]/g, '_');
}

/** Puts in what the wire insists on: a first word of the user's, and a last one. */
function arranged(system: TextBlock[], turns: readonly Turn[], prefill: boolean, losses: Loss[]): Conversation {
  const first = turns[0];
  const last = turns.at(-1);
  if (first === undefined || last === undefined) {
    const [instruction] = system.splice(-1);
    if (instruction === undefined) throw new Untranslatable('messages', 'the conversation is empty');
    losses.push({ field: 'messages', how: 'changed', why: 'somebody has to ask: the last instruction does' });
    return { system, turns: [{ role: 'user', content: [instruction] }] };
  }
  const all = [...turns];
  if (first.role === 'assistant') {
    losses.push({
      field: 'messages',
      how: 'changed',
      why: 'the user speaks first on this wire, if only to say: go on',
    });
    all.unshift({ role: 'user', content: [GO_ON] });
  }
  if (last.role === 'assistant' && prefill) all.splice(-1, 1, withoutTrailingSpace(last));
  else if (last.role === 'assistant') {
    const why = 'the user speaks last with this model, if only to say: go on';
    losses.push({ field: 'messages', how: 'changed', why });
    all.push({ role: 'user', content: [GO_ON] });
  }
  return { system, turns: all };
}

/** The wire refuses an answer to be continued that ends in a space. */
function withoutTrailingSpace(turn: Turn): Turn {
  const last = turn.content.at(-1);
  if (last?.type !== 'text') return turn;
  return { ...turn, content: [...turn.content.slice(0, -1), { ...last, text: last.text.trimEnd() }] };
}
