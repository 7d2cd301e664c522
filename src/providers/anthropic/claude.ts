/** What a Claude model takes in a request, told by its name. */
export interface ClaudeTraits {
  /** `fixed` models refuse every temperature but 1; `one` takes either a temperature or a `top_p`, `free` both. */
  readonly sampling: 'free' | 'one' | 'fixed';
  /** How it is asked to think before it speaks: as it sees fit, within a budget of tokens, or not at all. */
  readonly thinking: 'adaptive' | 'budget' | 'none';
  /** The efforts it knows, least first; empty where it knows none. */
  readonly efforts: readonly Effort[];
  /** Takes a JSON schema for its answer (`output_config.format`) and for strict tools. */
  readonly structured: boolean;
  /** Goes on from an assistant message that ends the conversation. */
  readonly prefill: boolean;
}

export type Effort = 'low' | 'medium' | 'high' | 'xhigh' | 'max';

const FIRST: ClaudeTraits = { sampling: 'free', thinking: 'none', efforts: [], structured: false, prefill: true };

/** Each generation from its version on (4.1 is 401), newest first. Facts as of November 2026, from Anthropic's documentation. */
const GENERATIONS: readonly (readonly [from: number, traits: ClaudeTraits])[] = [
  [
    407,
    {
      sampling: 'fixed',
      thinking: 'adaptive',
      efforts: ['low', 'medium', 'high', 'xhigh', 'max'],
      structured: true,
      prefill: false,
    },
  ],
  [
    406,
    {
      sampling: 'one',
      thinking: 'adaptive',
      efforts: ['low', 'medium', 'high', 'max'],
      structured: true,
      prefill: false,
    },
  ],
  [401, { sampling: 'one', thinking: 'budget', efforts: [], structured: true, prefill: true }],
  [307, { sampling: 'free', thinking: 'budget', efforts: [], structured: false, prefill: true }],
  [0, FIRST],
];

/** `claude-opus-4-1-20250805`, `claude-sonnet-5`; what stands before or behind (a region, a date, `@latest`) says nothing. */
const NEW_NAME = /claude-[a-z]+-(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)/;
/** `claude-3-5-sonnet-20241022`. */
const OLD_NAME = /claude-(\d)(?:[-.](\d))?-[a-z]+/;

/** What a model takes. A name that says nothing is taken for one of the newest: what those take, they all do. */
export function traitsOf(model: string): ClaudeTraits {
  const found = OLD_NAME.exec(model) ?? NEW_NAME.exec(model);
  const version = found === null ? Number.POSITIVE_INFINITY : Number(found[1]) * 100 + Number(found[2] ?? 0);
  return GENERATIONS.find(([from]) => version >= from)?.[1] ?? FIRST;
}
