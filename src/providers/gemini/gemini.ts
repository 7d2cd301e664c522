/** What one of Google's models takes in a request, told by its name. */
export interface GeminiTraits {
  /** How it is told how much to think: by a level, by a number of tokens, or not at all. */
  readonly thinking: 'level' | 'budget' | 'none';
  /** The levels it knows, least first; empty where it knows none. */
  readonly levels: readonly Level[];
  /** Tokens it can be given to think with; 0 turns its thoughts off. */
  readonly budget: { readonly least: number; readonly most: number };
  /** Wants its calls of tools shown under the seal of the thoughts that led to them. */
  readonly sealed: boolean;
  /** Keeps to a schema while tools are on offer. */
  readonly schemaWithTools: boolean;
  /** Takes presence and frequency penalties. */
  readonly penalties: boolean;
  /** Takes instructions apart from the conversation. */
  readonly instructed: boolean;
}

export type Level = 'MINIMAL' | 'LOW' | 'MEDIUM' | 'HIGH';

const NONE = { least: 0, most: 0 };

const NEWEST: GeminiTraits = {
  thinking: 'level',
  levels: ['LOW', 'MEDIUM', 'HIGH'],
  budget: NONE,
  sealed: true,
  schemaWithTools: true,
  penalties: true,
  instructed: true,
};

const SPARING: GeminiTraits = { ...NEWEST, levels: ['MINIMAL', 'LOW', 'MEDIUM', 'HIGH'] };

const SECOND: GeminiTraits = {
  ...NEWEST,
  thinking: 'none',
  levels: [],
  sealed: false,
  schemaWithTools: false,
};

const BUDGETED: GeminiTraits = {
  ...SECOND,
  thinking: 'budget',
  budget: { least: 0, most: 24_576 },
  penalties: false,
};

/** Open models that the same API serves. */
const GEMMA: GeminiTraits = { ...SECOND, instructed: false };

/**
 * Families by name, the more particular first. Facts as of November 2026: Google's documentation, and the tables of the Vercel
 * AI SDK (Apache-2.0).
 */
const FAMILIES: readonly (readonly [name: RegExp, traits: GeminiTraits])[] = [
  [/gemma-/, GEMMA],
  [/gemini-(?:1\.|2\.0|pro$|pro-vision)/, SECOND],
  [/gemini-2\.5-pro/, { ...BUDGETED, budget: { least: 128, most: 32_768 } }],
  [/gemini-2\.5/, BUDGETED],
  [/gemini-3-pro/, { ...NEWEST, levels: ['LOW', 'HIGH'] }],
  [/gemini-3(?:\.[0-6])?-flash|-flash-lite/, SPARING],
];

/** What a model takes. A name that says nothing is taken for one of the newest: what those take, they all do. */
export function traitsOf(model: string): GeminiTraits {
  return FAMILIES.find(([name]) => name.test(model))?.[1] ?? NEWEST;
}
