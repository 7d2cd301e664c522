import { describe, expect, test } from 'vitest';
import type { Call } from '../../../engine/call.ts';
import type { Follower } from '../../../engine/continuing/ports.ts';
import { callAt } from '../../../engine/scripted.test-support.ts';
import { VirtualClock } from '../../../engine/virtual-clock.ts';
import { followResponse } from './response-follower.ts';

const REQUEST = { model: 'm', input: 'Tell me.', stream: true, max_output_tokens: 100 };

const follow = (request: object = REQUEST, facts: Partial<Call> = {}): Follower | null =>
  followResponse(
    callAt(new VirtualClock(), {
      operation: 'responses',
      body: Buffer.from(JSON.stringify(request)),
      stream: true,
      ...facts,
    }),
  );

const event = (type: string, facts: object = {}): string => `data: ${JSON.stringify({ type, ...facts })}\n\n`;
const created = (id: string): string => event('response.created', { response: { id, created_at: 1, model: 'm' } });
const message = (id: string, index: number): string =>
  event('response.output_item.added', { output_index: index, item: { id, type: 'message', content: [] } });
const says = (delta: string, id = 'msg_1', index = 0): string =>
  event('response.output_text.delta', {
    item_id: id,
    output_index: index,
    content_index: 0,
    delta,
    sequence_number: 7,
  });
const thought = event('response.output_item.done', { output_index: 0, item: { id: 'rs_1', type: 'reasoning' } });
const LONG = 'The kelp holds fast to the rock while the sto';

function followed(...events: string[]): Follower {
  const follower = follow() as Follower;
  for (const each of events) follower.gave(Buffer.from(each));
  return follower;
}

describe('what can be gone on with', () => {
  test.each<[string, boolean, string[]]>([
    ['nothing yet', true, [created('r1')]],
    ['a text', true, [created('r1'), message('msg_1', 0), says('The k')]],
    ['a text after thoughts', true, [created('r1'), thought, message('msg_1', 1), says('The k', 'msg_1', 1)]],
    ['a tool call', false, [event('response.output_item.added', { item: { type: 'function_call' } })]],
    ['a refusal', false, [message('msg_1', 0), event('response.refusal.delta', { delta: 'I' })]],
    ['a text that has ended', false, [message('msg_1', 0), says('x'), event('response.output_text.done')]],
    ['a second message', false, [message('msg_1', 0), message('msg_2', 1)]],
  ])('%s: %s', (_, continuable, events) => expect(followed(...events).continuable).toBe(continuable));

  test.each<[string, object, Partial<Call>]>([
    ["a provider's own state", REQUEST, { pins: ['resp_1'] }],
    ['work in the background', { ...REQUEST, background: true }, {}],
    ['probabilities', { ...REQUEST, include: ['message.output_text.logprobs'] }, {}],
  ])('not %s', (_, request, facts) => expect(follow(request, facts)).toBe(null));
});

test('the request for the rest says what was given', () => {
  const follower = followed(created('r1'), message('msg_1', 0), says(LONG));
  const ask = (request: object, style: 'instruction' | 'prefill' | 'prefix'): unknown => {
    const body = follower.request(Buffer.from(JSON.stringify(request)), style, 12);
    return body === null ? null : JSON.parse(Buffer.from(body).toString());
  };
  const soFar = { role: 'assistant', content: LONG };
  const asked = { role: 'user', content: 'Tell me.' };
  expect(ask(REQUEST, 'prefill')).toEqual({ ...REQUEST, input: [asked, soFar], max_output_tokens: 88 });
  const told = { role: 'user', content: expect.stringContaining('<<<') as string };
  for (const style of ['instruction', 'prefix'] as const) {
    expect(ask({ ...REQUEST, input: [asked] }, style)).toMatchObject({ input: [asked, soFar, told] });
  }
  const structured = { ...REQUEST, text: { format: { type: 'json_schema' } } };
  expect(ask(structured, 'instruction')).toBe(null);
});

describe('the joint', () => {
  const joined = (...events: string[]): Record<string, unknown>[] | null => {
    const joint = followed(created('r1'), thought, message('msg_1', 1), says(LONG, 'msg_1', 1)).join('prefill', 12);
    let text = '';
    for (const each of events) {
      const given = joint.push(Buffer.from(each));
      if (given === null) return null;
      text += Buffer.from(given).toString();
    }
    const lines = text.split('\n').filter((line) => line.startsWith('data:'));
    return lines.map((line) => JSON.parse(line.slice(5)) as Record<string, unknown>);
  };

  test('goes on at the place of the first, and counts on', () => {
    expect(joined(created('r2'), message('msg_9', 0), says('rm.', 'msg_9', 0))).toEqual([
      {
        type: 'response.output_text.delta',
        item_id: 'msg_1',
        output_index: 1,
        content_index: 0,
        delta: 'rm.',
        sequence_number: 8,
      },
    ]);
  });

  test('ends with the whole response', () => {
    const item = { id: 'msg_9', type: 'message', content: [{ type: 'output_text', text: 'rm.' }] };
    const response = {
      id: 'r2',
      created_at: 9,
      model: 'other',
      output: [item],
      usage: { output_tokens: 2, total_tokens: 9 },
    };
    const events = joined(message('msg_9', 0), says('rm.', 'msg_9', 0), event('response.completed', { response }));
    expect(events?.at(-1)).toMatchObject({
      response: {
        id: 'r1',
        created_at: 1,
        model: 'm',
        store: false,
        output: [{ id: 'rs_1' }, { id: 'msg_1', content: [{ type: 'output_text', text: `${LONG}rm.` }] }],
        usage: { output_tokens: 14, total_tokens: 21 },
      },
    });
  });

  test('lets a tool call behind the text through, where it stands then', () => {
    const call = event('response.output_item.added', { output_index: 1, item: { id: 'fc_1', type: 'function_call' } });
    expect(joined(message('msg_9', 0), says('rm.', 'msg_9', 0), call)?.at(-1)).toMatchObject({
      output_index: 2,
      item: { id: 'fc_1' },
    });
  });

  test('is none where the rest has no text', () => {
    const call = event('response.output_item.added', { output_index: 0, item: { id: 'fc_1', type: 'function_call' } });
    expect(joined(call)).toBe(null);
  });
});
