import type { Call, Operation } from '../engine/call.ts';
import type { Dialect } from '../engine/ports.ts';
import { messages } from './anthropic/messages.ts';
import { generate } from './gemini/generate.ts';
import { chat } from './openai/chat.ts';
import { embeddings, models } from './openai/lists.ts';
import { responses } from './openai/responses.ts';

/** How the answers to each operation are read: in the caller's own format, whatever the target's was. */
const DIALECTS: Readonly<Record<Operation, Dialect | null>> = {
  chat,
  responses,
  messages,
  generate,
  embeddings,
  models,
  passthrough: null,
};

/** Null for bytes that are carried unread. */
export function dialectOf(call: Call): Dialect | null {
  return DIALECTS[call.operation];
}
