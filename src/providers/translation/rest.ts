import { isObject } from '../openai/request.ts';
import type { Loss } from './loss.ts';

/** What says nothing in members of a chat request that another wire does not have: left out without a word. */
const NEUTRAL: Readonly<Record<string, (value: unknown) => boolean>> = {
  n: (value) => value === 1,
  logprobs: (value) => value === false,
  top_logprobs: (value) => value === 0,
  presence_penalty: (value) => value === 0,
  frequency_penalty: (value) => value === 0,
  logit_bias: (value) => isObject(value) && Object.keys(value).length === 0,
  modalities: (value) => Array.isArray(value) && value.every((modality) => modality === 'text'),
  store: (value) => value === false,
  function_call: (value) => value === 'auto' || value === 'none',
  parallel_tool_calls: (value) => value === true,
  verbosity: (value) => value === 'medium',
};

/** Whether a member of a chat request says nothing by its value: `n: 1`. */
export function isNeutral(field: string, value: unknown): boolean {
  return Object.hasOwn(NEUTRAL, field) && NEUTRAL[field]?.(value) === true;
}

/**
 * Names what of a chat request was not carried over.
 *
 * @param carried the members that were, each by a rule of its own.
 * @param wire the other wire's name: `Messages`.
 */
export function loseTheRest(
  request: Readonly<Record<string, unknown>>,
  carried: ReadonlySet<string>,
  wire: string,
  losses: Loss[],
): void {
  for (const [field, value] of Object.entries(request)) {
    if (carried.has(field) || value === null || value === undefined) continue;
    if (isNeutral(field, value)) continue;
    losses.push({ field, how: 'dropped', why: `the ${wire} wire has nothing like it` });
  }
}
