import { compileGlob } from '../engine/glob.ts';
import type { RoutePolicy } from '../engine/policy.ts';
import type { ProviderName } from '../providers/provider-name.ts';
import type { TargetConfig } from './config.ts';

/** Whose models a provider serves, and what they are called; null for servers that may serve anybody's. */
const OWN_MODELS: Readonly<Record<ProviderName, { readonly maker: string; readonly globs: readonly string[] } | null>> =
  {
    openai: { maker: 'OpenAI', globs: ['gpt-*', 'o1*', 'o3*', 'o4*', 'chatgpt-*'] },
    azure: { maker: 'OpenAI', globs: [] },
    'openai-compatible': null,
    anthropic: { maker: 'Anthropic', globs: ['claude-*'] },
    gemini: { maker: 'Google', globs: ['gemini-*'] },
  };

/** The globs of the models that a provider alone has and OpenAI has not; none where it has any. */
export function foreignModels(provider: ProviderName): readonly string[] {
  const own = OWN_MODELS[provider];
  return own === null || own.maker === 'OpenAI' ? [] : own.globs;
}

/**
 * What is said of rungs that would be asked for another maker's models: a fallback from one provider to another needs the
 * name of the model that takes over.
 */
export function modelWarnings(routes: readonly RoutePolicy[], targets: readonly TargetConfig[]): readonly string[] {
  const providers = new Map(targets.map(({ id, provider }) => [id, provider]));
  return routes.flatMap(({ id, models, ladder }) => {
    const all = ladder.flatMap((rung) => rung.targets);
    const first = makerOf(providers.get(all[0]?.target ?? ''));
    return all.flatMap(({ target, model }) => {
      const provider = providers.get(target);
      const maker = makerOf(provider);
      if (model !== null || maker === null || first === null || maker === first) return [];
      if (provider !== undefined && models.every((glob) => isOwn(provider, glob))) return [];
      return [
        `route ${id} asks target ${target} for the model that was called for, and ${maker} knows its own alone: ` +
          `say which one is to take over, such as { target: ${target}, model: NAME }`,
      ];
    });
  });
}

function makerOf(provider: ProviderName | undefined): string | null {
  return provider === undefined ? null : (OWN_MODELS[provider]?.maker ?? null);
}

function isOwn(provider: ProviderName, glob: string): boolean {
  return OWN_MODELS[provider]?.globs.some((own) => compileGlob(own)(glob.toLowerCase())) === true;
}
