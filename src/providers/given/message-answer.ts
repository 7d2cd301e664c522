import type { Signature } from './chat-answer.ts';

/** A text as a whole answer of the Messages API. */
export function messageAnswer(text: string, { id, model }: Signature): Record<string, unknown> {
  return {
    id: `msg_${id}`,
    type: 'message',
    role: 'assistant',
    model,
    content: [{ type: 'text', text }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 0, output_tokens: 0 },
  };
}

/** A whole answer of the Messages API as the stream in which it would have come, what each block says in one piece. */
export function messageStream(message: Readonly<Record<string, unknown>>): string {
  const { content, stop_reason, stop_sequence, usage } = message;
  const blocks = (Array.isArray(content) ? content : []) as Record<string, unknown>[];
  const events: Record<string, unknown>[] = [
    { type: 'message_start', message: { ...message, content: [], stop_reason: null, stop_sequence: null } },
  ];
  for (const [index, block] of blocks.entries()) {
    const [content_block, ...deltas] = piecesOf(block);
    events.push({ type: 'content_block_start', index, content_block });
    for (const delta of deltas) events.push({ type: 'content_block_delta', index, delta });
    events.push({ type: 'content_block_stop', index });
  }
  events.push({ type: 'message_delta', delta: { stop_reason, stop_sequence }, usage });
  events.push({ type: 'message_stop' });
  return events.map((event) => `event: ${event['type'] as string}\ndata: ${JSON.stringify(event)}\n\n`).join('');
}

/** A block as it begins, and what then comes of it. */
function piecesOf(block: Record<string, unknown>): readonly object[] {
  const { type, text, thinking, signature, input } = block;
  if (type === 'text')
    return [
      { ...block, text: '' },
      { type: 'text_delta', text },
    ];
  if (type === 'tool_use') {
    return [
      { ...block, input: {} },
      { type: 'input_json_delta', partial_json: JSON.stringify(input ?? {}) },
    ];
  }
  if (type === 'thinking') {
    const begun = { ...block, thinking: '', signature: '' };
    return [begun, { type: 'thinking_delta', thinking }, { type: 'signature_delta', signature }];
  }
  return [block];
}
