import * as fc from 'fast-check';
import type { PromptOperation } from '../prompt/prompt-wire.ts';
import { PROMPT_WIRES } from '../prompt/prompt-wires.ts';
import { CORPUS } from '../tokens/corpus.test-support.ts';
import type { JsonObject } from '../tokens/json.ts';
import { loadTokenizer, type Tokenizer } from '../tokens/tokenizer.ts';
import { type Part, Scales } from './parts.ts';

export const tokenizer: Tokenizer = await loadTokenizer('o200k_base');

export function scalesFor(operation: PromptOperation): Scales {
  return new Scales(PROMPT_WIRES[operation], { model: 'gpt-4o', count: (text) => tokenizer.count(text) });
}

export function weighed(scales: Scales, messages: readonly JsonObject[]): Part[] {
  return messages.map((message) => scales.weigh(message));
}

const words = fc
  .tuple(fc.constantFrom(...Object.values(CORPUS)), fc.nat(3), fc.nat(50))
  .map(([text, times, cut]) => text.repeat(times).slice(cut));
const picture = fc.constant({ type: 'image_url', image_url: { url: 'https://example.com/a.png' } });

/** A turn: what the user says, calls of tools with their results, and an answer; any of them may be missing. */
const chatTurn = fc
  .record({
    ask: fc.option(
      fc.oneof(
        words,
        fc.array(
          fc.oneof(
            words.map((text) => ({ type: 'text', text })),
            picture,
          ),
          { minLength: 1, maxLength: 3 },
        ),
      ),
    ),
    rounds: fc.array(fc.array(words, { minLength: 1, maxLength: 3 }), { maxLength: 2 }),
    answer: fc.option(words),
    aside: fc.option(words, { freq: 8 }),
  })
  .map(({ ask, rounds, answer, aside }) => ({ ask, rounds, answer, aside }));

let lastId = 0;

/** Conversations as applications send them: instructions, then turns with tools. */
export const chats: fc.Arbitrary<JsonObject[]> = fc
  .tuple(fc.option(words), fc.array(chatTurn, { minLength: 1, maxLength: 30 }))
  .map(([system, turns]) => [
    ...(system === null ? [] : [{ role: 'system', content: system }]),
    ...turns.flatMap(({ ask, rounds, answer, aside }) => [
      ...(aside === null ? [] : [{ role: 'developer', content: aside }]),
      ...(ask === null ? [] : [{ role: 'user', content: ask }]),
      ...rounds.flatMap((results) => {
        const ids = results.map(() => `call_${(lastId += 1)}`);
        return [
          {
            role: 'assistant',
            content: null,
            tool_calls: ids.map((id) => ({
              id,
              type: 'function',
              function: { name: 'look_up', arguments: '{"a":1}' },
            })),
          },
          ...results.map((content, at) => ({ role: 'tool', tool_call_id: ids[at], content })),
        ];
      }),
      ...(answer === null ? [] : [{ role: 'assistant', content: answer }]),
    ]),
    { role: 'user', content: 'And now?' },
  ]);

/** The same as items of a Responses input, with reasoning before what it led to. */
export const inputs: fc.Arbitrary<JsonObject[]> = chats.map((messages) =>
  messages.flatMap((message): JsonObject[] => {
    const { role, content, tool_calls: calls } = message;
    if (role === 'tool') return [{ type: 'function_call_output', call_id: message['tool_call_id'], output: content }];
    if (!Array.isArray(calls)) return [{ role, content: Array.isArray(content) ? content.map(inputPiece) : content }];
    return [
      { type: 'reasoning', id: `rs_${(lastId += 1)}`, summary: [] },
      ...calls.map(({ id }: { id: string }) => ({
        type: 'function_call',
        call_id: id,
        name: 'look_up',
        arguments: '{"a":1}',
      })),
    ];
  }),
);

function inputPiece(piece: JsonObject): JsonObject {
  if (piece['type'] === 'text') return { type: 'input_text', text: piece['text'] };
  return { type: 'input_image', image_url: 'https://example.com/a.png', detail: 'auto' };
}

/** What a tool was called for, or put out, in a message of chat. */
const idsOf = ({ tool_calls: calls }: JsonObject): string[] =>
  Array.isArray(calls) ? calls.map(({ id }: { id: string }) => id) : [];

/** The same on Anthropic's wire: results of one round in one message, and thoughts before the first calls of a turn alone. */
export const messages: fc.Arbitrary<JsonObject[]> = chats.map((said) =>
  said.filter(({ role }) => role !== 'system' && role !== 'developer').reduce<JsonObject[]>(addMessage, []),
);

