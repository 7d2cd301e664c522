import * as z from 'zod';
import type { HedgePolicy } from '../engine/hedge/hedger.ts';
import { section, timer } from './fields.ts';
import { formatDuration } from './units.ts';

// What a file says of second attempts beside slow ones.

type Optional<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** `off` turns off for one route what the defaults turn on. */
export type HedgeSection = 'off' | Optional<{ after: 'p95' | number; budget: number }>;

/** As many as are late, where being late is to be later than 95 of 100. */
const DEFAULT_BUDGET = 0.05;

const NOT_A_SHARE = 'must be a share such as 5% or 0.05, at most 50%';

const share = z
  .union([z.number(), z.string().regex(/^\d+(?:\.\d+)?%$/, { error: NOT_A_SHARE })], { error: NOT_A_SHARE })
  .transform((written, context) => {
    const value = typeof written === 'number' ? written : Number.parseFloat(written) / 100;
    if (value > 0 && value <= 0.5) return value;
    context.addIssue(NOT_A_SHARE);
    return z.NEVER;
  })
  .describe('Second attempts as a share of the calls. Default 5%.');

export const hedgeField: z.ZodType<HedgeSection> = z
  .union(
    [
      z.literal('off'),
      section({
        after: z
          .union([z.literal('p95'), timer('Silence after which it is begun.')], {
            error: 'must be p95 or a duration such as 800ms',
          })
          .describe('Silence after which a second attempt is begun. Default p95: when 95 of 100 calls have content.')
          .optional(),
        budget: share.optional(),
      }),
    ],
    { error: 'must be off, or a mapping with after and budget' },
  )
  .describe('Begins a second attempt beside one whose first content is late. Left out, nobody does.');

export function resolveHedge(written: HedgeSection | undefined, base: HedgePolicy | null): HedgePolicy | null {
  if (written === undefined) return base;
  if (written === 'off') return null;
  const { after, budget } = written;
  return {
    afterMs: after === undefined ? (base?.afterMs ?? null) : after === 'p95' ? null : after,
    budget: budget ?? base?.budget ?? DEFAULT_BUDGET,
  };
}

/** What is said of it on the page of a configuration. */
export function describeHedge({ afterMs, budget }: HedgePolicy): string {
  const late = afterMs === null ? 'when it is later than 95 of 100' : `after ${formatDuration(afterMs)}`;
  return `a second attempt ${late}, on ${Math.round(budget * 1000) / 10} % of the calls at most`;
}
