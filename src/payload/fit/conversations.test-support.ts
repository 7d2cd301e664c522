import * as fc from 'fast-check';
import { CORPUS } from '../tokens/corpus.test-support.ts';
import type { JsonObject } from '../tokens/json.ts';
import { loadTokenizer, type Tokenizer } from '../tokens/tokenizer.ts';
import { type FittedOperation, type Part, Scales } from './parts.ts';

export const tokenizer: Tokenizer = await loadTokenizer('o200k_base');

export function scalesFor(operation: FittedOperation): Scales {
  return new Scales(operation, { model: 'gpt-4o', count: (text) => tokenizer.count(text) });
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
