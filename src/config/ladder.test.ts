import { describe, expect, test } from 'vitest';
import { callAt } from '../engine/scripted.test-support.ts';
import { faultOf } from '../engine/fault/index.ts';
import { VirtualClock } from '../engine/virtual-clock.ts';
import { degradedField, checkDegraded, describeDegraded, type DegradedSection, resolveDegraded } from './ladder.ts';
import { degradedRungs } from './rungs.ts';
import * as z from 'zod';
import type { FaultKind } from '../engine/fault/fault.ts';

const field = degradedField(z.array(z.string() as unknown as z.ZodType<FaultKind>));
const ON = new Set<FaultKind>(['overloaded']);
const read = (written: unknown): ReturnType<typeof resolveDegraded> =>
  resolveDegraded(field.parse(written) as DegradedSection, ON);

describe('degraded rungs of a ladder', () => {
  test.each([
    [{ stale: null }, { rung: 'stale', maxAgeMs: 86_400_000, on: ON }, 'an earlier answer, at most 1d old'],
    [{ stale: { maxAge: '1h' } }, { rung: 'stale', maxAgeMs: 3_600_000, on: ON }, 'an earlier answer, at most 1h old'],
    [{ job: {} }, { rung: 'job', retryAfterMs: 5_000, on: ON }, 'a job, with a placeholder meanwhile'],
    [
      { canned: { text: 'Later.', on: ['timeout'] } },
      {
        rung: 'canned',
        text: 'Later.',
        bodies: { chat: null, responses: null, messages: null, generate: null, embeddings: null },
        on: new Set(['timeout']),
      },
      'a fixed answer',
    ],
    [
      { canned: { json: { items: [] } } },
      {
        rung: 'canned',
        text: '{"items":[]}',
        bodies: { chat: null, responses: null, messages: null, generate: null, embeddings: null },
        on: ON,
      },
      'a fixed answer',
    ],
  ])('%j', (written, policy, described) => {
    expect(read(written)).toEqual(policy);
    expect(describeDegraded(read(written))).toBe(described);
  });

  test.each([
    [['a', { stale: null }], null],
    [
      ['a', { stale: null }, 'b'],
      [['ladder', 2], 'is a target behind a degraded answer (rung 2)'],
    ],
    [[{ canned: { text: 'x' } }], [['ladder', 0], 'is a degraded answer with no target before it']],
    [
      ['a', { canned: {} }],
      [['ladder', 1, 'canned'], 'has nothing to say'],
    ],
    [
      ['a', { canned: { text: 'x', json: 1 } }],
      [['ladder', 1, 'canned', 'json'], 'stands beside text'],
    ],
  ])('checks %j', (ladder, found) => {
    const findings = checkDegraded(['ladder'], ladder);
    expect(findings.map(({ path, wrong }) => [path, wrong])).toEqual(found === null ? [] : [found]);
    expect(findings.every(({ fix }) => fix.endsWith('.'))).toBe(true);
  });

  test('a job rung needs somebody who runs jobs', () => {
    const clock = new VirtualClock();
    expect(() => degradedRungs('main', [read({ job: null })], null, { clock })).toThrow(/route main ends in a job/);
    const made = { name: 'job', on: ON, answer: () => null };
    expect(degradedRungs('main', [read({ job: null })], null, { clock, jobRung: () => made })).toEqual([made]);
  });
});

describe('a canned answer', () => {
  const answerTo = async (written: unknown, facts: object): Promise<string | null> => {
    const clock = new VirtualClock();
    const [rung] = degradedRungs('main', [read(written)], null, { clock });
    const answer = await rung?.answer(callAt(clock, facts), faultOf('overloaded'));
    if (answer === null || answer === undefined) return null;
    if (answer.reply.kind === 'whole') return Buffer.from(answer.reply.body).toString();
    const chunks: Uint8Array[] = [];
    const sink = { write: (chunk: Uint8Array) => chunks.push(chunk) > 0, end: () => undefined, fail: () => undefined };
    answer.reply.stream.start(sink);
    return Buffer.concat(chunks).toString();
  };

  test('is a chat completion, a stream of one, or a response', async () => {
    const canned = { canned: { text: 'Later.' } };
    expect(JSON.parse((await answerTo(canned, {})) ?? '')).toMatchObject({
      object: 'chat.completion',
      model: 'gpt-4o',
      choices: [{ message: { content: 'Later.' }, finish_reason: 'stop' }],
    });
    const stream = (await answerTo(canned, { stream: true })) ?? '';
    expect(stream).toContain('"delta":{"content":"Later."');
    expect(stream).not.toContain('"usage"');
    expect(stream.endsWith('data: [DONE]\n\n')).toBe(true);
    const body = Buffer.from('{"stream":true,"stream_options":{"include_usage":true}}');
    expect(await answerTo(canned, { stream: true, body })).toContain('"usage":{"prompt_tokens":0');
    expect(JSON.parse((await answerTo(canned, { operation: 'responses' })) ?? '')).toMatchObject({
      object: 'response',
      status: 'completed',
      output: [{ content: [{ type: 'output_text', text: 'Later.' }] }],
    });
    expect(JSON.parse((await answerTo(canned, { operation: 'messages' })) ?? '')).toMatchObject({
      type: 'message',
      content: [{ type: 'text', text: 'Later.' }],
      stop_reason: 'end_turn',
    });
    const blocks = (await answerTo(canned, { operation: 'messages', stream: true })) ?? '';
    expect(blocks.match(/^event: \S+/gm)?.at(-1)).toBe('event: message_stop');
    expect(blocks).toContain('"delta":{"type":"text_delta","text":"Later."}');
    const events = (await answerTo(canned, { operation: 'responses', stream: true })) ?? '';
    expect(events.match(/^event: \S+/gm)?.at(-1)).toBe('event: response.completed');
    expect(events).toContain('"delta":"Later."');
  });

  test('has bodies of its own by operation, and nothing for what it has none for', async () => {
    const canned = { canned: { bodies: { embeddings: { object: 'list', data: [] } } } };
    expect(await answerTo(canned, { operation: 'embeddings' })).toBe('{"object":"list","data":[]}');
    expect(await answerTo(canned, {})).toBe(null);
    expect(await answerTo({ canned: { text: 'x' } }, { operation: 'passthrough', path: '/files' })).toBe(null);
  });
});
