import type { RoutePolicy } from '../engine/policy.ts';
import { abilitiesOf, type Ability } from '../providers/catalogue/abilities.ts';
import { modelFacts, type ModelFacts } from '../providers/catalogue/catalogue.ts';
import { COMPATIBLE } from '../providers/openai/compatible.ts';
import type { TargetConfig } from './config.ts';

/** What a call may rest on without saying so beforehand. */
const RELIED_ON: ReadonlySet<Ability> = new Set(['tools', 'vision', 'schema']);

type Entry = RoutePolicy['ladder'][number]['targets'][number];

/**
 * What is said of rungs that cannot take over all that the first one takes: a smaller window, no tools, no pictures, no
 * embeddings. Told of models that the catalogue knows; nothing is said of others.
 */
export function carryWarnings(routes: readonly RoutePolicy[], targets: readonly TargetConfig[]): readonly string[] {
  return routes.flatMap((route) => {
    const [first, ...later] = route.ladder.flatMap((rung) => rung.targets);
    if (first === undefined) return [];
    return later.flatMap((entry) =>
      missing(route, first, entry, targets).map((lack) => `route ${route.id}: target ${nameOf(route, entry)} ${lack}`),
    );
  });
}

function missing(route: RoutePolicy, first: Entry, entry: Entry, targets: readonly TargetConfig[]): readonly string[] {
  const target = targets.find(({ id }) => id === entry.target);
  if (embeds(route, first)) return target !== undefined && !hasEmbeddings(target) ? ['has no embeddings'] : [];
  const before = factsOf(route, first);
  const after = factsOf(route, entry);
  if (before === null || after === null || before.id === after.id) return [];
  const can = abilitiesOf(after);
  const lost = abilitiesOf(before).filter((ability) => RELIED_ON.has(ability) && !can.includes(ability));
  const prompts = `takes prompts of ${promptOf(after)} tokens, and ${before.id} of ${promptOf(before)}`;
  return [
    ...(promptOf(after) < promptOf(before) ? [prompts] : []),
    ...(lost.length > 0 ? [`has no ${lost.join(', ')}, and ${before.id} has`] : []),
  ];
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

function promptOf({ window, maxInput = window }: ModelFacts): number {
  return maxInput;
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
