import { traitsOf as claudeTraits } from '../anthropic/claude.ts';
import type { ModelFacts } from './catalogue.ts';

/** What a model can do besides reading and writing text. */
export type Ability = 'tools' | 'vision' | 'pdf' | 'audio' | 'video' | 'schema' | 'reasoning' | 'embeddings';

export const ABILITIES: readonly Ability[] = [
  'tools',
  'vision',
  'pdf',
  'audio',
  'video',
  'schema',
  'reasoning',
  'embeddings',
];

// OpenAI's models that cannot do what all the others can. Facts from models.dev (MIT, see NOTICE), as of 2026-07-02.
const BLIND = /^(?:gpt-4(?:-0|$)|gpt-3\.5|o3-mini|o1-mini)/;
const TOOLLESS = /^gpt-5-chat/;
const FORMLESS = /^(?:gpt-4(?:-|$)|gpt-3\.5|gpt-4o-2024-05|gpt-5\.[24]-pro|.*deep-research)/;

/** What a known model can do. */
export function abilitiesOf(facts: ModelFacts): readonly Ability[] {
  // Only models that embed give no text.
  if (facts.maxOutput === undefined) return ['embeddings'];
  const can = BY_MAKER[facts.provider](facts.id);
  return facts.reasoning === true ? [...can, 'reasoning'] : can;
}

const BY_MAKER: Readonly<Record<ModelFacts['provider'], (id: string) => readonly Ability[]>> = {
  google: () => ['tools', 'vision', 'pdf', 'audio', 'video', 'schema'],
  anthropic: (id) => ['tools', 'vision', 'pdf', ...(claudeTraits(id).structured ? (['schema'] as const) : [])],
  openai: (id) => [
    ...(TOOLLESS.test(id) ? [] : (['tools'] as const)),
    ...(BLIND.test(id) ? [] : (['vision', 'pdf'] as const)),
    ...(FORMLESS.test(id) ? [] : (['schema'] as const)),
  ],
};
