/** What a model of OpenAI's takes in a request, told by its name. */
export interface ModelParameters {
  /** Thinks before it answers, and refuses `max_tokens`. */
  readonly reasoning: boolean;
  /** Whether temperature and its kin may leave their defaults. */
  readonly sampling: 'free' | 'fixed' | 'without-reasoning';
  /** Whether it takes `stop`. */
  readonly stop: boolean;
  /** Reasoning efforts it takes; null where that is not known. */
  readonly efforts: readonly string[] | null;
  /** What it can be shown, and what it answers in; null where that is not known. */
  readonly inputs: readonly string[] | null;
  readonly outputs: readonly string[] | null;
}

const SPEAKS: ModelParameters = {
  reasoning: false,
  sampling: 'free',
  stop: true,
  efforts: null,
  inputs: ['text', 'image'],
  outputs: ['text'],
};

const BLIND: ModelParameters = { ...SPEAKS, inputs: ['text'] };

const THINKS: ModelParameters = { ...SPEAKS, reasoning: true, sampling: 'fixed' };

/** The o-series takes three efforts; its latest take no `stop`. */
const O_SERIES: ModelParameters = { ...THINKS, efforts: ['low', 'medium', 'high'], stop: false };

/**
 * Families by the beginning of the name, the more particular first. Facts as of November 2026: OpenAI's reference and the
 * capability table of the Vercel AI SDK (Apache-2.0), which tells reasoning models by the same names.
 */
const FAMILIES: readonly (readonly [name: RegExp, takes: ModelParameters | null])[] = [
  // Not enough is known of these to refuse them anything.
  [/^(?:o1-(?:mini|preview)|chatgpt-|codex-|computer-use|gpt-(?:audio|realtime|image|oss))/, null],
  [/^gpt-.*(?:chat|audio|realtime|transcribe|tts|search)/, null],
  [/^o\d+.*(?:pro|deep-research)/, { ...O_SERIES, efforts: null }],
  [/^o\d+(?:-|$)/, O_SERIES],
  [/^gpt-5-pro/, { ...THINKS, efforts: ['high'] }],
  [/^gpt-5-codex/, { ...THINKS, efforts: ['low', 'medium', 'high'] }],
  [/^gpt-5(?:-|$)/, { ...THINKS, efforts: ['minimal', 'low', 'medium', 'high'] }],
  // Special builds differ in their efforts and from one another.
  [/^gpt-(?:5\.\d+|[6-9]|1\d).*(?:pro|codex|cyber|spark)/, THINKS],
  [/^gpt-5\.1(?:-|$)/, { ...THINKS, sampling: 'without-reasoning', efforts: ['none', 'low', 'medium', 'high'] }],
  [
    /^gpt-5\.[2-5](?:-|$)/,
    { ...THINKS, sampling: 'without-reasoning', efforts: ['none', 'low', 'medium', 'high', 'xhigh'] },
  ],
  [
    /^gpt-(?:5\.\d+|[6-9](?:\.\d+)?|1\d(?:\.\d+)?)(?:-|$)/,
    { ...THINKS, sampling: 'without-reasoning', efforts: ['none', 'low', 'medium', 'high', 'xhigh', 'max'] },
  ],
  [/^gpt-4(?:o|\.1|-turbo)(?:-|$)/, SPEAKS],
  [/^gpt-4-(?:vision|.*preview)/, SPEAKS],
  [/^gpt-(?:4|3\.5)(?:-|$)/, BLIND],
];

/** A fine-tuned model takes what the model takes that it was tuned from: `ft:gpt-4o-mini:acme::id`. */
const TUNED = /^ft:([^:]+)/;

/** What a model takes; null for a name that says nothing. */
export function parametersOf(model: string): ModelParameters | null {
  const name = TUNED.exec(model)?.[1] ?? model;
  return FAMILIES.find(([family]) => family.test(name))?.[1] ?? null;
}
