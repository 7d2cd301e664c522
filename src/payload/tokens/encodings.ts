/** The vocabularies that are at hand. */
export type EncodingName = 'o200k_base' | 'cl100k_base' | 'p50k_base' | 'r50k_base';

/** How the tokens of a model's prompts are told. */
export interface Tokenizing {
  readonly encoding: EncodingName;
  /** The model's own tokens for each token of the encoding; 1 where the encoding is the model's own. */
  readonly factor: number;
  /** Whether the encoding is known to be the model's own, so that a count of text is a fact and not an estimate. */
  readonly known: boolean;
}

/**
 * Beginnings of model names and the vocabulary behind them, the first that fits being taken. From openai/tiktoken's
 * `model.py`; harmony (gpt-oss) differs from o200k only in its special tokens, which no text of a prompt turns into.
 */
const OPENAI: readonly (readonly [RegExp, EncodingName])[] = [
  [/^(?:gpt-(?:4o|4\.1|4\.5|5)|chatgpt-|gpt-oss|o1|o3|o4-mini)/, 'o200k_base'],
  [/^(?:gpt-4(?:$|-)|gpt-3\.5|gpt-35|text-embedding-(?:ada-002|3))/, 'cl100k_base'],
  [/^(?:text-davinci-00[23]|code-(?:davinci|cushman))/, 'p50k_base'],
  [/^(?:gpt2|davinci|curie|babbage|ada)(?:$|-)/, 'r50k_base'],
];

/**
 * What other vendors' tokenizers make of a text, for each token of o200k. They publish no vocabulary, so these are
 * estimates on the safe side: Anthropic measured 15 to 20 % more tokens than OpenAI on English and more on code, and
 * another 30 % with the tokenizer of Opus 4.7 and Sonnet 5; Google's and the open models' lie close to OpenAI's.
 */
const OTHERS: readonly (readonly [RegExp, number])[] = [
  [/^claude-(?:fable|opus-(?:4-[7-9]|[5-9])|sonnet-[5-9])/, 1.6],
  [/^claude/, 1.25],
  [/^gemini/, 1.2],
  [/^(?:llama|meta-llama|qwen|mistral|mixtral|ministral|codestral|deepseek|kimi|glm|phi|gemma|command|grok)/, 1.15],
];

/** How the prompts of a model are counted. Names may carry a vendor before a slash, or `ft:` of a fine-tuned model. */
export function tokenizingOf(model: string): Tokenizing {
  const name = model
    .toLowerCase()
    .slice(model.lastIndexOf('/') + 1)
    .replace(/^ft:/, '');
  for (const [pattern, encoding] of OPENAI) if (pattern.test(name)) return { encoding, factor: 1, known: true };
  for (const [pattern, factor] of OTHERS)
    if (pattern.test(name)) return { encoding: 'o200k_base', factor, known: false };
  return { encoding: 'o200k_base', factor: 1, known: false };
}
