import type { Check } from '../engine/ports.ts';
import type { RoutePolicy } from '../engine/policy.ts';
import { type RouteValidation, validation } from '../payload/validate/check.ts';
import { inspect, knownEndpoint, MOST_PARSED_BYTES } from '../payload/validate/inspect.ts';
import type { ModelFacts } from '../payload/validate/model-rules.ts';
import type { Problem } from '../payload/validate/problem.ts';
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
 * What OpenAI would refuse in a request, for whoever tests requests; nothing is sent.
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
  return inspect(endpoint, bytes, null, factsOf(model)).problems;
}

/**
 * Up to which size the doors had better parse bodies, in bytes. What will be parsed for the check of it need not be skimmed
 * first; where requests are sampled, most are not looked at.
 */
export function parsedUpTo(routes: readonly RoutePolicy[]): number {
  return routes.some(({ validate }) => validate !== 'sample' && validate !== 'off') ? MOST_PARSED_BYTES : SKIMMED_BYTES;
}

/** Providers behind whose doors a model is what OpenAI calls by its name. */
const OWN_NAMES: ReadonlySet<string> = new Set(['openai', 'azure']);

/**
 * A request is judged by whoever is asked first. Only OpenAI itself is known to take nothing but the published fields, and
 * only behind OpenAI's and Azure's doors is a model what its name says.
 */
function routeValidation(route: RoutePolicy, targets: readonly TargetConfig[]): RouteValidation {
  const first = route.ladder[0]?.targets ?? [];
  const asked = first.flatMap(({ target, model }) => {
    const found = targets.find(({ id }) => id === target);
    return found === undefined ? [] : [{ target: found, model }];
  });
  const models = new Set(asked.map(({ model }) => model));
  const named =
    models.size === 1 && asked.every(({ target }) => OWN_NAMES.has(target.provider) && target.deployment === null);
  const [instead = null] = models;
  return {
    id: route.id,
    mode: route.validate,
    ownWords: asked.some(({ target }) => target.provider !== 'openai'),
    factsOf: named ? (model) => factsOf(instead ?? model) : () => null,
  };
}

/** Facts by model name. Callers choose the names, so only so many are kept. */
const MOST_NAMES = 1000;
const known = new Map<string | null, ModelFacts | null>([[null, null]]);

function factsOf(model: string | null): ModelFacts | null {
  const kept = known.get(model);
  if (kept !== undefined || model === null) return kept ?? null;
  const parameters = parametersOf(model);
  const listed = modelFacts(model);
  const maxOutput = listed?.provider === 'openai' ? (listed.maxOutput ?? null) : null;
  const facts = parameters === null ? null : { ...parameters, maxOutput };
  if (known.size < MOST_NAMES) known.set(model, facts);
  return facts;
}
