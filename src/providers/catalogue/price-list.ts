import type { Prices } from '../../engine/admission/prices.ts';
import type { Usage } from '../../engine/record.ts';
import { type Maker, modelFacts, type Price, type Rates } from './catalogue.ts';

/** Whose list prices hold at a target; null: nobody's that are known. */
export interface PricedTarget {
  readonly id: string;
  readonly maker: Maker | null;
}

/** A price that somebody has told, and what it is for. */
export interface OwnPrice {
  readonly fits: (target: string, model: string) => boolean;
  readonly price: Price;
}

/** Names of models come from callers: so many are remembered for a target before it starts anew. */
const NAMES_REMEMBERED = 1_000;

/** The prices told by the operator, and the list prices of the models' makers where nothing was told. */
export class PriceList implements Prices {
  readonly #own: readonly OwnPrice[];
  /** By target and model: their prices, the newest first; none where nothing is known. */
  readonly #known: ReadonlyMap<
    string,
    { readonly maker: Maker | null; readonly models: Map<string, readonly Price[]> }
  >;

  /** @param own prices in place of the list's; where several hold at a time, the one with the latest beginning, then the first. */
  constructor(targets: readonly PricedTarget[], own: readonly OwnPrice[] = []) {
    this.#own = own;
    this.#known = new Map(targets.map(({ id, maker }) => [id, { maker, models: new Map() }]));
  }

  cost(target: string, model: string | null, usage: Usage, at: number): number | null {
    const { inputTokens, outputTokens, cachedTokens } = usage;
    if (inputTokens === null && outputTokens === null) return null;
    const input = inputTokens ?? 0;
    const rates = this.#ratesFor(target, model, input, at);
    if (rates === null) return null;
    const cached = Math.min(cachedTokens ?? 0, input);
    const written = Math.min(usage.cacheWriteTokens ?? 0, input - cached);
    return (
      (input - cached - written) * rates.input +
      cached * (rates.cachedInput ?? rates.input) +
      written * (rates.cacheWrite ?? rates.input) +
      (outputTokens ?? 0) * rates.output
    );
  }

  most(target: string, model: string | null, input: number, output: number, at: number): number | null {
    const rates = this.#ratesFor(target, model, input, at);
    if (rates === null) return null;
    return input * Math.max(rates.input, rates.cacheWrite ?? 0, rates.cachedInput ?? 0) + output * rates.output;
  }

  #ratesFor(target: string, model: string | null, promptTokens: number, at: number): Rates | null {
    if (model === null) return null;
    const prices = this.#pricesFor(target, model);
    for (let index = 0; index < prices.length; index += 1) {
      const price = prices[index] as Price;
      if (price.from === undefined || price.from <= at) return tierOf(price, promptTokens);
    }
    return null;
  }

  #pricesFor(target: string, model: string): readonly Price[] {
    const known = this.#known.get(target);
    if (known === undefined) return [];
    let prices = known.models.get(model);
    if (prices === undefined) {
      prices = this.#lookUp(target, model, known.maker);
      if (known.models.size >= NAMES_REMEMBERED) known.models.clear();
      known.models.set(model, prices);
    }
    return prices;
  }

  #lookUp(target: string, model: string, maker: Maker | null): readonly Price[] {
    const own = this.#own.filter(({ fits }) => fits(target, model)).map(({ price }) => price);
    const facts = own.length > 0 || maker === null ? null : modelFacts(model);
    const listed = facts?.provider === maker ? (facts?.prices ?? []) : [];
    // The sort keeps the order of those that begin together.
    return [...own, ...listed].sort((a, b) => beginning(b) - beginning(a));
  }
}

function beginning({ from = Number.NEGATIVE_INFINITY }: Price): number {
  // Two prices without a beginning would be apart by NaN.
  return Math.max(from, Number.MIN_SAFE_INTEGER);
}

/** The rates of a price for a prompt of this length. */
export function tierOf(price: Price, promptTokens: number): Rates {
  const { above } = price;
  if (above !== undefined) {
    for (let index = above.length - 1; index >= 0; index -= 1) {
      const tier = above[index] as Rates & { readonly promptTokens: number };
      if (promptTokens > tier.promptTokens) return tier;
    }
  }
  return price;
}
