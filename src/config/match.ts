import type { RoutePolicy } from '../engine/policy.ts';

/** Tells whether a lower-case model name fits. */
type Matcher = (model: string) => boolean;

/** Globs are compiled once for each list of routes, and go when the list goes. */
const compiled = new WeakMap<readonly RoutePolicy[], readonly (readonly Matcher[])[]>();

/**
 * The index of the first route that takes this model; -1 when none does. A call without a model (a list of models, an
 * upload) goes to the route that takes every model, or else to the first.
 */
export function matchRoute(routes: readonly RoutePolicy[], model: string | null): number {
  if (model === null) {
    const catchAll = routes.findIndex(({ models }) => models.includes('*'));
    return catchAll < 0 ? Math.min(0, routes.length - 1) : catchAll;
  }
  let matchers = compiled.get(routes);
  if (matchers === undefined) {
    matchers = routes.map(({ models }) => models.map(compileGlob));
    compiled.set(routes, matchers);
  }
  const name = model.toLowerCase();
  return matchers.findIndex((route) => route.some((matches) => matches(name)));
}

/** The common shapes (a name, a beginning, everything) need no scanning. */
function compileGlob(glob: string): Matcher {
  const pattern = glob.toLowerCase();
  const stars = pattern.split('*').length - 1;
  if (pattern === '*') return () => true;
  if (pattern.includes('?') || stars > 1) return (model) => matchGlob(pattern, model);
  if (stars === 0) return (model) => model === pattern;
  const [head = '', tail = ''] = pattern.split('*');
  return (model) => model.length >= head.length + tail.length && model.startsWith(head) && model.endsWith(tail);
}

/**
 * Walks both texts, returning to the last star on a mismatch: at worst pattern times model steps, where a regular
 * expression with many stars could be made to run away by a hostile model name.
 */
function matchGlob(pattern: string, model: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let index = 0; index < model.length;) {
    if (pattern[at] === '*') {
      star = at++;
      resume = index;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === model[index])) {
      at++;
      index++;
    } else if (star >= 0) {
      at = star + 1;
      index = ++resume;
    } else {
      return false;
    }
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}