function addMessage(out: JsonObject[], message: JsonObject): JsonObject[] {
  const { role, content } = message;
  const last = out.at(-1);
  if (role === 'tool') {
    const result = { type: 'tool_result', tool_use_id: message['tool_call_id'], content };
    if (isResults(last)) return [...out.slice(0, -1), { ...last, content: [...(last['content'] as []), result] }];
    return [...out, { role: 'user', content: [result] }];
  }
  const ids = idsOf(message);
  if (ids.length > 0) {
    const uses = ids.map((id) => ({ type: 'tool_use', id, name: 'look_up', input: { a: 1 } }));
    const thoughts = isResults(last) ? [] : [{ type: 'thinking', thinking: 'Look it up.', signature: 'sealed' }];
    return [...out, { role, content: [...thoughts, ...uses] }];
  }
  return [...out, { role, content: Array.isArray(content) ? content.map(blockOf) : content }];
}

const isResults = (message: JsonObject | undefined): message is JsonObject =>
  JSON.stringify(message ?? {}).includes('"content":[{"type":"tool_result"');

function blockOf(piece: JsonObject): JsonObject {
  if (piece['type'] === 'text') return piece;
  return { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } };
}

/** The same on Google's wire. */
export const contents: fc.Arbitrary<JsonObject[]> = messages.map((said) =>
  said.map(({ role, content }) => ({
    role: role === 'assistant' ? 'model' : 'user',
    parts: typeof content === 'string' ? [{ text: content }] : (content as JsonObject[]).map(partOf),
  })),
);

function partOf(block: JsonObject): JsonObject {
  switch (block['type']) {
    case 'text':
      return { text: block['text'] };
    case 'thinking':
      return { text: block['thinking'], thought: true };
    case 'tool_use':
      return { functionCall: { name: block['name'], args: block['input'] }, thoughtSignature: 'sealed' };
    case 'tool_result':
      return { functionResponse: { name: 'look_up', response: { output: block['content'] } } };
    default:
      return { fileData: { fileUri: 'https://example.com/a.png', mimeType: 'image/png' } };
  }
}

/** The same of a conversation on Anthropic's or Google's wire. */
export function brokenNatively(said: readonly JsonObject[]): string[] {
  const problems: string[] = [];
  let calls: unknown[] = [];
  let thought = false;
  for (const [at, message] of said.entries()) {
    const { content, parts } = message as { content?: unknown; parts?: JsonObject[] };
    const blocks = parts ?? (Array.isArray(content) ? (content as JsonObject[]) : []);
    const results = blocks.flatMap((block) => block['tool_use_id'] ?? (block['functionResponse'] ? ['look_up'] : []));
    if (JSON.stringify(results) !== JSON.stringify(calls))
      problems.push(`[${at}] results that are not those of the calls`);
    calls = blocks.flatMap((block) =>
      block['type'] === 'tool_use' ? [block['id']] : block['functionCall'] ? ['look_up'] : [],
    );
    if (message['role'] === 'user' && results.length === 0) thought = false;
    if (blocks.some((block) => block['type'] === 'thinking')) thought = true;
    if (calls.length > 0 && parts === undefined && !thought) problems.push(`[${at}] calls without what was thought`);
    if (calls.length > 0 && parts?.some((part) => part['functionCall'] && !part['thoughtSignature'])) {
      problems.push(`[${at}] a call without its seal`);
    }
  }
  if (calls.length > 0) problems.push('at the end: calls without results');
  return problems;
}

/** What is broken about a conversation by the rules of the APIs; empty when nothing is. */
export function broken(messages: readonly JsonObject[]): string[] {
  const problems: string[] = [];
  const open = new Set<unknown>();
  for (const [at, message] of messages.entries()) {
    const calls = Array.isArray(message['tool_calls']) ? message['tool_calls'] : [];
    const isResult = message['role'] === 'tool' || message['type'] === 'function_call_output';
    if (!isResult && message['role'] !== undefined && open.size > 0)
      problems.push(`[${at}] calls without results: ${[...open].join()}`);
    for (const { id } of calls as { id: unknown }[]) open.add(id);
    if (message['type'] === 'function_call') open.add(message['call_id']);
    if (isResult && !open.delete(message['tool_call_id'] ?? message['call_id']))
      problems.push(`[${at}] a result without its call`);
    if (message['type'] === 'reasoning' && messages[at + 1] === undefined)
      problems.push(`[${at}] reasoning that leads nowhere`);
    if (message['type'] === 'reasoning' && messages[at + 1]?.['type'] !== 'function_call')
      problems.push(`[${at}] reasoning without its call`);
  }
  if (open.size > 0) problems.push(`at the end: calls without results: ${[...open].join()}`);
  return problems;
}
