import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Dialect, StreamReader } from '../../engine/ports.ts';
import { callAt } from '../../engine/scripted.test-support.ts';
import { VirtualClock } from '../../engine/virtual-clock.ts';
import { toChat as chatOfMessages } from '../anthropic/caller/to-chat.ts';
import { MessageEvents } from '../anthropic/caller/to-events.ts';
import { toMessage } from '../anthropic/caller/to-message.ts';
import { messages } from '../anthropic/messages.ts';
import { ChunkWriter as MessageChunks } from '../anthropic/to-chunks.ts';
import { toCompletion as completionOfMessage } from '../anthropic/to-completion.ts';
import { toMessages } from '../anthropic/to-messages.ts';
import { toAnswer } from '../gemini/caller/to-answer.ts';
import { toChat as chatOfGenerate } from '../gemini/caller/to-chat.ts';
import { GenerateFrames } from '../gemini/caller/to-frames.ts';
import { generate } from '../gemini/generate.ts';
import { ChunkWriter as GenerateChunks } from '../gemini/to-chunks.ts';
import { toCompletion as completionOfAnswer } from '../gemini/to-completion.ts';
import { toGenerate } from '../gemini/to-generate.ts';
import { chat } from '../openai/chat.ts';
import type { JsonObject } from './caller-wire.ts';
import type { Loss } from './loss.ts';

// What chat says, another wire says, and says back: nothing of a conversation or an answer may get lost or change places on
// the way. What a wire has no words for is left out of what is drawn here; those losses are told, and tested elsewhere.

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter((each) => each.trim() !== '');
const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,15}$/);
const input = fc.dictionary(name, fc.oneof(text, fc.integer(), fc.boolean(), fc.array(text, { maxLength: 2 })), {
  maxKeys: 3,
});
/** As many ids as there can be calls, each once. */
const ids = fc.uniqueArray(fc.stringMatching(/^call_[A-Za-z0-9]{6,12}$/), { minLength: 12, maxLength: 12 });

interface Call {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

const callsOf = (drawn: readonly (readonly [string, object])[], given: readonly string[], from: number): Call[] =>
  drawn.map(([tool, said], at) => ({
    id: given[from + at] ?? `call_${from + at}`,
    type: 'function',
    function: { name: tool, arguments: JSON.stringify(said) },
  }));

const turn = fc.record({
  ask: text,
  says: fc.option(text),
  calls: fc.array(fc.tuple(name, input, text), { maxLength: 3 }),
  answer: text,
});

const conversation = fc
  .tuple(fc.option(text), fc.array(turn, { maxLength: 4 }), ids, text)
  .map(([system, turns, given, last]): JsonObject => {
    let used = 0;
    const said: JsonObject[] = system === null ? [] : [{ role: 'system', content: system }];
    for (const { ask, says, calls, answer } of turns) {
      const made = callsOf(
        calls.map(([tool, args]) => [tool, args]),
        given,
        used,
      );
      used += made.length;
      said.push({ role: 'user', content: ask });
      if (made.length > 0) said.push({ role: 'assistant', content: says, tool_calls: made });
      for (const [at, { id }] of made.entries()) said.push({ role: 'tool', tool_call_id: id, content: calls[at]?.[2] });
      said.push({ role: 'assistant', content: answer });
    }
    const names = new Set(turns.flatMap(({ calls }) => calls.map(([tool]) => tool)));
    const tools = [...names].map((each) => ({
      type: 'function',
      function: { name: each, parameters: { type: 'object' } },
    }));
    return {
      model: 'm',
      max_completion_tokens: 1000,
      messages: [...said, { role: 'user', content: last }],
      ...(tools.length > 0 ? { tools } : {}),
    };
  });

/** All that a conversation says, in order, however it is divided into messages. */
function saidIn(request: JsonObject): unknown[] {
  return (request['messages'] as JsonObject[]).flatMap((message) => {
    const { role, content, tool_calls: calls, tool_call_id: id } = message;
    const texts = (
      Array.isArray(content) ? (content as { text: string }[]).map((part) => part.text) : [content]
    ).filter((each) => typeof each === 'string' && each !== '');
    return [
      ...texts.map((each) => [role === 'developer' ? 'system' : role, each, id]),
      ...((calls ?? []) as Call[]).map((call) => [
        'call',
        call.id,
        call.function.name,
        JSON.parse(call.function.arguments),
      ]),
    ];
  });
}

const toolsIn = ({ tools }: JsonObject): unknown[] =>
  ((tools ?? []) as { function: { name: string } }[]).map((tool) => tool.function.name);

/** A chat request on another wire. */
type There = { readonly kind: string; readonly body?: JsonObject; readonly losses?: readonly Loss[] };

const CHAT_FACTS = { model: 'm', cap: 'max_completion_tokens', stream: false } as const;

const REQUESTS = [
  ['Anthropic', (asked: JsonObject): There => toMessages(asked, 'claude-opus-4-1', 1000), chatOfMessages],
  ['Google', (asked: JsonObject): There => toGenerate(asked, 'gemini-2.5-pro', 1000), chatOfGenerate],
] as const;

test.each(REQUESTS)('a conversation comes back from %s as it was', (_, there, back) => {
  fc.assert(
    fc.property(conversation, (asked) => {
      const { kind, body = {}, losses } = there(asked);
      expect([kind, losses]).toEqual(['translated', []]);
      const lost: Loss[] = [];
      const returned = back(body, CHAT_FACTS, lost);
      expect(lost).toEqual([]);
      expect(saidIn(returned)).toEqual(saidIn(asked));
      expect(toolsIn(returned)).toEqual(toolsIn(asked));
      expect(returned['max_completion_tokens']).toBe(1000);
    }),
    { numRuns: 300 },
  );
});

// Answers ----------------------------------------------------------------------------------------------------------

const usage = fc
  .record({ prompt: fc.nat(5000), cached: fc.nat(1), completion: fc.nat(500), reasoning: fc.nat(1) })
  .map(({ prompt, cached, completion, reasoning }) => ({
    prompt_tokens: prompt + 10,
    completion_tokens: completion + 10,
    total_tokens: prompt + completion + 20,
    prompt_tokens_details: { cached_tokens: cached * 7 },
    completion_tokens_details: { reasoning_tokens: reasoning * 5 },
  }));

/** An answer: its text in pieces, its calls, each call's arguments in pieces, how it ends. */
const answer = fc
  .record({
    pieces: fc.array(text, { maxLength: 5 }),
    calls: fc.array(fc.tuple(name, input), { maxLength: 3 }),
    given: ids,
    cut: fc.integer({ min: 1, max: 5 }),
    long: fc.boolean(),
    usage,
  })
  .filter(({ pieces, calls }) => pieces.length + calls.length > 0)
  .map(({ pieces, calls, given, cut, long, usage: used }) => ({
    pieces,
    calls: callsOf(calls, given, 0),
    cut,
    // A call that is cut at the cap is no call any more.
    reason: calls.length > 0 ? 'tool_calls' : long ? 'length' : 'stop',
    usage: used,
  }));
type Answer = ReturnType<typeof answer.generate>['value'];

function completionOf({ pieces, calls, reason, usage: used }: Answer): JsonObject {
  const content = pieces.join('') === '' ? null : pieces.join('');
  const message = { role: 'assistant', content, ...(calls.length > 0 ? { tool_calls: calls } : {}) };
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message, finish_reason: reason }],
    usage: used,
  };
}

