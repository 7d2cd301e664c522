import { messagesCaller } from './anthropic/caller/wire.ts';
import { generateCaller } from './gemini/caller/wire.ts';
import { responsesCaller } from './responses/wire.ts';
import type { CallerWire } from './translation/caller-wire.ts';

/** What callers ask in a format that not every target speaks. */
export type InterpretedOperation = 'messages' | 'responses' | 'generate';

/** The formats that can be put into Chat Completions and back. */
export const CALLER_WIRES: Readonly<Record<InterpretedOperation, CallerWire>> = {
  messages: messagesCaller,
  responses: responsesCaller,
  generate: generateCaller,
};
