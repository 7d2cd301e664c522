import type { Usage } from '../record.ts';

/** What use costs, as far as somebody knows it. Amounts are millionths of a US dollar; times wall time, ms since 1970. */
export interface Prices {
  /** What a use came to; null when no price is known, which is something else than nothing. */
  cost(target: string, model: string | null, usage: Usage, at: number): number | null;
  /** The most that so many tokens can come to, whatever of them is cached; null when no price is known. */
  most(target: string, model: string | null, input: number, output: number, at: number): number | null;
}

/** Nothing has a price. */
export const NO_PRICES: Prices = Object.freeze({ cost: () => null, most: () => null });
