import type { Fault } from '../../engine/fault/fault.ts';
import { faultOf } from '../../engine/fault/index.ts';
import type { PromptOperation } from '../prompt/prompt-wire.ts';
import { PROMPT_WIRES } from '../prompt/prompt-wires.ts';

/** A prompt that is too long, and what it is too long for; all in the model's own tokens. */
export interface Overlong {
  readonly operation: PromptOperation;
  readonly model: string;
  readonly tokens: number;
  /** The most tokens that the prompt may have. */
  readonly room: number;
  readonly window: number | null;
  readonly ceiling: number | null;
  /** Tokens that the request asks for as its answer; null when it does not say. */
  readonly output: number | null;
  /** Why what may be done about it was not enough. */
  readonly why: readonly string[];
}

/** Tells the caller how much is too much, and what would help. */
export function tooLong(overlong: Overlong): Fault {
  const { operation, model, tokens, room, window, ceiling, output, why } = overlong;
  const bound =
    ceiling === room
      ? `prompts of this route may have ${show(room)}`
      : `${model} takes ${show(room)} here${window === null ? '' : ` (its window of ${show(window)}, less what the answer needs)`}`;
  return faultOf('context-length', {
    message: `the prompt has ${show(tokens)} tokens, and ${bound}`,
    remedy: helps(overlong),
    param: PROMPT_WIRES[operation].member,
    evidence: [
      `${tokens} tokens counted`,
      `room for ${room}`,
      ...(output === null ? [] : [`${output} asked for as the answer`]),
      ...why,
    ],
  });
}

function helps({ tokens, room, window, ceiling, output }: Overlong): string {
  const ways = [`Shorten the prompt by ${show(tokens - room)} tokens (leave old turns out, or sum them up)`];
  const asked = output !== null && window !== null && ceiling !== room;
  if (asked && window - tokens > 0) ways.push(`ask for an answer of at most ${show(window - tokens)} tokens`);
  ways.push(
    ceiling === room ? "raise the route's fit.ceiling" : 'use a model with a larger window',
    "or let the route's fit strategies do it",
  );
  return `${ways.join(', ')}.`;
}

function show(number: number): string {
  return Math.round(number).toLocaleString('en');
}