/** The same as a stream's events, each the data of one. */
function chunksOf({ pieces, calls, cut, reason, usage: used }: Answer): string[] {
  const chunk = (delta: object, finish_reason: string | null = null, more: object = {}): string =>
    JSON.stringify({
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'm',
      choices: [{ index: 0, delta, finish_reason }],
      ...more,
    });
  const called = calls.flatMap(({ id, function: { name: tool, arguments: said } }, index) => {
    const rest: string[] = [];
    for (let at = 0; at < said.length; at += cut) {
      rest.push(chunk({ tool_calls: [{ index, function: { arguments: said.slice(at, at + cut) } }] }));
    }
    return [chunk({ tool_calls: [{ index, id, type: 'function', function: { name: tool, arguments: '' } }] }), ...rest];
  });
  return [
    chunk({ role: 'assistant', content: '' }),
    ...pieces.map((content) => chunk({ content })),
    ...called,
    chunk({}, reason),
    JSON.stringify({
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'm',
      choices: [],
      usage: used,
    }),
    '[DONE]',
  ];
}

/** What a chat answer comes to. */
interface Heard {
  text: string;
  calls: unknown[];
  reason: unknown;
  usage: unknown;
}

const usageOf = (told: unknown): unknown => {
  const {
    prompt_tokens,
    completion_tokens,
    prompt_tokens_details: of,
    completion_tokens_details: by,
  } = (told ?? {}) as Record<string, Record<string, number> | undefined>;
  return [prompt_tokens, completion_tokens, of?.['cached_tokens'] ?? 0, by?.['reasoning_tokens'] ?? 0];
};

function heardWhole(completion: JsonObject | null): Heard {
  const [choice] = (completion?.['choices'] ?? []) as { message: JsonObject; finish_reason: string }[];
  const { content, tool_calls: calls } = choice?.message ?? {};
  return {
    text: typeof content === 'string' ? content : '',
    calls: ((calls ?? []) as Call[]).map(({ id, function: fn }) => [id, fn.name, JSON.parse(fn.arguments)]),
    reason: choice?.finish_reason,
    usage: usageOf(completion?.['usage']),
  };
}

