import { isObject } from '../openai/request.ts';
import type { JsonObject } from '../translation/caller-wire.ts';
import { type Loss, Untranslatable } from '../translation/loss.ts';
import { type ChatPart, chatPartsOf, plain, textOf } from './parts.ts';

/** Instructions and input of a Responses request as chat messages. */
export function chatMessages(request: JsonObject, losses: Loss[]): readonly JsonObject[] {
  const { instructions, input } = request;
  const messages = new Messages();
  if (typeof instructions === 'string' && instructions !== '') messages.say('system', instructions);
  if (typeof input === 'string') messages.say('user', input);
  else if (Array.isArray(input)) {
    for (const [index, item] of input.entries()) addItem(item, `input[${index}]`, messages, losses);
  } else throw new Untranslatable('input', 'a text or a list of items is needed');
  return messages.finished();
}

function addItem(item: unknown, field: string, messages: Messages, losses: Loss[]): void {
  if (!isObject(item)) throw new Untranslatable(field, 'an item has to be an object');
  const { type = 'message' } = item;
  switch (type) {
    case 'message':
      return addMessage(item, field, messages, losses);
    case 'function_call':
      return messages.call({
        id: String(item['call_id']),
        type: 'function',
        function: { name: String(item['name']), arguments: said(item['arguments']) },
      });
    case 'custom_tool_call':
      return messages.call({
        id: String(item['call_id']),
        type: 'custom',
        custom: { name: String(item['name']), input: said(item['input']) },
      });
    case 'function_call_output':
    case 'custom_tool_call_output':
      return addOutput(item, field, messages, losses);
    case 'reasoning':
      losses.push({ field, how: 'dropped', why: 'a model takes back its own thoughts only' });
      return;
    case 'item_reference':
      throw new Untranslatable(field, 'this target keeps no items: send them whole');
    default:
      if (!TRACES.has(type)) throw new Untranslatable(field, `the chat wire has no ${String(type)}`);
      losses.push({ field, how: 'dropped', why: 'what a tool of the provider did, only that provider can read' });
  }
}

function said(text: unknown): string {
  return typeof text === 'string' ? text : '';
}

/** What a provider's own tools leave in a conversation; what they found out stands in the answer behind. */
const TRACES: ReadonlySet<unknown> = new Set([
  'web_search_call',
  'file_search_call',
  'code_interpreter_call',
  'image_generation_call',
  'mcp_list_tools',
  'mcp_call',
]);

function addMessage(item: Record<string, unknown>, field: string, messages: Messages, losses: Loss[]): void {
  const { role, content } = item;
  const where = `${field}.content`;
  switch (role) {
    case 'system':
    case 'developer':
      return messages.say('system', textOf(content, where));
    case 'assistant':
      return messages.say('assistant', textOf(content, where));
    case 'user':
      return messages.say('user', plain(chatPartsOf(content, where, losses)));
    default:
      throw new Untranslatable(`${field}.role`, `no such role: ${JSON.stringify(role)}`);
  }
}

function addOutput(item: Record<string, unknown>, field: string, messages: Messages, losses: Loss[]): void {
  const parts = chatPartsOf(item['output'], `${field}.output`, losses);
  const texts = parts.flatMap((part) => (part.type === 'text' ? [part.text] : []));
  const shown = parts.filter(({ type }) => type !== 'text');
  if (shown.length > 0) {
    losses.push({
      field: `${field}.output`,
      how: 'changed',
      why: 'tools answer in text: what they show, the user does',
    });
  }
  messages.answer(String(item['call_id']), texts.join(''), shown);
}

/** Collects chat messages: calls join the assistant's message before them, and pictures wait until every tool has answered. */
class Messages {
  readonly #list: { role: string; content: unknown; tool_calls?: JsonObject[]; tool_call_id?: string }[] = [];
  #shown: ChatPart[] = [];

  say(role: 'system' | 'user' | 'assistant', content: unknown): void {
    this.#show();
    if (role !== 'assistant' || content !== '') this.#list.push({ role, content });
  }

  call(call: JsonObject): void {
    this.#show();
    const last = this.#list.at(-1);
    if (last?.role === 'assistant') (last.tool_calls ??= []).push(call);
    else this.#list.push({ role: 'assistant', content: null, tool_calls: [call] });
  }

  answer(id: string, content: string, shown: readonly ChatPart[]): void {
    this.#list.push({ role: 'tool', tool_call_id: id, content });
    this.#shown.push(...shown);
  }

  finished(): readonly JsonObject[] {
    this.#show();
    return this.#list;
  }

  #show(): void {
    if (this.#shown.length === 0) return;
    this.#list.push({ role: 'user', content: this.#shown });
    this.#shown = [];
  }
}
