import { answerTo } from './answer.ts';
import type { Answer } from './answer.ts';
import type { JsonObject } from './json.ts';
import type { ModelTraits } from './models.ts';
import type { Begun, Prompt } from './prompt.ts';
import type { Received, Upstream } from './upstream.ts';

/** One choice as generated: what was said, and whether a limit ended it. */
export interface Choice {
  readonly answer: Answer;
  /** The tokens that reach the caller, cut at the output cap. */
  readonly pieces: readonly string[];
  readonly cut: boolean;
  readonly reasoningTokens: number;
  /** Visible and hidden tokens together. */
  readonly outputTokens: number;
}

export interface GenerationRequest {
  readonly prompt: Prompt;
  readonly traits: ModelTraits;
  /** The caller's cap on the output; null leaves the model's own. */
  readonly cap: number | null;
  readonly choices: number;
  readonly tools: readonly unknown[];
  readonly toolChoice: unknown;
  readonly format: JsonObject | null;
  readonly effort: string | null;
}

/** Hidden tokens that a reasoning model spends before it speaks, by effort. Made up; only their being there is real. */
const REASONING_TOKENS: Readonly<Record<string, number>> = {
  none: 0,
  minimal: 0,
  low: 64,
  medium: 128,
  high: 512,
  xhigh: 1024,
  max: 2048,
};

export function generate(request: GenerationRequest, received: Received, upstream: Upstream): Choice[] {
  const { prompt, traits } = request;
  const room = Math.min(request.cap ?? traits.outputCap, traits.outputCap, traits.window - prompt.tokens);
  const thoughts = traits.reasoning ? (REASONING_TOKENS[request.effort ?? 'medium'] ?? 0) : 0;
  const reasoningTokens = Math.min(thoughts, room);
  return Array.from({ length: request.choices }, (_, choice) => {
    const answerOf = (asked: Prompt): Answer =>
      answerTo({
        seed: upstream.seed,
        prompt: asked,
        choice,
        tools: request.tools,
        toolChoice: request.toolChoice,
        format: request.format,
        scripted: upstream.scripted(received),
        length: upstream.answerTokens,
      });
    const rest = prompt.begun === null ? null : restOf(answerOf(prompt.begun.prompt), prompt.begun);
    const answer = rest ?? answerOf(prompt);
    const all = answer.kind === 'text' ? answer.tokens : answer.pieces;
    const pieces = all.slice(0, room - reasoningTokens);
    const cut = pieces.length < all.length;
    return { answer, pieces, cut, reasoningTokens, outputTokens: reasoningTokens + pieces.length };
  });
}

/**
 * The rest of an answer from the very character where it broke off; null where it did not begin like this, which is the answer
 * of another conversation.
 */
function restOf(answer: Answer, { said, repeats }: Begun): Answer | null {
  if (answer.kind !== 'text') return null;
  if (!answer.tokens.join('').startsWith(said)) return null;
  let left = said.length - repeats;
  const tokens: string[] = [];
  for (const token of answer.tokens) {
    if (left < token.length) tokens.push(token.slice(left));
    left = Math.max(0, left - token.length);
  }
  return { kind: 'text', tokens };
}