function heardStream(data: readonly string[]): Heard {
  const heard: Heard = { text: '', calls: [], reason: null, usage: null };
  const calls = new Map<number, { id: string; name: string; said: string }>();
  for (const each of data) {
    if (each === '[DONE]') continue;
    const { choices, usage: used } = JSON.parse(each) as { choices: JsonObject[]; usage?: unknown };
    heard.usage = used === undefined || used === null ? heard.usage : usageOf(used);
    for (const { delta, finish_reason: reason } of choices) {
      const { content, tool_calls: called } = delta as JsonObject;
      if (typeof content === 'string') heard.text += content;
      heard.reason = reason ?? heard.reason;
      for (const { index, id, function: fn } of (called ?? []) as (Call & { index: number })[]) {
        const call = calls.get(index) ?? { id, name: fn.name, said: '' };
        call.said += fn.arguments ?? '';
        calls.set(index, call);
      }
    }
  }
  heard.calls = [...calls.values()].map(({ id, name: tool, said }) => [id, tool, JSON.parse(said)]);
  return heard;
}

/** The data of each event. Lines end with a line feed alone: a text may hold what JavaScript takes for the end of one. */
const dataIn = (written: string): string[] =>
  written.split('\n').flatMap((line) => (line.startsWith('data: ') ? [line.slice('data: '.length)] : []));

interface Writer {
  write(data: string): string;
  end?(): string;
}

const through = (data: readonly string[], writer: Writer): string[] =>
  dataIn(data.map((each) => writer.write(each)).join('') + (writer.end?.() ?? ''));

interface Wire {
  readonly dialect: Dialect;
  readonly whole: (completion: JsonObject) => JsonObject | null;
  readonly wholeBack: (body: JsonObject | null) => JsonObject | null;
  readonly writer: () => Writer;
  readonly writerBack: () => Writer;
}

const WIRES: Readonly<Record<string, Wire>> = {
  Anthropic: {
    dialect: messages,
    whole: (completion) => toMessage(completion, 'm'),
    wholeBack: (body) => completionOfMessage(body, 1),
    writer: () => new MessageEvents('m'),
    writerBack: () => new MessageChunks({ created: 1, tellsUsage: true }),
  },
  Google: {
    dialect: generate,
    whole: (completion) => toAnswer(completion, 'm', false),
    wholeBack: (body) => completionOfAnswer(body, { created: 1, mayBeEmpty: true }),
    writer: () => new GenerateFrames('m', false),
    writerBack: () => new GenerateChunks({ created: 1, tellsUsage: true, choices: 1, mayBeEmpty: true }),
  },
};

describe.each(Object.entries(WIRES))('an answer by way of %s', (_, wire) => {
  test('whole, comes back as it was', () => {
    fc.assert(
      fc.property(answer, (said) => {
        const completion = completionOf(said);
        expect(heardWhole(wire.wholeBack(wire.whole(completion)))).toEqual(heardWhole(completion));
      }),
      { numRuns: 300 },
    );
  });

  test('streamed, comes back as it was', () => {
    fc.assert(
      fc.property(answer, (said) => {
        const sent = chunksOf(said);
        const back = through(through(sent, wire.writer()), wire.writerBack());
        expect(heardStream(back)).toEqual(heardStream(sent));
        expect(back.at(-1)).toBe('[DONE]');
      }),
      { numRuns: 300 },
    );
  });

  test('cut before its end, is never whole: not there, and not when it is translated back', () => {
    fc.assert(
      fc.property(answer, (said) => {
        const sent = chunksOf(said);
        const last = sent.findIndex((data) => data.includes('"finish_reason":"'));
        for (let at = 0; at <= last; at += 1) {
          const there = through(sent.slice(0, at), wire.writer());
          expect(isWhole(wire.dialect, there), `${at} of ${last} chunks`).toBe(false);
          expect(isWhole(chat, through(there, wire.writerBack())), `${at} of ${last} chunks, and back`).toBe(false);
        }
        const there = through(sent, wire.writer());
        expect(isWhole(wire.dialect, there)).toBe(true);
        const end = there.findIndex((data) => /"(?:finishReason|stop_reason)":"/.test(data));
        for (let at = 0; at <= end; at += 1) {
          expect(isWhole(wire.dialect, there.slice(0, at)), `${at} of ${end} events`).toBe(false);
          expect(isWhole(chat, through(there.slice(0, at), wire.writerBack())), `${at} of ${end} events`).toBe(false);
        }
      }),
      { numRuns: 60 },
    );
  });
});

/** Whether a stream of these events may end there without anything missing. */
function isWhole(dialect: Dialect, data: readonly string[]): boolean {
  const operation = dialect === chat ? 'chat' : dialect === messages ? 'messages' : 'generate';
  const reader: StreamReader = dialect.openStream(callAt(new VirtualClock(), { operation, stream: true }));
  for (const each of data) {
    const bytes = Buffer.from(each);
    reader.read(bytes, 0, bytes.length);
  }
  return reader.fault === null && reader.complete;
}
