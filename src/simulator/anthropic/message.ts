import type { JsonObject } from '../json.ts';

/** One answer as generated: blocks in the order they are said. */
export interface Message {
  readonly id: string;
  readonly model: string;
  readonly blocks: readonly Block[];
  readonly stopReason: string;
  readonly stopSequence: string | null;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly thinkingTokens: number;
}

/** One block of an answer, in the pieces it streams in. */
export type Block =
  | { readonly type: 'text'; readonly pieces: readonly string[] }
  | { readonly type: 'thinking'; readonly pieces: readonly string[] }
  | { readonly type: 'tool_use'; readonly id: string; readonly name: string; readonly pieces: readonly string[] };

/** What is told of tokens; a stream tells the answer's as it goes. */
export function usageOf(message: Message, outputTokens: number): JsonObject {
  return {
    input_tokens: message.inputTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: outputTokens,
    ...(message.thinkingTokens > 0 ? { output_tokens_details: { thinking_tokens: message.thinkingTokens } } : {}),
    service_tier: 'standard',
  };
}

/** A message as it is answered whole. */
export function wholeMessage(message: Message): JsonObject {
  return {
    id: message.id,
    type: 'message',
    role: 'assistant',
    model: message.model,
    content: message.blocks.map((block) => {
      const said = block.pieces.join('');
      if (block.type === 'text') return { type: 'text', text: said };
      if (block.type === 'thinking') return { type: 'thinking', thinking: said, signature: 'c2VhbGVk' };
      return { type: 'tool_use', id: block.id, name: block.name, input: inputIn(said) };
    }),
    stop_reason: message.stopReason,
    stop_sequence: message.stopSequence,
    usage: usageOf(message, message.outputTokens),
  };
}

/** Arguments that the cap has cut short are no JSON any more; the real API gives what it could read. */
function inputIn(written: string): unknown {
  try {
    return JSON.parse(written);
  } catch {
    return {};
  }
}
