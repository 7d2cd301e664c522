import { MODELS } from './models.ts';

/** Whose models they are, whoever serves them. */
export type Maker = 'openai' | 'anthropic' | 'google';

/** Prices in US dollars per million tokens, which is millionths of a dollar per token. */
export interface Rates {
  /** Prompt tokens that no cache knew. */
  readonly input: number;
  /** Tokens of the answer, those of hidden reasoning among them. */
  readonly output: number;
  /** Prompt tokens read from the provider's cache. @default `input` */
  readonly cachedInput?: number;
  /** Prompt tokens written to it, where that is billed apart. @default `input` */
  readonly cacheWrite?: number;
}

/** Rates, since when they hold, and what they are for long prompts. */
export interface Price extends Rates {
  /** Wall time, ms since 1970. @default since ever */
  readonly from?: number;
  /** Rates of the whole call once its prompt has more tokens than this, fewest first. */
  readonly above?: readonly (Rates & { readonly promptTokens: number })[];
}

/** What is known of one model; windows and caps in tokens. */
export interface ModelFacts {
  readonly provider: Maker;
  readonly id: string;
  /** Prompt and answer together. */
  readonly window: number;
  /** Where the prompt has a bound of its own. */
  readonly maxInput?: number;
  /** Left out where the model gives no text. */
  readonly maxOutput?: number;
  /** Thinks before it speaks, and refuses `max_tokens`. */
  readonly reasoning?: boolean;
  /** Oldest first. */
  readonly prices: readonly Price[];
}

const BY_NAME: ReadonlyMap<string, ModelFacts> = new Map(MODELS.map((facts) => [facts.id, facts] as const));

/** Names that providers other than the maker use. */
const ALIASES: ReadonlyMap<string, string> = new Map([['gpt-35-turbo', 'gpt-3.5-turbo']]);

/** A date behind the name pins a version of the model: `-2025-08-07`, `-20250807`, `-0613`. */
const PINNED = /-(?:\d{4}-\d{2}-\d{2}|\d{8}|\d{4})$/;

/**
 * What is known of a model; null for a name that is not known. A dated version is its model, unless it is listed apart.
 * Fine-tuned models (`ft:…`) are not known: they cost more than what they were tuned from.
 */
export function modelFacts(name: string): ModelFacts | null {
  const found = BY_NAME.get(name) ?? BY_NAME.get(ALIASES.get(name) ?? '');
  if (found !== undefined) return found;
  const model = undated(name);
  return model === name ? null : modelFacts(model);
}

/** The name of a model without the date that pins its version. */
export function undated(name: string): string {
  return name.replace(PINNED, '');
}

const HOSTS: ReadonlyMap<string, Maker> = new Map([
  ['api.openai.com', 'openai'],
  ['api.anthropic.com', 'anthropic'],
  ['generativelanguage.googleapis.com', 'google'],
]);

/**
 * Whose list prices hold at a target: OpenAI's at OpenAI and Azure, a maker's on its own wire and at its own compatible address. What a server
 * of any other host charges for a model of the same name is its own affair; null then.
 */
export function makerAt(provider: string, baseUrl: string): Maker | null {
  if (provider === 'openai' || provider === 'azure') return 'openai';
  if (provider === 'anthropic') return 'anthropic';
  if (provider === 'gemini') return 'google';
  return HOSTS.get(URL.parse(baseUrl)?.hostname ?? '') ?? null;
}
