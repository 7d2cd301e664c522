import type { Pace } from '../latency.ts';
import { write } from '../script.ts';
import type { Part, Write } from '../script.ts';
import { usageOf } from './message.ts';
import type { Block, Message } from './message.ts';

interface Event {
  readonly type: string;
  readonly [member: string]: unknown;
}

/** A message as its stream tells it, event by event. */
export function messageWrites(message: Message, pace: Pace): Write[] {
  const writes: Write[] = [];
  const say = (part: Part, data: Event, waitMs = 0) => writes.push(write(part, event(data), waitMs));
  const opening = {
    id: message.id,
    type: 'message',
    role: 'assistant',
    model: message.model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: usageOf(message, 1),
  };
  say('opening', { type: 'message_start', message: opening }, pace.firstTokenMs);
  let first = true;
  for (const [index, block] of message.blocks.entries()) {
    say('opening', { type: 'content_block_start', index, content_block: emptyBlock(block) });
    if (index === 0) say('opening', { type: 'ping' });
    for (const piece of block.pieces) {
      say('content', { type: 'content_block_delta', index, delta: deltaOf(block, piece) }, first ? 0 : pace.gap());
      first = false;
    }
    if (block.type === 'thinking') {
      const seal = { type: 'signature_delta', signature: 'c2VhbGVk' };
      say('opening', { type: 'content_block_delta', index, delta: seal });
    }
    // What closes one block stands in the midst of the answer; only behind the last one it is over.
    const isLast = index === message.blocks.length - 1;
    say(isLast ? 'closing' : 'opening', { type: 'content_block_stop', index });
  }
  say('closing', ending(message));
  say('terminal', { type: 'message_stop' });
  return writes;
}

/** An event as the wire frames it. */
export function event(data: Event): string {
  return `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** How a message ends: `message_delta`, with the usage of all of it. */
function ending({ stopReason, stopSequence, outputTokens }: Message): Event {
  const delta = { stop_reason: stopReason, stop_sequence: stopSequence };
  return { type: 'message_delta', delta, usage: { output_tokens: outputTokens } };
}

function emptyBlock(block: Block): object {
  if (block.type === 'text') return { type: 'text', text: '' };
  if (block.type === 'thinking') return { type: 'thinking', thinking: '', signature: '' };
  return { type: 'tool_use', id: block.id, name: block.name, input: {} };
}

function deltaOf(block: Block, piece: string): object {
  if (block.type === 'text') return { type: 'text_delta', text: piece };
  if (block.type === 'thinking') return { type: 'thinking_delta', thinking: piece };
  return { type: 'input_json_delta', partial_json: piece };
}
