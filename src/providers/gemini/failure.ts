import { isObject } from '../openai/request.ts';
import { isBroken } from './finish-reason.ts';

/** An error in the words that the classifier reads from Google, for failures that came without one. */
export type Failure = {
  readonly error: { readonly message: string; readonly code: number | string; readonly status?: string };
};

/** Why a prompt was not answered at all, which comes with a 200; null when it was. */
export function blockIn(body: Readonly<Record<string, unknown>>): Failure | null {
  const { promptFeedback: feedback, candidates } = body;
  if (Array.isArray(candidates) && candidates.length > 0) return null;
  const reason = isObject(feedback) ? feedback['blockReason'] : undefined;
  if (typeof reason !== 'string') return null;
  return { error: { message: `The prompt was blocked: ${reason}`, code: 'content_filter' } };
}

/** How a model failed that had begun to answer; null when it did not. */
export function breakdownIn({ finishReason, finishMessage }: Readonly<Record<string, unknown>>): Failure | null {
  if (!isBroken(finishReason)) return null;
  const why = typeof finishMessage === 'string' ? `: ${finishMessage}` : '';
  return failed(`The model ended with ${String(finishReason)}${why}`);
}

/** An answer that stops without having said anything: the model meant to, and failed. */
export const SAID_NOTHING: Failure = failed('The model stopped without a word');

function failed(message: string): Failure {
  return { error: { message, code: 500, status: 'INTERNAL' } };
}
