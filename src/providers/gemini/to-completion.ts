import { isObject } from '../openai/request.ts';
import { partsIn, readPart } from './answer-parts.ts';
import { blockIn, breakdownIn, type Failure, SAID_NOTHING } from './failure.ts';
import { finishReasonOf } from './finish-reason.ts';
import { sealed } from './seal.ts';
import { chatUsageOf, readUsage } from './usage.ts';

export interface CompletionOptions {
  /** Seconds since 1970, which the wire does not tell. */
  readonly created: number;
  /** An answer without a word is one: the caller named texts to stop at, and it may have begun with one. */
  readonly mayBeEmpty: boolean;
}

/**
 * A whole answer of the Gemini wire as a chat completion; null for what is no such answer, which is better judged as it came.
 * An answer that failed becomes an error: that it came with a 200 tells nothing.
 */
export function toCompletion(
  body: unknown,
  { created, mayBeEmpty }: CompletionOptions,
): Readonly<Record<string, unknown>> | null {
  if (!isObject(body)) return null;
  const blocked = blockIn(body);
  if (blocked !== null) return blocked;
  const { candidates, responseId: id, modelVersion: model, usageMetadata: usage } = body;
  if (!Array.isArray(candidates) || candidates.length === 0) return null;
  const choices: object[] = [];
  for (const [at, candidate] of candidates.entries()) {
    const choice = choiceOf(isObject(candidate) ? candidate : {}, at, mayBeEmpty);
    if ('error' in choice) return choice;
    choices.push(choice);
  }
  return {
    id: completionId(id),
    object: 'chat.completion',
    created,
    model: typeof model === 'string' ? model : '',
    choices,
    ...(isObject(usage) ? { usage: chatUsageOf(readUsage(usage)) } : {}),
  };
}

/** The answer keeps its own id behind OpenAI's prefix, so that the provider can be asked about it. */
export function completionId(id: unknown): string {
  return `chatcmpl-${typeof id === 'string' ? id : ''}`;
}

function choiceOf(candidate: Readonly<Record<string, unknown>>, at: number, mayBeEmpty: boolean): object | Failure {
  const broken = breakdownIn(candidate);
  if (broken !== null) return broken;
  const { index, finishReason } = candidate;
  const { text, thoughts, calls, seal } = readContent(partsIn(candidate));
  const hasCalls = calls.length > 0;
  if (text === '' && !hasCalls && finishReason === 'STOP' && !mayBeEmpty) return SAID_NOTHING;
  const finish = finishReasonOf(finishReason, hasCalls);
  return {
    index: typeof index === 'number' ? index : at,
    message: {
      role: 'assistant',
      content: text === '' && (hasCalls || finish === 'content_filter') ? null : text,
      refusal: refusalOf(candidate, finish),
      ...(thoughts === '' ? {} : { reasoning_content: thoughts }),
      ...(hasCalls ? { tool_calls: calls } : {}),
      ...(seal === null ? {} : sealed(seal)),
    },
    logprobs: null,
    finish_reason: finish,
  };
}

/** What is said of an answer that was withheld; null when nothing was. */
export function refusalOf(
  { finishReason, finishMessage }: Readonly<Record<string, unknown>>,
  finish: string,
): string | null {
  if (finish !== 'content_filter') return null;
  return typeof finishMessage === 'string' && finishMessage !== '' ? finishMessage : `Refused: ${String(finishReason)}`;
}

interface Content {
  readonly text: string;
  readonly thoughts: string;
  readonly calls: readonly object[];
  /** The last that seals a text. */
  readonly seal: string | null;
}

function readContent(parts: readonly unknown[]): Content {
  let text = '';
  let thoughts = '';
  let seal: string | null = null;
  const calls: object[] = [];
  for (const each of parts) {
    const part = readPart(each);
    if (part === null) continue;
    if (part.kind === 'call') calls.push(part.call);
    else if (part.kind === 'thought') thoughts += part.text;
    else {
      text += part.text;
      seal = part.seal ?? seal;
    }
  }
  return { text, thoughts, calls, seal };
}
