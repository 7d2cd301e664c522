/** What one model accepts. Windows and caps in tokens. */
export interface ModelTraits {
  readonly window: number;
  readonly outputCap: number;
  /** Thinks before it speaks: refuses `max_tokens`, temperature and its kin, and reports reasoning tokens. */
  readonly reasoning: boolean;
  readonly embeddings: boolean;
}

function speaks(window: number, outputCap: number): ModelTraits {
  return { window, outputCap, reasoning: false, embeddings: false };
}

function thinks(window: number, outputCap: number): ModelTraits {
  return { window, outputCap, reasoning: true, embeddings: false };
}

const embeds: ModelTraits = { window: 8192, outputCap: 0, reasoning: false, embeddings: true };

/** The models that the simulator lists. Sizes are OpenAI's published ones of autumn 2026. */
export const MODELS: Readonly<Record<string, ModelTraits>> = {
  'gpt-5.6-luna': thinks(1_050_000, 128_000),
  'gpt-5.4': thinks(1_050_000, 128_000),
  'gpt-5': thinks(400_000, 128_000),
  'gpt-5-mini': thinks(400_000, 128_000),
  o3: thinks(200_000, 100_000),
  'o4-mini': thinks(200_000, 100_000),
  'gpt-4.1': speaks(1_047_576, 32_768),
  'gpt-4.1-mini': speaks(1_047_576, 32_768),
  'gpt-4o': speaks(128_000, 16_384),
  'gpt-4o-mini': speaks(128_000, 16_384),
  'gpt-4-turbo': speaks(128_000, 4096),
  'gpt-4': speaks(8192, 8192),
  'gpt-3.5-turbo': speaks(16_385, 4096),
  'text-embedding-3-small': embeds,
  'text-embedding-3-large': embeds,
  'text-embedding-ada-002': embeds,
};

const UNLISTED = speaks(128_000, 16_384);
const UNLISTED_REASONING = thinks(400_000, 128_000);

export function isListed(model: string): boolean {
  return Object.hasOwn(MODELS, model);
}

/** Dated names (`gpt-4o-2024-08-06`) share the traits of their family; unlisted names get those of a common chat model. */
export function traitsOf(model: string): ModelTraits {
  const family = model.replace(/-\d{4}-\d{2}-\d{2}$/, '');
  if (isListed(family)) return MODELS[family] as ModelTraits;
  if (model.startsWith('text-embedding')) return embeds;
  return /^(?:o\d+(?:-|$)|gpt-(?:[5-9]|1\d)(?:[.-]|$)(?!.*chat))/.test(model) ? UNLISTED_REASONING : UNLISTED;
}

/** From GPT-5.1 on, a reasoning model that is told not to reason takes the sampler's settings like any other. */
export function samplesFreely(model: string, effort: unknown): boolean {
  return !traitsOf(model).reasoning || (effort === 'none' && /^gpt-(?:5\.\d|[6-9]|1\d)/.test(model));
}

/** Length of an embedding when the request does not choose one. */
export function embeddingSize(model: string): number {
  return model.includes('large') ? 3072 : 1536;
}
