import * as z from 'zod';
import { KINDS } from '../../../engine/fault/index.ts';
import type { FaultKind } from '../../../engine/fault/fault.ts';
import type { CallOutcome } from '../../../engine/record.ts';

// What several of the answers about calls are made of.

/** A list that nobody changes. */
export function listOf<Item>(item: z.ZodType<Item>): z.ZodType<readonly Item[]> {
  return z.array(item);
}

export const shownKind: z.ZodType<FaultKind> = z.enum(Object.keys(KINDS) as [FaultKind, ...FaultKind[]]);
export const shownParty: z.ZodType<'caller' | 'account' | 'provider' | 'network' | 'gateway'> = z
  .enum(['caller', 'account', 'provider', 'network', 'gateway'])
  .describe('Who has to act before it goes away.');

export const shownOutcome: z.ZodType<CallOutcome> = z
  .enum(['answered', 'failed', 'interrupted', 'cancelled', 'retried'])
  .describe('retried: an attempt at a job that is made again, which counts as no call of its own.');

/** Milliseconds since 1970, for charts. */
export const shownSteps: z.ZodType<readonly number[]> = z
  .array(z.int())
  .describe('Start of each step, milliseconds since 1970.');

/** One value a step. */
export const shownValues: z.ZodType<readonly (number | null)[]> = z
  .array(z.number().nullable())
  .describe('One value for each step; null: nothing is known of that time.');

export const shownQuantiles: z.ZodType<{ readonly p50: number; readonly p95: number; readonly p99: number } | null> = z
  .strictObject({ p50: z.number(), p95: z.number(), p99: z.number() })
  .nullable()
  .describe('Milliseconds, within one per cent; null: nothing was measured.');
