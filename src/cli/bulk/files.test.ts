import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requireDirectory, requireFreeOutput, requireInput } from './files.ts';

let home = '';
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'holdfast-bulk-files-'));
  mkdirSync(join(home, 'directory'));
  for (const name of ['in.jsonl', 'old.jsonl', 'begun.jsonl', 'begun.jsonl.journal'])
    writeFileSync(join(home, name), '');
});
afterAll(() => rmSync(home, { recursive: true }));

describe('the input', () => {
  const judge = (name: string) => () => requireInput(name.startsWith('/') ? name : join(home, name));

  test('is a file', () => expect(judge('in.jsonl')).not.toThrow());

  test.each([
    ['none.jsonl', 'there is no '],
    ['directory', 'directory is a directory; name a file in it'],
    ['/dev/null', '/dev/null is no file, and cannot be read more than once'],
  ])('is not %s', (name, why) => expect(judge(name)).toThrow(why));
});

describe('the output', () => {
  const judge = (name: string) => () => {
    const out = name.startsWith('/') ? name : join(home, name);
    requireDirectory(out);
    requireFreeOutput(out, `${out}.journal`);
  };

  test.each(['out.jsonl', 'directory/out.jsonl', 'begun.jsonl'])('may be %s', (name) => {
    expect(judge(name)).not.toThrow();
  });

  test.each([
    ['in.jsonl', 'in.jsonl is there already and would be lost'],
    ['old.jsonl', 'old.jsonl is there already and would be lost'],
    ['/dev/null', '/dev/null is there already and would be lost'],
    ['directory', 'directory is a directory; name a file in it'],
    ['none/out.jsonl', 'there is no directory'],
    ['in.jsonl/out.jsonl', 'in.jsonl is no directory'],
  ])('may not be %s', (name, why) => expect(judge(name)).toThrow(why));

  test('has a name', () => expect(() => requireDirectory('')).toThrow('--out is empty'));
});
