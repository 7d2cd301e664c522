import { compileGlob, type Glob } from '../engine/glob.ts';
import type { RoutePolicy } from '../engine/policy.ts';

/** Globs are compiled once for each list of routes, and go when the list goes. */
const compiled = new WeakMap<readonly RoutePolicy[], readonly (readonly Glob[])[]>();

/**
 * The index of the first route that takes this model; -1 when none does. A call without a model (a list of models, an
 * upload) goes to the route that takes every model, or else to the first.
 */
export function matchRoute(routes: readonly RoutePolicy[], model: string | null): number {
  if (model === null) {
    const catchAll = routes.findIndex(({ models }) => models.includes('*'));
    return catchAll < 0 ? Math.min(0, routes.length - 1) : catchAll;
  }
  if (model === last.model && routes === last.routes) return last.index;
  last = { routes, model, index: matchAnew(routes, model) };
  return last.index;
}

/** What was asked last, since most calls ask for what the one before them did. */
let last: { readonly routes: readonly RoutePolicy[]; readonly model: string; readonly index: number } = {
  routes: [],
  model: '',
  index: -1,
};

function matchAnew(routes: readonly RoutePolicy[], model: string): number {
  let matchers = compiled.get(routes);
  if (matchers === undefined) {
    matchers = routes.map(({ models }) => models.map(compileGlob));
    compiled.set(routes, matchers);
  }
  const name = model.toLowerCase();
  return matchers.findIndex((route) => route.some((matches) => matches(name)));
}
