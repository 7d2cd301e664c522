import type { RoutePolicy } from '../engine/policy.ts';
import { abilitiesOf, type Ability } from '../providers/catalogue/abilities.ts';
import { modelFacts, type ModelFacts } from '../providers/catalogue/catalogue.ts';
import type { Told } from '../providers/catalogue/told.ts';
import { COMPATIBLE } from '../providers/openai/compatible.ts';
import type { TargetConfig } from './config.ts';
import { limitsAt, ToldModels } from './limits/told-models.ts';

/** What a call may rest on without saying so beforehand. */
const RELIED_ON = ['tools', 'vision', 'schema'] as const satisfies readonly Ability[];

type Entry = RoutePolicy['ladder'][number]['targets'][number];

/**
 * What is said of rungs that cannot take over all that the first one takes: a smaller window, no tools, no pictures, no
 * embeddings. Told of models that the catalogue knows or a target told of; nothing is said of others.
 */
export function carryWarnings(
  routes: readonly RoutePolicy[],
  targets: readonly TargetConfig[],
  told: ToldModels = new ToldModels(),
): readonly string[] {
  return routes.flatMap((route) => {
    const [first, ...later] = route.ladder.flatMap((rung) => rung.targets);
    if (first === undefined) return [];
    return later.flatMap((entry) =>
      missing(route, first, entry, targets, told).map(
        (lack) => `route ${route.id}: target ${nameOf(route, entry)} ${lack}`,
      ),
    );
  });
}

function missing(
  route: RoutePolicy,
  first: Entry,
  entry: Entry,
  targets: readonly TargetConfig[],
  told: ToldModels,
): readonly string[] {
  const target = targets.find(({ id }) => id === entry.target);
  if (embeds(route, first)) return target !== undefined && !hasEmbeddings(target) ? ['has no embeddings'] : [];
  const before = knownOf(route, first, told);
  const after = knownOf(route, entry, told);
  if (before === null || after === null) return [];
  const lost = RELIED_ON.filter((ability) => can(before, ability) === true && can(after, ability) === false);
  const prompts = `takes prompts of ${after.prompt} tokens, and ${before.name} of ${before.prompt}`;
  const isSmaller = before.prompt !== null && after.prompt !== null && after.prompt < before.prompt;
  return [
    ...(isSmaller ? [prompts] : []),
    ...(lost.length > 0 ? [`has no ${lost.join(', ')}, and ${before.name} has`] : []),
  ];
}

/** What is known of the model that is asked somewhere. */
interface Known {
  readonly name: string;
  readonly facts: ModelFacts | null;
  readonly told: Told | null;
  /** Tokens of the longest prompt; null where nobody knows. */
  readonly prompt: number | null;
}

function knownOf(route: RoutePolicy, entry: Entry, list: ToldModels): Known | null {
  const model = modelOf(route, entry);
  const told = model === null ? null : list.of(entry.target, model);
  const limits = model === null ? null : limitsAt(model, told);
  if (model === null || limits === null) return null;
  const facts = modelFacts(model);
  return { name: facts?.id ?? model, facts, told, prompt: limits.maxInput ?? limits.window };
}

/** What the target says of it goes before the catalogue; null where neither knows. */
function can({ facts, told }: Known, ability: (typeof RELIED_ON)[number]): boolean | null {
  const says = { tools: told?.tools, vision: told?.inputs?.includes('vision'), schema: told?.schema }[ability];
  return says ?? (facts === null ? null : abilitiesOf(facts).includes(ability));
}

function nameOf(route: RoutePolicy, entry: Entry): string {
  const model = modelOf(route, entry);
  return model === null ? entry.target : `${entry.target} (${model})`;
}

/** The model that is asked there, where it is always the same. */
function modelOf({ models }: RoutePolicy, { model }: Entry): string | null {
  const [only = '*'] = models;
  return model ?? (models.length === 1 && !/[*?]/.test(only) ? only : null);
}

function factsOf(route: RoutePolicy, entry: Entry): ModelFacts | null {
  const model = modelOf(route, entry);
  return model === null ? null : modelFacts(model);
}

function embeds(route: RoutePolicy, first: Entry): boolean {
  const facts = factsOf(route, first);
  if (facts !== null) return abilitiesOf(facts).includes('embeddings');
  return route.models.every((model) => model.startsWith('text-embedding'));
}

function hasEmbeddings({ provider, server }: TargetConfig): boolean {
  if (provider === 'anthropic' || provider === 'gemini') return false;
  return server === null || COMPATIBLE[server].embeddings;
}
