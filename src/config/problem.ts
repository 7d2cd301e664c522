import { showName } from './secrets.ts';

/** Where a problem stands: in a file (with line and column from 1, where known) or in the environment. */
export type Place =
  | { readonly kind: 'file'; readonly file: string; readonly line: number | null; readonly column: number | null }
  | { readonly kind: 'environment' };

/** One thing that is wrong with a configuration. Its texts never contain a value that could be a secret. */
export interface Problem {
  readonly place: Place;
  /** The field, as one would say it: `routes[0].ladder[1].target`, or the variable's name. */
  readonly field: string;
  readonly wrong: string;
  readonly fix: string;
}

/** The configuration cannot be used. Holds every problem that was found, not only the first. */
export class ConfigError extends Error {
  override readonly name: string = 'ConfigError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const unique = new Map(problems.map((problem) => [describeProblem(problem), problem]));
    const sorted = [...unique.values()].sort(byPlace);
    const count = sorted.length === 1 ? 'a problem' : `${sorted.length} problems`;
    super(`the configuration has ${count}\n${sorted.map((problem) => `\n${describeProblem(problem)}`).join('\n')}`);
    this.problems = sorted;
  }
}

/** In the order of the file, the environment last. */
function byPlace(a: Problem, b: Problem): number {
  const [left, right] = [a.place, b.place];
  if (left.kind !== right.kind) return left.kind === 'file' ? -1 : 1;
  if (left.kind === 'environment' || right.kind === 'environment') return 0;
  return (left.line ?? 0) - (right.line ?? 0) || (left.column ?? 0) - (right.column ?? 0);
}

/** Two lines: where and what, then the fix. */
function describeProblem({ place, field, wrong, fix }: Problem): string {
  return `  ${[describePlace(place), field].filter((part) => part !== '').join(' ')}: ${wrong}\n      ${fix}`;
}

function describePlace(place: Place): string {
  if (place.kind === 'environment') return 'environment';
  return [place.file, place.line, place.column].filter((part) => part !== null).join(':');
}

/** `['routes', 0, 'models']` as `routes[0].models`; names that might be secrets are left out. */
export function fieldName(path: readonly PropertyKey[]): string {
  let name = '';
  for (const step of path) {
    if (typeof step === 'number') name += `[${step}]`;
    else name += `${name === '' ? '' : '.'}${showName(String(step))}`;
  }
  return name;
}
