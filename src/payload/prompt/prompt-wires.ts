import type { Operation } from '../../engine/call.ts';
import { chatPrompt } from './chat.ts';
import { generatePrompt } from './generate.ts';
import { messagesPrompt } from './messages.ts';
import type { PromptOperation, PromptWire } from './prompt-wire.ts';
import { responsesPrompt } from './responses.ts';

/** The wires by what is asked on them. */
export const PROMPT_WIRES: Readonly<Record<PromptOperation, PromptWire>> = {
  chat: chatPrompt,
  responses: responsesPrompt,
  messages: messagesPrompt,
  generate: generatePrompt,
};

/** Whether an operation has a conversation in its requests. */
export function hasPrompt(operation: Operation): operation is PromptOperation {
  return Object.hasOwn(PROMPT_WIRES, operation);
}
