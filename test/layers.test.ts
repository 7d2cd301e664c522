import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

/** The house, from the roof down. A room may import rooms of lower storeys; rooms of one storey do not know each other. */
const STOREYS: readonly (readonly string[])[] = [
  ['cli'],
  ['gateway', 'inprocess'],
  ['incident', 'diagnose'],
  ['monitor'],
  ['jobs', 'tenants', 'observe', 'config'],
  ['payload', 'providers', 'storage', 'simulator'],
  ['engine', 'http1'],
];

/** What only the doors and the tools may touch: the engine runs wherever JavaScript does. */
const ENGINE_MAY_NOT = /^node:/;

const root = join(import.meta.dirname, '..', 'src');
const files = globSync('**/*.ts', { cwd: root }).filter((file) => !file.endsWith('.test.ts'));

function storeyOf(room: string): number {
  return STOREYS.findIndex((rooms) => rooms.includes(room));
}

function importsOf(file: string): string[] {
  const source = readFileSync(join(root, file), 'utf8');
  const imports = source.matchAll(/\b(?:from|import)\s+'([^']+)'|\bimport\('([^']+)'\)/g);
  return [...imports].map(([, named, called]) => (named ?? called) as string);
}

test('the rooms are all on the plan', () => {
  const rooms = new Set(files.filter((file) => file.includes('/')).map((file) => file.split('/', 1)[0] as string));
  expect([...rooms].filter((room) => storeyOf(room) < 0)).toEqual([]);
});

test('dependencies point down', () => {
  const upward: string[] = [];
  let seen = 0;
  for (const file of files) {
    const room = file.split('/', 1)[0] as string;
    // The index is the package's front step: it only re-exports.
    if (!file.includes('/')) continue;
    for (const specifier of importsOf(file)) {
      if (!specifier.startsWith('.')) continue;
      seen += 1;
      const other = relative(root, join(root, dirname(file), specifier)).split('/', 1)[0] as string;
      if (other !== room && storeyOf(other) <= storeyOf(room)) upward.push(`${file} imports ${specifier}`);
    }
  }
  expect(upward).toEqual([]);
  expect(seen).toBeGreaterThan(100);
});

test('the engine knows no server, no database, no Node', () => {
  const bound = files
    .filter((file) => file.startsWith('engine/'))
    .flatMap((file) => importsOf(file).map((specifier) => ({ file, specifier })))
    .filter(({ specifier }) => ENGINE_MAY_NOT.test(specifier) || !specifier.startsWith('.'));
  expect(bound).toEqual([]);
});
