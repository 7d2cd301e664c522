import { abilitiesOf, type Ability } from './abilities.ts';
import type { ModelFacts, Price, Rates } from './catalogue.ts';
import { MODELS } from './models.ts';
import { tierOf } from './price-list.ts';

/** What a call needs of a model. */
export interface Needs {
  readonly abilities: readonly Ability[];
  /** Tokens of the prompt. */
  readonly promptTokens: number;
  /** Tokens of the answer. */
  readonly outputTokens: number;
}

/** A model as a place for some calls. */
export interface Candidate {
  readonly facts: ModelFacts;
  readonly abilities: readonly Ability[];
  /** Why it cannot take the calls; none when it can. */
  readonly misses: readonly string[];
  /** US dollars for one such call at list prices; null where no price is known. */
  readonly cost: number | null;
  /** The same as a multiple of what the compared model costs; null without one. */
  readonly ratio: number | null;
}

/**
 * Every model of the catalogue as a place for some calls: those that can take them first, the cheapest first among them.
 *
 * @param base the model whose place is to be taken; it stands in no line of its own. Null compares with none.
 * @param at wall time, ms since 1970: prices change.
 */
export function candidates(base: ModelFacts | null, needs: Needs, at: number): readonly Candidate[] {
  const baseCost = base === null ? null : costOf(base, needs, at);
  return MODELS.filter(({ id }) => id !== base?.id)
    .map((facts): Candidate => {
      const abilities = abilitiesOf(facts);
      const cost = costOf(facts, needs, at);
      const ratio = cost === null || baseCost === null || baseCost === 0 ? null : cost / baseCost;
      return { facts, abilities, misses: missesOf(facts, abilities, needs), cost, ratio };
    })
    .sort((a, b) => Number(a.misses.length > 0) - Number(b.misses.length > 0) || dear(a) - dear(b));
}

function dear({ cost }: Candidate): number {
  return cost ?? Number.POSITIVE_INFINITY;
}

function missesOf(facts: ModelFacts, abilities: readonly Ability[], needs: Needs): readonly string[] {
  const { window, maxInput = window, maxOutput = 0 } = facts;
  const { promptTokens, outputTokens } = needs;
  const embeds = needs.abilities.includes('embeddings');
  return [
    ...needs.abilities.filter((ability) => !abilities.includes(ability)).map((ability) => `no ${ability}`),
    ...(promptTokens > maxInput || promptTokens + outputTokens > window ? [`window of ${maxInput}`] : []),
    ...(!embeds && outputTokens > maxOutput ? [`answers of ${maxOutput} at most`] : []),
  ];
}

/** What one call costs at list prices, in US dollars. */
function costOf({ prices }: ModelFacts, { promptTokens, outputTokens }: Needs, at: number): number | null {
  const rates = ratesAt(prices, promptTokens, at);
  return rates === null ? null : (promptTokens * rates.input + outputTokens * rates.output) / 1e6;
}

/** The rates that hold at a time; prices are told oldest first. */
export function ratesAt(prices: readonly Price[], promptTokens: number, at: number): Rates | null {
  const price = prices.findLast(({ from = Number.NEGATIVE_INFINITY }) => from <= at);
  return price === undefined ? null : tierOf(price, promptTokens);
}
