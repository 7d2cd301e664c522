import { describe, expect, test } from 'vitest';
import type { GivenReply } from '../engine/answers.ts';
import type { Call } from '../engine/call.ts';
import { ANYONE } from '../engine/caller.ts';
import { GivenStream } from '../engine/degraded.ts';
import { faultOf } from '../engine/fault/index.ts';
import { NO_USAGE } from '../engine/ports.ts';
import { callAt } from '../engine/scripted.test-support.ts';
import { VirtualClock } from '../engine/virtual-clock.ts';
import { requestKey } from '../providers/given/request-key.ts';
import { AnswerMemory } from '../storage/answers/memory.ts';
import { KeptAnswers, staleRung } from './kept-answers.ts';

const clock = new VirtualClock();
const QUESTION = { model: 'gpt-4o', messages: [{ role: 'user', content: 'How deep is the sea?' }] };

function asked(request: object, facts: Partial<Call> = {}): Call {
  const stream = 'stream' in request && request.stream === true;
  return callAt(clock, { body: Buffer.from(JSON.stringify(request)), stream, ...facts });
}

const tenant = (name: string): Partial<Call> => ({ caller: { ...ANYONE, tenant: name } });

describe('requests are the same', () => {
  const key = (request: object, facts: Partial<Call> = {}): string | null =>
    requestKey(asked(request, facts))?.hash ?? null;
  const usual = key(QUESTION);

  test.each([
    ['in another order', { messages: QUESTION.messages, model: 'gpt-4o' }],
    ['streamed', { ...QUESTION, stream: true, stream_options: { include_usage: true } }],
    ['with other metadata', { ...QUESTION, metadata: { trace: '1' }, user: 'u1', store: true, service_tier: 'flex' }],
  ])('%s', (_, request) => expect(key(request)).toBe(usual));

  test.each<[string, object, Partial<Call>]>([
    ['another model', { ...QUESTION, model: 'gpt-4o-mini' }, {}],
    ['another text', { ...QUESTION, messages: [{ role: 'user', content: 'How deep is the sea' }] }, {}],
    ['another temperature', { ...QUESTION, temperature: 0 }, {}],
    ['tools of its own', { ...QUESTION, tools: [{ type: 'function', function: { name: 'f' } }] }, {}],
    ['another tenant', QUESTION, tenant('one')],
    ['another key, where tenants are not told apart', QUESTION, { headers: { authorization: 'Bearer x' } }],
    ['another key of Google, where tenants are not told apart', QUESTION, { headers: { 'x-goog-api-key': 'x' } }],
    ['another operation', QUESTION, { operation: 'responses' }],
  ])('not with %s', (_, request, facts) => {
    expect(key(request, facts)).not.toBe(usual);
    expect(key(request, facts)).not.toBe(null);
  });

  test('not where a tenant has the name of another organisation', () => {
    const of = (organisation: string | null, name: string): string | null =>
      key(QUESTION, { caller: { ...ANYONE, organisation, tenant: name } });
    expect(new Set([of('a', 'b'), of('a', 'c'), of(null, 'b'), of('b', 'a')]).size).toBe(4);
  });

  test.each<[string, object, Partial<Call>]>([
    ['the web is searched', { ...QUESTION, web_search_options: {} }, {}],
    ['the provider runs a tool', { ...QUESTION, tools: [{ type: 'web_search' }] }, { operation: 'responses' }],
    ['it goes on in the background', { ...QUESTION, background: true }, { operation: 'responses' }],
    ['the conversation is kept elsewhere', QUESTION, { pins: ['resp_1'] }],
    ['it speaks', { ...QUESTION, modalities: ['text', 'audio'] }, {}],
    ['it is carried unread', QUESTION, { operation: 'passthrough' }],
    ['it is no JSON', QUESTION, { body: Buffer.from('{') }],
  ])('there is no other like it: %s', (_, request, facts) => expect(key(request, facts)).toBe(null));
});

