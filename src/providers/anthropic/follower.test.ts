import { describe, expect, test } from 'vitest';
import { callAt } from '../../engine/scripted.test-support.ts';
import type { ContinuationStyle, Follower } from '../../engine/continuing/ports.ts';
import { VirtualClock } from '../../engine/virtual-clock.ts';
import { followMessages } from './follower.ts';

const BODY = { model: 'claude-opus-4-1', max_tokens: 500, messages: [{ role: 'user', content: 'Go.' }], stream: true };
const event = (type: string, more: object = {}): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
const begin = (index: number, content_block: object): string => event('content_block_start', { index, content_block });
const text = (piece: string, index = 0): string =>
  event('content_block_delta', { index, delta: { type: 'text_delta', text: piece } });
const stop = (index: number): string => event('content_block_stop', { index });
const start = event('message_start', { message: { id: 'msg_1', usage: { input_tokens: 9, output_tokens: 1 } } });
const end = (output_tokens = 5): string =>
  event('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens } }) + event('message_stop');

function follower(...events: string[]): Follower {
  const made = followMessages(
    callAt(new VirtualClock(), { operation: 'messages', body: Buffer.from(JSON.stringify(BODY)) }),
  );
  if (made === null) throw new Error('it can be followed');
  made.gave(Buffer.from(events.join('')));
  return made;
}

const asked = (made: Follower, style: ContinuationStyle, body: object = BODY): unknown => {
  const bytes = made.request(Buffer.from(JSON.stringify(body)), style, 40);
  return bytes === null ? null : JSON.parse(Buffer.from(bytes).toString());
};

const joined = (made: Follower, style: ContinuationStyle, ...events: string[]): string | null => {
  const bytes = made.join(style, 40).push(Buffer.from(events.join('')));
  return bytes === null ? null : Buffer.from(bytes).toString();
};

const cut = follower(start, begin(0, { type: 'text', text: '' }), text('The kelp '), text('ho'));

describe('what can be gone on with', () => {
  const thinking = begin(0, { type: 'thinking', thinking: '', signature: '' });
  test.each<[string, string[], boolean]>([
    ['a text', [text('The')], true],
    [
      'a text behind thoughts that are sealed',
      [thinking, stop(0), begin(1, { type: 'text', text: '' }), text('a', 1)],
      true,
    ],
    ['thoughts without their seal', [thinking], false],
    ['a call', [begin(0, { type: 'tool_use', id: 't', name: 'f', input: {} })], false],
    ['a text that is over', [begin(0, { type: 'text', text: '' }), stop(0)], false],
    ['an answer that has ended', [begin(0, { type: 'text', text: '' }), end()], false],
    ['a note on the text', [event('content_block_delta', { index: 0, delta: { type: 'citations_delta' } })], false],
  ])('%s: %#', (_, events, continuable) => {
    expect(follower(start, ...events).continuable).toBe(continuable);
  });
});

describe('what is asked for', () => {
  test('the rest, as the words of the model', () => {
    expect(asked(cut, 'prefill')).toMatchObject({
      max_tokens: 460,
      messages: [BODY.messages[0], { role: 'assistant', content: 'The kelp ho' }],
    });
  });

  test('or by an instruction', () => {
    expect(asked(cut, 'instruction')).toMatchObject({
      messages: [{}, { role: 'assistant' }, { role: 'user', content: expect.stringContaining('<<<The kelp ho>>>') }],
    });
  });

  test.each<[string, ContinuationStyle, object]>([
    ['a form, by an instruction', 'instruction', { output_config: { format: { type: 'json_schema', schema: {} } } }],
    ['thoughts, as the words of the model', 'prefill', { thinking: { type: 'adaptive' } }],
    [
      'an answer that the caller began',
      'prefill',
      { messages: [...BODY.messages, { role: 'assistant', content: '{' }] },
    ],
  ])('but never %s', (_, style, more) => expect(asked(cut, style, { ...BODY, ...more })).toBeNull());
});

describe('the joint', () => {
  test('goes on in the same block, and counts all of it', () => {
    const given = joined(cut, 'prefill', start, begin(0, { type: 'text', text: '' }), text('lds.'), stop(0), end());
    expect(given).toBe(text('lds.') + stop(0) + end(45));
  });

  test('takes off what was said before, and leaves out what another model thought', () => {
    const given = joined(
      cut,
      'instruction',
      start,
      begin(0, { type: 'thinking', thinking: '', signature: '' }),
      event('content_block_delta', { index: 0, delta: { type: 'thinking_delta', thinking: 'Hm' } }),
      stop(0),
      begin(1, { type: 'text', text: '' }),
      text('The kelp ho', 1),
      text('lds.', 1),
      stop(1),
      end(),
    );
    expect(given).toBe(text('lds.') + stop(0) + end(45));
  });

  test('a call behind the text gets the next number', () => {
    const call = { type: 'tool_use', id: 't', name: 'f', input: {} };
    const rest = [begin(0, { type: 'text', text: '' }), text('lds.'), stop(0), begin(1, call), stop(1), end()];
    expect(joined(cut, 'prefill', start, ...rest)).toBe(text('lds.') + stop(0) + begin(1, call) + stop(1) + end(45));
  });

  test('where no text had begun, one begins', () => {
    const early = follower(start, begin(0, { type: 'thinking', thinking: '', signature: '' }), stop(0));
    const given = joined(early, 'prefill', start, begin(0, { type: 'text', text: '' }), text('So.'), stop(0), end());
    expect(given).toBe(begin(1, { type: 'text', text: '' }) + text('So.', 1) + stop(1) + end(45));
  });

  test('what does not go on there is not joined', () => {
    const anew = text('Certainly, here is all of it once more, from its very beginning.');
    expect(joined(cut, 'instruction', start, begin(0, { type: 'text', text: '' }), anew, stop(0), end())).toBeNull();
  });
});
