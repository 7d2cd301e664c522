import { DEFAULT_BREAKER, DEFAULT_RETRY } from '../engine/policy.ts';
import { addressFault, isLoopback, parseUrl } from './addresses.ts';
import { checkFit } from './fit.ts';
import { checkDegraded, isDegraded } from './ladder.ts';
import { checkPrices } from './prices.ts';
import type { Finding } from './source.ts';
import { suggestOrList } from './suggest.ts';
import { checkOrganisations } from './tenancy.ts';
import { formatDuration, parseDuration } from './units.ts';

type Path = readonly PropertyKey[];
type Fields = Readonly<Record<string, unknown>>;

/** What the parts of a file are judged against, beyond the file itself. */
export interface Surroundings {
  /** Targets that come from the environment. */
  readonly targets: readonly string[];
  /** Where the gateway will listen. */
  readonly port: number;
}

/**
 * Checks what one part of a file says about another. Works on the file as it was written, whatever else is wrong with
 * it, so that everything is listed at once; parts of the wrong shape are skipped, they have been reported already.
 */
export function checkReferences(value: unknown, surroundings: Surroundings): Finding[] {
  const targets = Object.entries(fields(fields(value)['targets']));
  const routes = list(fields(value)['routes']).map(fields);
  const known = targets.length > 0 ? targets.map(([id]) => id) : surroundings.targets;
  return [
    ...targets.flatMap(([id, target]) => checkTarget(['targets', id], fields(target), surroundings.port)),
    ...routes.flatMap((route, index) => checkLadder(['routes', index, 'ladder'], route['ladder'], known)),
    ...routes.flatMap((route, index) =>
      checkFit(['routes', index, 'fit'], route['fit'], fields(fields(value)['defaults'])['fit'], known),
    ),
    ...checkFit(['defaults', 'fit'], fields(fields(value)['defaults'])['fit'], null, known),
    ...checkIds(routes),
    ...checkReach(routes),
    ...checkPrices(fields(value)['prices'], known),
    ...checkLimits(fields(value), routes, targets),
    ...checkOrganisations(
      Object.keys(fields(fields(value)['organisations'])),
      Object.entries(fields(fields(value)['tenants'])),
    ),
  ];
}

/** The id of a route that was given none: what its models are says best what it is. */
export function routeId(id: string | undefined, models: readonly string[]): string {
  return id ?? (models[0] === '*' ? 'default' : models.join(','));
}

function checkTarget(path: Path, target: Fields, port: number): Finding[] {
  return [...checkAddress(path, target, port), ...checkAzure(path, target)];
}

/** Azure's dated API names the deployment in the path, its v1 API in the model: half of one is neither. */
function checkAzure(path: Path, { provider, deployment, apiVersion }: Fields): Finding[] {
  if (provider !== 'azure' || (deployment === undefined) === (apiVersion === undefined)) return [];
  const absent = deployment === undefined ? 'deployment' : 'apiVersion';
  const present = deployment === undefined ? 'apiVersion' : 'deployment';
  const fix = `Add ${absent}, or remove ${present} to use the v1 API, where the model is the name of the deployment.`;
  return [{ path: [...path, absent], at: 'value', wrong: `is missing beside ${present}`, fix }];
}

function checkAddress(path: Path, target: Fields, port: number): Finding[] {
  const written = target['baseUrl'];
  if (typeof written !== 'string' || addressFault(written, true, '') !== null) return [];
  const here = { path: [...path, 'baseUrl'], at: 'value' as const };
  const insecure = addressFault(
    written,
    target['allowInsecure'] === true,
    'Use https, or add allowInsecure: true to this target if the network between is your own.',
  );
  if (insecure !== null) return [{ ...here, ...insecure }];
  return pointsBack(written, port) ? [{ ...here, ...POINTS_BACK }] : [];
}

/** Calls sent there would come round again and again. */
export function pointsBack(written: string, port: number): boolean {
  const url = parseUrl(written);
  return url !== null && port !== 0 && isLoopback(url.hostname) && url.port === String(port);
}

export const POINTS_BACK = {
  wrong: 'points back at this gateway itself',
  fix: "Write the provider's address, or let the gateway listen on another port.",
};

function checkLadder(path: Path, ladder: unknown, known: readonly string[]): Finding[] {
  const targets = list(ladder).flatMap((rung, index) => {
    if (isDegraded(rung)) return [];
    if (!Array.isArray(rung)) return checkRungTarget([...path, index], rung, known);
    return [
      ...rung.flatMap((entry: unknown, at) => checkRungTarget([...path, index, at], entry, known)),
      ...repeatedInRung([...path, index], rung),
    ];
  });
  return [...targets, ...checkDegraded(path, list(ladder))];
}

