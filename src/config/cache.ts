import * as z from 'zod';
import type { CachePolicy } from '../engine/answers.ts';
import { age, section } from './fields.ts';
import { formatDuration } from './units.ts';

// What a file says of answers that are given again.

/** `off` turns off for one route what the defaults turn on. */
export type CacheSection = 'off' | { readonly ttl: number };

export const cacheField: z.ZodType<CacheSection> = z
  .union([z.literal('off'), section({ ttl: age('Oldest answer that is given again in place of a new one.') })], {
    error: 'must be off, or a mapping with ttl',
  })
  .describe('Gives an answer again to the very same request of the same tenant. Left out, every request is asked.');

export function resolveCache(written: CacheSection | undefined, base: CachePolicy | null): CachePolicy | null {
  if (written === undefined) return base;
  return written === 'off' ? null : { ttlMs: written.ttl };
}

/** What is said of it on the page of a configuration. */
export function describeCache({ ttlMs }: CachePolicy): string {
  return `answers are given again for ${formatDuration(ttlMs)}`;
}
