import type * as z from 'zod';
import type { ConfigFile } from './file.ts';
import { fileSchema } from './schema.ts';
import { showName } from './secrets.ts';
import type { Finding } from './source.ts';
import { suggest, suggestOrList } from './suggest.ts';
import { targetField } from './target-fields.ts';

type Issue = z.core.$ZodIssue;

/** Checks each field on its own: what it says with units read, or everything that is wrong. */
export function checkFields(value: unknown): { file: ConfigFile | null; findings: Finding[] } {
  const checked = checkAgainst(fileSchema, value);
  return checked.good ? { file: checked.value, findings: [] } : { file: null, findings: checked.findings };
}

/** The value as a schema reads it, or everything that is wrong with it. */
export type Checked<Value> =
  | { readonly good: true; readonly value: Value }
  | { readonly good: false; readonly findings: Finding[] };

/** Checks a value against a schema made of this room's fields, in the words that a configuration file is judged with. */
export function checkAgainst<Value>(schema: z.ZodType<Value>, value: unknown): Checked<Value> {
  const result = schema.safeParse(value, { reportInput: true });
  const unread = unreadNames(value, []);
  if (result.success && unread.length === 0) return { good: true, value: result.data };
  const read = result.success ? [] : result.error.issues.flatMap((issue) => findingsOf(issue, []));
  const told = new Set(read.map(({ path }) => path.join('\n')));
  return { good: false, findings: [...read, ...unread.filter(({ path }) => !told.has(path.join('\n')))] };
}

/** Zod passes over members of this one name without a word: a tenant that is called so would be none. */
function unreadNames(value: unknown, path: readonly PropertyKey[]): Finding[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]): Finding[] => {
    const here = [...path, Array.isArray(value) ? Number(name) : name];
    if (name !== '__proto__') return unreadNames(member, here);
    return [{ path: here, at: 'key', wrong: 'is a name that cannot be used', fix: 'Choose another name.' }];
  });
}

function findingsOf(issue: Issue, above: readonly PropertyKey[]): Finding[] {
  const path = [...above, ...issue.path];
  if (issue.code === 'unrecognized_keys') return unknownKeys(issue, path);
  if (issue.code === 'invalid_union') return unionFindings(issue, path);
  if (issue.code === 'invalid_key') {
    const rule = issue.issues[0]?.message ?? 'is not allowed';
    return [{ path, at: 'key', wrong: `the id ${rule}`, fix: 'Choose another id.' }];
  }
  return [{ path, at: 'value', ...explain(issue) }];
}

function unknownKeys(issue: z.core.$ZodIssueUnrecognizedKeys, path: readonly PropertyKey[]): Finding[] {
  const fixes = issue.message.split('\n');
  return issue.keys.map((key, index) => ({
    path: [...path, key],
    at: 'key',
    wrong: 'is not a known field',
    fix: /^[^\s:]+:/.test(key) ? 'Put a space after the colon.' : (fixes[index] ?? ''),
  }));
}

/** A value that fits no shape of several: the shape it comes nearest to tells best what is wrong. */
function unionFindings(issue: z.core.$ZodIssueInvalidUnion, path: readonly PropertyKey[]): Finding[] {
  if (issue.discriminator !== undefined) return [wrongProvider(issue, path), ...besideProvider(issue, path)];
  const nearest = issue.errors.find((branch) => branch.every((inner) => !missesShape(inner)));
  if (nearest === undefined) return [{ path, at: 'value', ...explain(issue) }];
  return nearest.flatMap((inner) => findingsOf(inner, path));
}

/** The value is of another kind altogether, not one with a fault inside. */
function missesShape(issue: Issue): boolean {
  if (issue.path.length > 0) return false;
  if (issue.code === 'invalid_union') return issue.errors.every((branch) => branch.some(missesShape));
  return issue.code === 'invalid_type' || issue.code === 'invalid_format';
}

function wrongProvider(issue: z.core.$ZodIssueInvalidUnion, path: readonly PropertyKey[]): Finding {
  const known = providersIn(issue);
  const { input } = issue;
  const written = typeof input === 'object' && input !== null && 'provider' in input ? input.provider : undefined;
  if (typeof written !== 'string') {
    return { path, at: 'value', wrong: 'names no provider', fix: `Write one of ${known.join(', ')}.` };
  }
  return {
    path,
    at: 'value',
    wrong: `${quote(written) ?? 'what is written'} is not a known provider`,
    fix: suggestOrList(written, known),
  };
}

/** What else is wrong with a target whose provider is misspelt: it would only be found when that is put right. */
function besideProvider(issue: z.core.$ZodIssueInvalidUnion, path: readonly PropertyKey[]): readonly Finding[] {
  const { input } = issue;
  if (typeof input !== 'object' || input === null || !('provider' in input)) return [];
  const meant = typeof input.provider === 'string' ? suggest(input.provider, providersIn(issue)) : null;
  if (meant === null) return [];
  const checked = targetField.safeParse({ ...input, provider: meant }, { reportInput: true });
  return checked.success ? [] : checked.error.issues.flatMap((inner) => findingsOf(inner, path.slice(0, -1)));
}

function providersIn(issue: z.core.$ZodIssueInvalidUnion): readonly string[] {
  return 'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
}

function explain(issue: Issue): { wrong: string; fix: string } {
  if (issue.code === 'invalid_value') {
    const known = issue.values.map(String);
    if (typeof issue.input !== 'string') return { wrong: 'must be text', fix: `Write one of ${known.join(', ')}.` };
    return {
      wrong: `${quote(issue.input) ?? 'what is written'} is not known here`,
      fix: suggestOrList(issue.input, known),
    };
  }
  if (issue.code === 'custom' && typeof issue.params?.['fix'] === 'string') {
    return { wrong: issue.message, fix: issue.params['fix'] };
  }
  if (issue.input === undefined) return { wrong: 'is missing', fix: `It ${issue.message}.` };
  if (issue.input === null) return { wrong: 'is empty', fix: `Remove it, or fill it in: it ${issue.message}.` };
  const found = quote(issue.input);
  if (issue.code === 'too_small' && Array.isArray(issue.input)) {
    return { wrong: issue.message, fix: 'Write at least one, or remove the field around it.' };
  }
  return { wrong: found === null ? 'cannot be used' : `${found} cannot be used`, fix: `It ${issue.message}.` };
}

/** The value as far as it may be shown: numbers, and short plain text. */
function quote(value: unknown): string | null {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'string') return Array.isArray(value) ? 'a list' : 'a mapping';
  const letters = value.replaceAll(/[*?]/g, '');
  return letters !== '' && showName(letters) === letters ? `"${value}"` : null;
}
