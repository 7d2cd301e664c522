import * as z from 'zod';
import { compileGlob } from '../engine/glob.ts';
import type { Price } from '../providers/catalogue/catalogue.ts';
import type { OwnPrice } from '../providers/catalogue/price-list.ts';
import { amount, date, section, text, whole } from './fields.ts';
import type { Finding } from './source.ts';
import { suggestOrList } from './suggest.ts';

/** A price that stands in place of the list's. */
export interface PriceConfig {
  readonly models: readonly string[];
  /** Ids of the targets it holds at; null: at all. */
  readonly targets: readonly string[] | null;
  readonly price: Price;
}

interface RatesSection {
  readonly input: number;
  readonly output: number;
  readonly cachedInput?: number | undefined;
  readonly cacheWrite?: number | undefined;
}

/** What an entry of `prices` says in the file. */
export interface PriceSection extends RatesSection {
  readonly models: readonly string[];
  readonly targets?: readonly string[] | undefined;
  readonly from?: number | undefined;
  readonly above?: readonly (RatesSection & { readonly promptTokens: number })[] | undefined;
}

/** Most US dollars for a million tokens: a hundred times what any model costs. */
const MOST_DOLLARS = 100_000;

const rates = {
  input: amount('US dollars for a million tokens of prompt; 0 for nothing.', 0, MOST_DOLLARS),
  output: amount('US dollars for a million tokens of answer, hidden reasoning among them.', 0, MOST_DOLLARS),
  cachedInput: amount(
    "For a million tokens of prompt out of the provider's cache. Default: input.",
    0,
    MOST_DOLLARS,
  ).optional(),
  cacheWrite: amount('For a million tokens of prompt put into it. Default: input.', 0, MOST_DOLLARS).optional(),
};

/** The shape of `prices` in the file. */
export const pricesField: z.ZodType<readonly PriceSection[]> = z
  .array(
    section({
      models: z
        .array(text('Glob of model names, as the target is asked for them.'), {
          error: 'must be a list of model names, such as ["gpt-*"]',
        })
        .min(1, { error: 'names no model' }),
      targets: z
        .array(text('Id of a target.'), { error: 'must be a list of target ids' })
        .describe('Left out, the price holds at every target.')
        .optional(),
      from: date('Day from which it holds (UTC), such as 2027-01-31. Default: since ever.').optional(),
      ...rates,
      above: z
        .array(
          section({
            promptTokens: whole('Prompts with more tokens than this cost:', 1, 100_000_000),
            ...rates,
          }),
          { error: 'must be a list of rates, each with promptTokens' },
        )
        .describe('Rates of calls with long prompts.')
        .optional(),
    }),
    { error: 'must be a list of prices' },
  )
  .describe('Prices in place of the list prices. Of several that hold, the one with the latest from, then the first.');

/** Fills in what was left out. */
export function resolvePrices(sections: readonly PriceSection[] = []): readonly PriceConfig[] {
  return sections.map(({ models, targets, from, above, ...base }) => ({
    models,
    targets: targets ?? null,
    price: {
      ...ratesOf(base),
      ...(from === undefined ? {} : { from }),
      ...(above === undefined
        ? {}
        : {
            above: above
              .map(({ promptTokens, ...tier }) => ({ promptTokens, ...ratesOf(tier) }))
              .sort((a, b) => a.promptTokens - b.promptTokens),
          }),
    },
  }));
}

function ratesOf({ input, output, cachedInput, cacheWrite }: RatesSection): Price {
  return {
    input,
    output,
    ...(cachedInput === undefined ? {} : { cachedInput }),
    ...(cacheWrite === undefined ? {} : { cacheWrite }),
  };
}

/** Says which prices name targets that are not there. Works on the file as it was written. */
export function checkPrices(written: unknown, known: readonly string[]): Finding[] {
  const sections: readonly unknown[] = Array.isArray(written) ? written : [];
  return sections.flatMap((entry, index) => {
    const named = typeof entry === 'object' && entry !== null && 'targets' in entry ? entry.targets : [];
    return (Array.isArray(named) ? named : []).flatMap((target: unknown, at): Finding[] => {
      if (typeof target !== 'string' || known.includes(target)) return [];
      const fix = known.length === 0 ? 'Describe it under targets.' : suggestOrList(target, known);
      return [{ path: ['prices', index, 'targets', at], at: 'value', wrong: 'is not the id of a target', fix }];
    });
  });
}

/** The configured prices as the price list takes them. */
export function ownPrices(prices: readonly PriceConfig[]): readonly OwnPrice[] {
  return prices.map(({ models, targets, price }) => {
    const globs = models.map(compileGlob);
    return {
      fits: (target, model) => {
        if (targets !== null && !targets.includes(target)) return false;
        const name = model.toLowerCase();
        return globs.some((matches) => matches(name));
      },
      price,
    };
  });
}
