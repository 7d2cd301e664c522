import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isAlias, isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import type { Document, Node } from 'yaml';
import { ConfigError, fieldName } from './problem.ts';
import type { Place, Problem } from './problem.ts';

type Path = readonly PropertyKey[];

/** Something found wrong with the field at `path`; `key` says that its name is meant rather than its value. */
export interface Finding {
  readonly path: Path;
  readonly at: 'key' | 'value';
  readonly wrong: string;
  readonly fix: string;
}

/** What a configuration file says, and where in it each field stands. */
export interface Source {
  readonly value: unknown;
  locate(finding: Finding): Problem;
}

/** Stands for having no file: everything is left out. */
export const NO_SOURCE: Source = {
  value: {},
  locate: ({ path, wrong, fix }) => ({ place: { kind: 'environment' }, field: fieldName(path), wrong, fix }),
};

/**
 * Reads and parses a YAML (or JSON) file.
 *
 * @throws {ConfigError} it cannot be read or is not YAML; the text itself is never quoted, it may hold a secret
 */
export async function readSource(file: string, cwd: string): Promise<Source> {
  let text: string;
  try {
    text = await readFile(resolve(cwd, file), 'utf8');
  } catch (error) {
    throw new ConfigError([unreadable(file, error)]);
  }
  return parseSource(file, text);
}

function parseSource(file: string, text: string): Source {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
    stringKeys: true,
    logLevel: 'error',
  });
  const broken: { code: string; at: number }[] = [...document.errors, ...document.warnings].map(({ code, pos }) => ({
    code,
    at: pos[0],
  }));
  broken.push(...danglingAliases(document));
  if (broken.length > 0) {
    throw new ConfigError(
      broken.map(({ code, at }) => ({ place: place(file, lines, at), field: '', ...syntax(code) })),
    );
  }
  let value: unknown;
  try {
    value = document.toJS() ?? {};
  } catch {
    // The only failures left are aliases that multiply beyond all reason.
    throw new ConfigError([{ place: place(file, lines, null), field: '', ...TOO_MANY_ALIASES }]);
  }
  return {
    value,
    locate: (finding) => ({
      place: place(file, lines, offsetOf(document, finding)),
      field: fieldName(finding.path),
      wrong: finding.wrong,
      fix: finding.fix,
    }),
  };
}

const TOO_MANY_ALIASES = { wrong: 'its aliases cannot be resolved', fix: 'Write the repeated parts out.' };

function place(file: string, lines: LineCounter, offset: number | null): Place {
  if (offset === null) return { kind: 'file', file, line: null, column: null };
  const { line, col } = lines.linePos(offset);
  return { kind: 'file', file, line: Math.max(1, line), column: Math.max(1, col) };
}

/** Where the field stands; when it is not written down, where the thing that lacks it begins: at its name, if it has one. */
function offsetOf(document: Document, { path, at }: Finding): number | null {
  let node: unknown = document.contents;
  let holder = isNode(node) ? node : null;
  for (const [depth, step] of path.entries()) {
    const [key, value] = child(isAlias(node) ? node.resolve(document) : node, step);
    if (key === null && value === null) return start(holder);
    if (value === null || (at === 'key' && depth === path.length - 1)) return start(key ?? value ?? holder);
    holder = key ?? value;
    node = value;
  }
  return isNode(node) ? start(node) : null;
}

function child(parent: unknown, step: PropertyKey): [key: Node | null, value: Node | null] {
  if (isSeq(parent)) {
    const item = parent.items[Number(step)];
    return [null, isNode(item) ? item : null];
  }
  if (!isMap(parent)) return [null, null];
  const pair = parent.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === step);
  if (pair === undefined) return [null, null];
  return [isNode(pair.key) ? pair.key : null, isNode(pair.value) ? pair.value : null];
}

function start(node: Node | null): number | null {
  return node?.range?.[0] ?? null;
}

/** The reasons for broken YAML that people meet, in plain words; the parser's own text may quote the file. */
const SYNTAX: Readonly<Record<string, { readonly wrong: string; readonly fix: string }>> = {
  TAB_AS_INDENT: { wrong: 'a tab stands where the line is indented', fix: 'Indent with spaces.' },
  DUPLICATE_KEY: { wrong: 'this field is written twice', fix: 'Keep one of the two.' },
  BAD_ALIAS: {
    wrong: 'a * begins an alias in YAML, and this one has no name or no anchor',
    fix: 'Put quotation marks around a model glob: "*".',
  },
  NON_STRING_KEY: { wrong: 'the name of a field is not text', fix: 'Check brackets and colons here.' },
  MULTIPLE_DOCS: { wrong: 'a second document begins here', fix: 'Keep one document: remove the --- line.' },
  BAD_INDENT: {
    wrong: 'the indentation does not fit, or a bracket before it is not closed',
    fix: 'Line the fields up with their neighbours; close what was opened.',
  },
  MISSING_CHAR: {
    wrong: 'a closing bracket, quotation mark or comma is missing',
    fix: 'Close what was opened before.',
  },
  TAG_RESOLVE_FAILED: {
    wrong: 'a ! begins a tag, which is not used here',
    fix: 'Put quotation marks around the text.',
  },
};

const SYNTAX_OTHERWISE = { wrong: 'this is not YAML', fix: 'Check indentation, brackets and quotation marks here.' };

function syntax(code: string): { wrong: string; fix: string } {
  return SYNTAX[code] ?? SYNTAX_OTHERWISE;
}

/** Aliases without an anchor, which the parser would only meet later and without saying where. */
function danglingAliases(document: Document): { code: string; at: number }[] {
  const found: { code: string; at: number }[] = [];
  visit(document, {
    Alias: (_, node) => {
      if (node.resolve(document) === undefined) found.push({ code: 'BAD_ALIAS', at: start(node) ?? 0 });
    },
  });
  return found;
}

function unreadable(file: string, error: unknown): Problem {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
  const where: Place = { kind: 'file', file, line: null, column: null };
  if (code === 'ENOENT') return { place: where, field: '', wrong: 'there is no such file', fix: 'Check --config.' };
  if (code === 'EISDIR') return { place: where, field: '', wrong: 'is a directory', fix: 'Name the file inside it.' };
  return { place: where, field: '', wrong: `cannot be read (${code})`, fix: 'Check that Holdfast may read it.' };
}
