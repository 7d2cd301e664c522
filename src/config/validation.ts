import type { Operation } from '../engine/call.ts';
import type { Check } from '../engine/ports.ts';
import type { RoutePolicy } from '../engine/policy.ts';
import { type RouteValidation, validation } from '../payload/validate/check.ts';
import { inspect, knownEndpoint, MOST_PARSED_BYTES } from '../payload/validate/inspect.ts';
import type { ModelFacts } from '../payload/validate/model-rules.ts';
import type { Problem } from '../payload/validate/problem.ts';
import { traitsOf } from '../providers/anthropic/claude.ts';
import { modelFacts } from '../providers/catalogue/catalogue.ts';
import { parametersOf } from '../providers/openai/parameters.ts';
import { SKIMMED_BYTES } from '../providers/openai/request.ts';
import type { Config, TargetConfig } from './config.ts';
import { matchRoute } from './match.ts';

/** Looks at requests as their routes want it; null when no route wants it. */
export function requestCheck({ routes, targets }: Pick<Config, 'routes' | 'targets'>): Check | null {
  if (routes.every(({ validate }) => validate === 'off')) return null;
  const views = routes.map((route) => routeValidation(route, targets));
  return validation((call) => views[matchRoute(routes, call.model)] ?? null);
}

/**
 * What its provider would refuse in a request, for whoever tests requests; nothing is sent.
 *
 * @param path below the API's root: `/chat/completions`. Of other paths than the known ones nothing is said.
 */
export function problemsOf(path: string, body: Uint8Array): readonly Problem[] {
  const endpoint = knownEndpoint(path);
  if (endpoint === null) return [];
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const { problems, parsed } = inspect(endpoint, bytes, null, null);
  const model = parsed?.['model'];
  if (parsed === null || typeof model !== 'string') return problems;
  return inspect(endpoint, bytes, null, factsOf(model, path === '/messages' ? 'anthropic' : 'openai')).problems;
}

/**
 * Up to which size the doors had better parse bodies, in bytes. What will be parsed for the check of it need not be skimmed
 * first; where requests are sampled, most are not looked at.
 */
export function parsedUpTo(routes: readonly RoutePolicy[]): number {
  return routes.some(({ validate }) => validate !== 'sample' && validate !== 'off') ? MOST_PARSED_BYTES : SKIMMED_BYTES;
}

/** Who makes the models behind whose doors a model is what its name says. */
type Maker = 'openai' | 'anthropic' | 'gemini';

const MAKERS: Readonly<Partial<Record<string, Maker>>> = {
  openai: 'openai',
  azure: 'openai',
  anthropic: 'anthropic',
  gemini: 'gemini',
};

/** Whose wire a call is on. */
function wireOf(operation: Operation): Maker {
  return operation === 'messages' ? 'anthropic' : operation === 'generate' ? 'gemini' : 'openai';
}

/**
 * A request is judged by whoever is asked first. Only its maker is known to take nothing but the published fields of a wire,
 * and only behind its doors (and Azure's) is a model what its name says.
 */
function routeValidation(route: RoutePolicy, targets: readonly TargetConfig[]): RouteValidation {
  const first = route.ladder[0]?.targets ?? [];
  const asked = first.flatMap(({ target, model }) => {
    const found = targets.find(({ id }) => id === target);
    return found === undefined ? [] : [{ target: found, model }];
  });
  const models = new Set(asked.map(({ model }) => model));
  const makers = new Set(asked.map(({ target }) => (target.deployment === null ? MAKERS[target.provider] : undefined)));
  const [instead = null] = models;
  const [maker] = makers;
  const isNamed = models.size === 1 && makers.size === 1;
  return {
    id: route.id,
    mode: route.validate,
    ownWords: (operation) => asked.some(({ target }) => target.provider !== wireOf(operation)),
    factsOf: (model, operation) =>
      isNamed && maker !== undefined && maker === wireOf(operation) ? factsOf(instead ?? model, maker) : null,
  };
}

/** Facts by maker and model name. Callers choose the names, so only so many are kept. */
const MOST_NAMES = 1000;
const known: Readonly<Record<Maker, Map<string, ModelFacts | null>>> = {
  openai: new Map(),
  anthropic: new Map(),
  gemini: new Map(),
};

function factsOf(model: string | null, maker: Maker): ModelFacts | null {
  if (model === null) return null;
  const kept = known[maker].get(model);
  if (kept !== undefined) return kept;
  const listed = modelFacts(model);
  const maxOutput = listed?.provider === LISTED_AS[maker] ? (listed.maxOutput ?? null) : null;
  const parameters = maker === 'openai' ? parametersOf(model) : foreignParameters(model, maker);
  const facts = parameters === null ? null : { ...parameters, maxOutput };
  if (known[maker].size < MOST_NAMES) known[maker].set(model, facts);
  return facts;
}

/** What the catalogue calls them. */
const LISTED_AS: Readonly<Record<Maker, string>> = { openai: 'openai', anthropic: 'anthropic', gemini: 'google' };

/** What is known of other makers' models besides their longest answer. */
function foreignParameters(model: string, maker: Maker): Omit<ModelFacts, 'maxOutput'> {
  const fixed = maker === 'anthropic' && model.includes('claude') && traitsOf(model).sampling === 'fixed';
  const open = { reasoning: false, stop: true, efforts: null, inputs: null, outputs: null };
  return { ...open, sampling: fixed ? 'fixed' : 'free' };
}