describe("on their makers' own wires", () => {
  const ASK = { model: 'claude-sonnet-5', max_tokens: 100, messages: [{ role: 'user', content: 'How deep?' }] };
  const CONTENTS = { contents: [{ role: 'user', parts: [{ text: 'How deep?' }] }] };
  const claude = (request: object, facts: Partial<Call> = {}): string | null =>
    requestKey(asked(request, { operation: 'messages', path: '/messages', ...facts }))?.hash ?? null;
  const path = '/models/gemini-2.5-flash:generateContent';
  const gemini = (request: object, facts: Partial<Call> = {}): string | null =>
    requestKey(asked(request, { operation: 'generate', path, model: 'gemini-2.5-flash', ...facts }))?.hash ?? null;

  test('the same is asked, whole or streamed, whoever it is for', () => {
    expect(claude({ ...ASK, stream: true, metadata: { user_id: 'u' } })).toBe(claude(ASK));
    const streamed = { path: '/models/gemini-2.5-flash:streamGenerateContent?alt=sse', stream: true };
    expect(gemini({ ...CONTENTS, labels: { a: 'b' } }, streamed)).toBe(gemini(CONTENTS));
  });

  test.each<[string, string | null, string | null]>([
    ['by another version of the wire', claude(ASK, { headers: { 'anthropic-version': '2026-10-21' } }), claude(ASK)],
    ['with a beta', claude(ASK, { headers: { 'anthropic-beta': 'x' } }), claude(ASK)],
    ['with tools of its own', claude({ ...ASK, tools: [{ name: 'f', input_schema: {} }] }), claude(ASK)],
    ['of another model', gemini(CONTENTS, { model: 'gemini-2.5-pro' }), gemini(CONTENTS)],
    ['with other settings', gemini({ ...CONTENTS, generationConfig: { seed: 1 } }), gemini(CONTENTS)],
  ])('something else is asked %s', (_, other, usual) => {
    expect(other).not.toBeNull();
    expect(other).not.toBe(usual);
  });

  test.each<[string, string | null]>([
    ["Anthropic's own tools", claude({ ...ASK, tools: [{ type: 'web_search_20260318', name: 'web_search' }] })],
    ['a container', claude({ ...ASK, container: 'c1' })],
    ['MCP servers', claude({ ...ASK, mcp_servers: [{ url: 'https://a.test' }] })],
    ["Google's own tools", gemini({ ...CONTENTS, tools: [{ googleSearch: {} }] })],
    ['what Google keeps', gemini({ ...CONTENTS, cachedContent: 'cachedContents/1' })],
    ['a stream that is a list', gemini(CONTENTS, { path: '/models/gemini-2.5-flash:streamGenerateContent' })],
  ])('there is no other like it: %s', (_, key) => expect(key).toBeNull());
});

function whole(answer: object, status = 200): GivenReply {
  return {
    kind: 'whole',
    status,
    headers: {},
    body: Buffer.from(JSON.stringify(answer)),
    usage: NO_USAGE,
    fault: null,
  };
}

const completion = (finish_reason: string, message: object = { role: 'assistant', content: 'Deep.' }): object => ({
  id: 'c1',
  object: 'chat.completion',
  created: 1,
  model: 'gpt-4o',
  choices: [{ index: 0, message, finish_reason }],
});

function stream(...events: object[]): GivenReply {
  const text = events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');
  return { kind: 'stream', status: 200, headers: {}, stream: new GivenStream(Buffer.from(`${text}data: [DONE]\n\n`)) };
}

const chunk = (content: string, finish_reason: string | null = null): object => ({
  choices: [{ index: 0, delta: { content }, finish_reason }],
});

/** Reads a reply to its end, as the caller would. */
function readAll(reply: GivenReply): string {
  if (reply.kind === 'whole') return Buffer.from(reply.body).toString();
  const chunks: Uint8Array[] = [];
  reply.stream.start({ write: (bytes) => chunks.push(bytes) > 0, end: () => undefined, fail: () => undefined });
  return Buffer.concat(chunks).toString();
}

const answers = (ttlMs: number | null, staleMs: number | null = null): KeptAnswers =>
  new KeptAnswers(new AnswerMemory(), clock, { ttlMs, staleMs });

/** Answers one request and asks for it again. */
function again(
  first: { request?: object; facts?: Partial<Call>; reply: GivenReply },
  second: { request?: object; facts?: Partial<Call> } = {},
): string | null {
  const kept = answers(60_000);
  const call = asked(first.request ?? QUESTION, first.facts);
  const opened = kept.open(call);
  readAll(opened === null ? first.reply : opened.keep(first.reply));
  const hit = kept.open(asked(second.request ?? QUESTION, second.facts))?.fresh() ?? null;
  return hit && readAll(hit.reply);
}

