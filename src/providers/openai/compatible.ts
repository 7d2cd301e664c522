import type { Quirks } from './quirks.ts';

/** Servers that speak OpenAI's wire, each in its own way: rows of a table, which `provider: groq` in a configuration names. */
export type CompatibleName =
  | 'vllm'
  | 'llama.cpp'
  | 'ollama'
  | 'lmstudio'
  | 'openrouter'
  | 'groq'
  | 'mistral'
  | 'deepseek'
  | 'xai'
  | 'together'
  | 'fireworks'
  | 'cerebras';

/** What is known of one of them. */
export interface CompatibleServer {
  /** Where it is, where nothing else is said. */
  readonly home: string;
  /** The variable in which its own tools look for the key; null for servers that want none. */
  readonly keyVariable: string | null;
  /** A path that answers good keys only and costs nothing. */
  readonly keyCheck: string;
  /** Whether it has the Responses API itself; others are asked for chat completions in its place. */
  readonly responses: boolean;
  readonly embeddings: boolean;
  /** What it calls the cap on an answer. */
  readonly cap: 'max_tokens' | 'max_completion_tokens';
  /** What it takes otherwise than OpenAI does; null for nothing that is known. */
  readonly quirks: Quirks | null;
}

const PLAIN: Omit<CompatibleServer, 'home' | 'keyVariable'> = {
  keyCheck: '/models',
  responses: true,
  embeddings: true,
  cap: 'max_tokens',
  quirks: null,
};

/** The older name of the cap, which these servers know alone. */
const OLD_CAP: Quirks = { renames: { max_completion_tokens: 'max_tokens' } };

/**
 * The table. Facts as of November 2026: the servers' own documentation and sources, and what their users report. Where they
 * disagree, the row keeps to what is sure to be taken.
 */
export const COMPATIBLE: Readonly<Record<CompatibleName, CompatibleServer>> = {
  vllm: { ...PLAIN, home: 'http://127.0.0.1:8000/v1', keyVariable: null },
  'llama.cpp': {
    ...PLAIN,
    home: 'http://127.0.0.1:8080/v1',
    keyVariable: null,
    responses: false,
    quirks: { drops: ['n'] },
  },
  ollama: {
    ...PLAIN,
    home: 'http://127.0.0.1:11434/v1',
    keyVariable: null,
    quirks: { drops: ['tool_choice', 'logit_bias', 'user', 'n'], pictures: 'inline' },
  },
  lmstudio: { ...PLAIN, home: 'http://127.0.0.1:1234/v1', keyVariable: null },
  openrouter: {
    ...PLAIN,
    home: 'https://openrouter.ai/api/v1',
    keyVariable: 'OPENROUTER_API_KEY',
    // Its list of models is open to anybody.
    keyCheck: '/key',
  },
  groq: {
    ...PLAIN,
    home: 'https://api.groq.com/openai/v1',
    keyVariable: 'GROQ_API_KEY',
    embeddings: false,
    cap: 'max_completion_tokens',
    quirks: { drops: ['logprobs', 'top_logprobs', 'logit_bias', 'n'], names: false },
  },
  mistral: {
    ...PLAIN,
    home: 'https://api.mistral.ai/v1',
    keyVariable: 'MISTRAL_API_KEY',
    responses: false,
    quirks: {
      ...OLD_CAP,
      renames: { max_completion_tokens: 'max_tokens', seed: 'random_seed' },
      // It refuses what it does not know.
      takes: [
        'frequency_penalty',
        'max_tokens',
        'metadata',
        'n',
        'parallel_tool_calls',
        'prediction',
        'presence_penalty',
        'prompt_mode',
        'random_seed',
        'reasoning_effort',
        'response_format',
        'safe_prompt',
        'stop',
        'temperature',
        'tool_choice',
        'tools',
        'top_p',
      ],
      // It tells the usage unasked.
      silent: ['stream_options'],
      names: false,
      developer: false,
      callIds: 'nine',
    },
  },
  deepseek: {
    ...PLAIN,
    home: 'https://api.deepseek.com/v1',
    keyVariable: 'DEEPSEEK_API_KEY',
    responses: false,
    embeddings: false,
    quirks: {
      ...OLD_CAP,
      // It reads over the rest.
      takes: [
        'frequency_penalty',
        'logprobs',
        'max_tokens',
        'presence_penalty',
        'reasoning_effort',
        'response_format',
        'stop',
        'stream_options',
        'temperature',
        'thinking',
        'tool_choice',
        'tools',
        'top_logprobs',
        'top_p',
      ],
      developer: false,
      pictures: 'none',
      schemas: false,
    },
  },
  xai: {
    ...PLAIN,
    home: 'https://api.x.ai/v1',
    keyVariable: 'XAI_API_KEY',
    embeddings: false,
    cap: 'max_completion_tokens',
    quirks: {
      drops: ['presence_penalty', 'frequency_penalty', 'stop', 'logit_bias'],
      // Its models that think refuse them.
      unless: /non-reasoning|grok-2|grok-3(?!-mini)/,
    },
  },
  together: {
    ...PLAIN,
    home: 'https://api.together.xyz/v1',
    keyVariable: 'TOGETHER_API_KEY',
    responses: false,
    quirks: { ...OLD_CAP, developer: false },
  },
  fireworks: {
    ...PLAIN,
    home: 'https://api.fireworks.ai/inference/v1',
    keyVariable: 'FIREWORKS_API_KEY',
    quirks: OLD_CAP,
  },
  cerebras: {
    ...PLAIN,
    home: 'https://api.cerebras.ai/v1',
    keyVariable: 'CEREBRAS_API_KEY',
    responses: false,
    embeddings: false,
    cap: 'max_completion_tokens',
    quirks: {
      drops: [
        'frequency_penalty',
        'presence_penalty',
        'logit_bias',
        'n',
        'parallel_tool_calls',
        'service_tier',
        'prompt_cache_key',
        'verbosity',
      ],
      developer: false,
    },
  },
};

export const COMPATIBLE_NAMES: readonly CompatibleName[] = Object.keys(COMPATIBLE) as CompatibleName[];

/** Whether a provider's name is a row of the table. */
export function isCompatible(provider: string): provider is CompatibleName {
  return Object.hasOwn(COMPATIBLE, provider);
}