function checkRungTarget(path: Path, entry: unknown, known: readonly string[]): Finding[] {
  const target = typeof entry === 'string' ? entry : fields(entry)['target'];
  if (typeof target !== 'string' || known.includes(target)) return [];
  const where = typeof entry === 'string' ? path : [...path, 'target'];
  if (known.length === 0) {
    return [
      { path: where, at: 'value', wrong: 'names a target, but there are none', fix: 'Describe it under targets.' },
    ];
  }
  return [{ path: where, at: 'value', wrong: 'is not the id of a target', fix: suggestOrList(target, known) }];
}

/** The same target for the same model twice in one rung: a weight says it better. */
function repeatedInRung(path: Path, rung: readonly unknown[]): Finding[] {
  const seen = new Set<string>();
  return rung.flatMap((entry, index) => {
    const { target, model } = typeof entry === 'string' ? { target: entry, model: undefined } : fields(entry);
    if (typeof target !== 'string') return [];
    const key = JSON.stringify([target, model ?? null]);
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    const fix = 'Keep one, and give it a weight if it should take more calls.';
    return [{ path: [...path, index], at: 'value' as const, wrong: 'stands in this rung twice', fix }];
  });
}

function checkIds(routes: readonly Fields[]): Finding[] {
  const seen = new Map<string, number>();
  return routes.flatMap((route, index) => {
    const { id } = route;
    const models = list(route['models']).filter((model) => typeof model === 'string');
    if (typeof id !== 'string' && models.length === 0) return [];
    const name = routeId(typeof id === 'string' ? id : undefined, models);
    const first = seen.get(name);
    if (first === undefined) seen.set(name, index);
    // Two routes for every model are reported as one that is never reached.
    if (first === undefined || (id === undefined && models[0] === '*')) return [];
    const path = ['routes', index, ...(typeof id === 'string' ? ['id'] : [])];
    const fix = 'Give each route an id of its own.';
    return [{ path, at: 'value' as const, wrong: `has the same id as routes[${first}]`, fix }];
  });
}

/** Routes behind one that takes every model are never reached. */
function checkReach(routes: readonly Fields[]): Finding[] {
  const last = routes.findIndex((route) => list(route['models']).includes('*'));
  if (last < 0) return [];
  return routes.slice(last + 1).map((_, offset) => ({
    path: ['routes', last + 1 + offset],
    at: 'value' as const,
    wrong: `is never reached: routes[${last}] takes every model`,
    fix: 'Move the route for "*" to the end.',
  }));
}

/** A limit below what it limits would silently flatten every backoff, or every growth of a breaker's open time. */
function checkLimits(file: Fields, routes: readonly Fields[], targets: readonly [string, unknown][]): Finding[] {
  const defaults = fields(file['defaults']);
  const retries = routes.map((route, index) => ({ path: ['routes', index, 'retry'], section: fields(route['retry']) }));
  const breakers = targets.map(([id, target]) => ({
    path: ['targets', id, 'breaker'],
    section: fields(fields(target)['breaker']),
  }));
  return [
    ...checkLimit('base', 'cap', retries, 'retry', defaults, [DEFAULT_RETRY.baseMs, DEFAULT_RETRY.capMs]),
    ...checkLimit('open', 'maxOpen', breakers, 'breaker', defaults, [
      DEFAULT_BREAKER.openMs,
      DEFAULT_BREAKER.maxOpenMs,
    ]),
  ];
}

function checkLimit(
  least: string,
  most: string,
  sections: readonly { readonly path: Path; readonly section: Fields }[],
  name: string,
  defaults: Fields,
  builtIn: readonly [least: number, most: number],
): Finding[] {
  const shared = { path: ['defaults', name], section: fields(defaults[name]) };
  return [shared, ...sections].flatMap(({ path, section }) => {
    const field = most in section ? most : least;
    if (!(field in section)) return [];
    const low = durationOf(section[least]) ?? durationOf(shared.section[least]) ?? builtIn[0];
    const high = durationOf(section[most]) ?? durationOf(shared.section[most]) ?? builtIn[1];
    if (low <= high) return [];
    const wrong = `${least} (${formatDuration(low)}) is longer than ${most} (${formatDuration(high)})`;
    return [{ path: [...path, field], at: 'value' as const, wrong, fix: `Make ${most} at least as long as ${least}.` }];
  });
}

function durationOf(written: unknown): number | null {
  return typeof written === 'string' || typeof written === 'number' ? parseDuration(written) : null;
}

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