describe('an answer is given again', () => {
  const deep = JSON.stringify(completion('stop'));

  test('whole', () => expect(again({ reply: whole(completion('stop')) })).toBe(deep));

  test('with its tool calls', () => {
    const calls = { role: 'assistant', content: null, tool_calls: [{ id: 'call_1', type: 'function', function: {} }] };
    expect(again({ reply: whole(completion('tool_calls', calls)) })).toContain('call_1');
  });

  test('as a stream, though it came whole', () => {
    const text = again({ reply: whole(completion('stop')) }, { request: { ...QUESTION, stream: true } });
    expect(text).toContain('"delta":{"content":"Deep."}');
    expect(text?.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  test('as the stream it was, to whoever asks for a stream', () => {
    const request = { ...QUESTION, stream: true };
    const reply = stream(chunk('De'), chunk('ep.'), chunk('', 'stop'));
    const came = readAll(stream(chunk('De'), chunk('ep.'), chunk('', 'stop')));
    expect(again({ request, reply }, { request })).toBe(came);
  });

  test.each<[string, Parameters<typeof again>]>([
    ['cut off at its length', [{ reply: whole(completion('length')) }]],
    ['filtered', [{ reply: whole(completion('content_filter')) }]],
    ['a refusal', [{ reply: whole(completion('stop', { role: 'assistant', content: null, refusal: 'No.' })) }]],
    ['an error', [{ reply: whole({ error: {} }, 500) }]],
    ['for another tenant', [{ reply: whole(completion('stop')) }, { facts: tenant('one') }]],
    ['from another model', [{ reply: whole(completion('stop')), facts: { notes: ['degraded: model; served=x'] } }]],
    ['not to be kept', [{ reply: whole(completion('stop')), facts: { headers: { 'cache-control': 'no-store' } } }]],
    [
      'for whoever wants a new one',
      [{ reply: whole(completion('stop')) }, { facts: { headers: { 'cache-control': 'no-cache' } } }],
    ],
    [
      'a stream with the usage, for who did not ask for it',
      [
        {
          request: { ...QUESTION, stream: true, stream_options: { include_usage: true } },
          reply: stream(chunk('', 'stop')),
        },
        { request: { ...QUESTION, stream: true } },
      ],
    ],
    [
      'a stream that was cut off at its length',
      [
        { request: { ...QUESTION, stream: true }, reply: stream(chunk('De'), chunk('', 'length')) },
        { request: { ...QUESTION, stream: true } },
      ],
    ],
  ])('but not %s', (_, [first, second]) => expect(again(first, second)).toBe(null));

  test('not from a stream that broke', () => {
    const broken: GivenReply = {
      kind: 'stream',
      status: 200,
      headers: {},
      stream: {
        start: (sink) => void sink.write(Buffer.from(`data: ${JSON.stringify(chunk('x', 'stop'))}\n\n`)),
        pause: () => undefined,
        resume: () => undefined,
        onEnding: (listener) => listener({ fault: faultOf('partial-response'), usage: NO_USAGE, sentTokens: 1 }),
      },
    };
    const request = { ...QUESTION, stream: true };
    expect(again({ request, reply: broken }, { request })).toBe(null);
  });

  test('while it is young: by the route, and by the caller', async () => {
    const kept = answers(60_000);
    kept.open(asked(QUESTION))?.keep(whole(completion('stop')));
    await clock.advance(30_000);
    expect(kept.open(asked(QUESTION))?.fresh()).toMatchObject({ ageMs: 30_000 });
    const impatient = asked(QUESTION, { headers: { 'cache-control': 'max-age=10' } });
    expect(kept.open(impatient)?.fresh()).toBe(null);
    await clock.advance(30_001);
    expect(kept.open(asked(QUESTION))?.fresh()).toBe(null);
  });

  test('older ones only where no target answers', async () => {
    const kept = answers(60_000, 3_600_000);
    kept.open(asked(QUESTION))?.keep(whole(completion('stop')));
    await clock.advance(312_400);
    expect(kept.open(asked(QUESTION))?.fresh()).toBe(null);
    const rung = staleRung({ rung: 'stale', maxAgeMs: 3_600_000, on: new Set(['overloaded']) }, kept);
    const answer = await rung.answer(asked(QUESTION), faultOf('overloaded'));
    expect(answer).toMatchObject({ detail: 'age=312', reply: { status: 200, free: true } });
    await clock.advance(3_600_000);
    expect(await rung.answer(asked(QUESTION), faultOf('overloaded'))).toBe(null);
  });
});
