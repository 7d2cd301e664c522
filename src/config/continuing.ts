import * as z from 'zod';
import type { ContinuationStyle } from '../engine/continuing/ports.ts';
import { traitsOf } from '../providers/anthropic/claude.ts';
import type { TargetConfig } from './config.ts';
import { flag } from './fields.ts';

// What a file says of going on with streams that break off.

/** On a route, or as what routes are when they do not say otherwise. */
export const continueField: z.ZodBoolean = flag(
  'Goes on with a stream that breaks off, at the same target or the next rung, instead of failing. Default false.',
);

const STYLES = [
  'instruction',
  'prefill',
  'prefix',
  'continue-final-message',
] as const satisfies readonly ContinuationStyle[];

/** On a target. */
export const continuesField: z.ZodType<ContinuationStyle> = z
  .enum(STYLES, { error: `must be one of ${STYLES.join(', ')}` })
  .describe(
    'How its models go on with an answer that broke off: told to (instruction), or given it as their own last message (prefill), ' +
      'marked with prefix: true (prefix), or asked for with continue_final_message (vLLM, SGLang). Default: as is known of the model.',
  );

/** How each target's models go on. Claude models before 4.6 take a last message of their own; of others it is not known. */
export function continuations(
  targets: readonly TargetConfig[],
): (target: string, model: string | null) => ContinuationStyle {
  const known = new Map(targets.map((target) => [target.id, target]));
  return (id, model) => {
    const target = known.get(id);
    if (target?.continues) return target.continues;
    return target?.provider === 'anthropic' && traitsOf(model ?? '').prefill ? 'prefill' : 'instruction';
  };
}
