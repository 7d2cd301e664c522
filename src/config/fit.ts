import * as z from 'zod';
import type { FitPolicy, FitStrategy } from '../engine/fitting.ts';
import { section, text, whole } from './fields.ts';
import type { Finding } from './source.ts';
import { suggestOrList } from './suggest.ts';

// What a file says of prompts that are too long for their model.

type Optional<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** `off` turns off for one route what the defaults turn on. */
export type FitSection =
  | 'off'
  | Optional<{
      strategies: readonly FitStrategy[];
      ceiling: number;
      reserve: number;
      summariser: string | ({ readonly model: string } & Optional<{ target: string }>);
    }>;

/** Nothing is lost where another model takes the prompt as it is; where none does, old turns are worth least. */
const DEFAULT_STRATEGIES: readonly FitStrategy[] = ['larger-window', 'trim'];

/** An answer of some pages; a request that wants more says so. */
const DEFAULT_RESERVE = 4_096;

const STRATEGIES = ['refuse', 'trim', 'summarise', 'larger-window'] as const satisfies readonly FitStrategy[];

const strategy = z.enum(STRATEGIES, { error: `must be one of ${STRATEGIES.join(', ')}` });

const summariser = z.union(
  [
    z.string().min(1),
    section({
      model: text('Model that sums up.'),
      target: text('Id of the target to ask; left out, as the route for the model says.').optional(),
    }),
  ],
  { error: 'must be the name of a model, or a mapping with model and target' },
);

export const fitField: z.ZodType<FitSection> = z
  .union(
    [
      z.literal('off'),
      section({
        strategies: z
          .array(strategy, { error: 'must be a list of strategies, such as [larger-window, trim]' })
          .min(1, { error: 'has no strategy in it' })
          .describe('What is done about a prompt that is too long, tried in order. Default larger-window, trim.')
          .optional(),
        ceiling: whole(
          'Most tokens of a prompt, whatever its model would take. Default: as many as it takes.',
          256,
          100_000_000,
        ).optional(),
        reserve: whole(
          'Tokens kept for the answer of a request that does not say how long it may be. Default 4096, and a quarter of the window at most.',
          0,
          10_000_000,
        ).optional(),
        summariser: summariser.describe('Who sums old turns up, for the strategy summarise.').optional(),
      }),
    ],
    { error: 'must be off, or a mapping with strategies, ceiling, reserve and summariser' },
  )
  .describe('Makes prompts fit their models. Left out, they are sent as they come.');

export function resolveFit(written: FitSection | undefined, base: FitPolicy | null): FitPolicy | null {
  if (written === undefined) return base;
  if (written === 'off') return null;
  const { strategies, ceiling, reserve, summariser: by } = written;
  const named = typeof by === 'string' ? { model: by, target: undefined } : by;
  return {
    strategies: strategies ?? base?.strategies ?? DEFAULT_STRATEGIES,
    ceilingTokens: ceiling ?? base?.ceilingTokens ?? null,
    reserveTokens: reserve ?? base?.reserveTokens ?? DEFAULT_RESERVE,
    summariser: named === undefined ? (base?.summariser ?? null) : { model: named.model, target: named.target ?? null },
  };
}

type Fields = Readonly<Record<string, unknown>>;

/** Checks that whoever is to sum up is there. */
export function checkFit(
  path: readonly PropertyKey[],
  written: unknown,
  defaults: unknown,
  known: readonly string[],
): Finding[] {
  const fit = fields(written);
  const by = fit['summariser'] ?? fields(defaults)['summariser'];
  const { strategies } = fit;
  if (Array.isArray(strategies) && strategies.includes('summarise') && by === undefined) {
    const fix = 'Name the model that sums up: summariser: gpt-4.1-mini.';
    return [
      { path: [...path, 'strategies'], at: 'value', wrong: 'has summarise in it, but there is no summariser', fix },
    ];
  }
  const { target } = fields(fit['summariser']);
  if (typeof target !== 'string' || known.includes(target)) return [];
  const fix = known.length === 0 ? 'Describe it under targets.' : suggestOrList(target, known);
  return [{ path: [...path, 'summariser', 'target'], at: 'value', wrong: 'is not the id of a target', fix }];
}

/** What is said of it on the page of a configuration. */
export function describeFit({ strategies, ceilingTokens, reserveTokens, summariser: by }: FitPolicy): string {
  const parts = [strategies.join(', then '), `${reserveTokens} tokens kept for answers of unknown length`];
  if (ceilingTokens !== null) parts.push(`prompts of ${ceilingTokens} tokens at most`);
  if (by !== null) parts.push(`summed up by ${by.model}${by.target === null ? '' : ` at ${by.target}`}`);
  return parts.join('; ');
}

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}
