import { describe, expect, test } from 'vitest';
import { readFields } from './fields.ts';

/** Field lines as they stand in a head: each behind its line break. */
function lines(...fields: string[]): string {
  return fields.map((field) => `\r\n${field}`).join('');
}

describe('fields', () => {
  test.each<[string, string, Record<string, string | string[]>]>([
    ['none', '', {}],
    ['one', lines('Host: a'), { host: 'a' }],
    ['names in lower case, values as they are', lines('X-NaMe: VaLuE'), { 'x-name': 'VaLuE' }],
    ['no blank behind the colon', lines('a:b'), { a: 'b' }],
    ['blanks and tabs around a value', lines('a: \t b c\t \t'), { a: 'b c' }],
    ['nothing to say', lines('a:', 'b: ', 'c:\t'), { a: '', b: '', c: '' }],
    ['colons in a value', lines('a::b: c:'), { a: ':b: c:' }],
    ['a colon in the next line only', lines('a: b', 'c: d'), { a: 'b', c: 'd' }],
    ['every sign that a name may have', lines("!#$%&'*+-.^_`|~09AZaz: x"), { "!#$%&'*+-.^_`|~09azaz": 'x' }],
    ['bytes beyond ASCII, each as itself', lines('a: \x80\xe9\xff'), { a: '\x80\xe9\xff' }],
    ['a blank beyond ASCII is no blank', lines('a: \xa0b\xa0'), { a: '\xa0b\xa0' }],
    ['twice, in two spellings', lines('A: 1', 'b: 2', 'a: 3'), { a: ['1', '3'], b: '2' }],
    ['three times, once with nothing', lines('a: 1', 'a:', 'a: 3'), { a: ['1', '', '3'] }],
    ['names that objects know', lines('constructor: a', 'toString: b'), { constructor: 'a', tostring: 'b' }],
    ['names that objects know, twice', lines('constructor: a', 'constructor: b'), { constructor: ['a', 'b'] }],
  ])('%s', (_, text, fields) => {
    expect(readFields(text)).toEqual(fields);
  });

  test('nobody becomes the prototype of anything', () => {
    const fields = readFields(lines('__proto__: a', '__proto__: b', 'c: d'));
    expect(fields).toEqual({ c: 'd' });
    expect(({} as Record<string, unknown>)['c']).toBeUndefined();
  });

  test('more spellings than are remembered', () => {
    const names = Array.from({ length: 2_000 }, (_, at) => `X-Many-${at}`);
    for (const name of [...names, ...names]) {
      expect(readFields(lines(`${name}: 1`))).toEqual({ [name.toLowerCase()]: '1' });
    }
  });

  test('a long head is read in one go', () => {
    const value = 'x'.repeat(500_000);
    expect(readFields(lines(`a: ${value}`, 'b: c'))).toEqual({ a: value, b: 'c' });
    const many = Array.from({ length: 50_000 }, (_, at) => `n${at}: ${at}`);
    expect(Object.keys(readFields(lines(...many)) ?? {})).toHaveLength(50_000);
  });
});

describe('no fields', () => {
  test.each([
    ['no line break before the first', 'a: b'],
    ['a line with nothing', lines('a: b', '', 'c: d')],
    ['a line break at the end', `${lines('a: b')}\r\n`],
    ['no colon', lines('a')],
    ['no colon, but one in the next line', lines('a', 'b: c')],
    ['no name', lines(': b')],
    ['a blank before the colon', lines('a : b')],
    ['a tab before the colon', lines('a\t: b')],
    ['a blank before the name', lines(' a: b')],
    ['a value that is folded', lines('a: b', ' c')],
    ['a value that is folded by a tab', lines('a: b', '\tc')],
    ['a bare LF', lines('a: b\nc: d')],
    ['a bare CR', lines('a: b\rc: d')],
    ['CR twice', lines('a: b\r', 'c: d')],
    ['a bare LF at the end', `${lines('a: b')}\n`],
    ['a bare CR at the end', `${lines('a: b')}\r`],
    ['NUL in a value', lines('a: b\0c')],
    ['NUL in a name', lines('a\0: b')],
    ['a control character in a value', lines('a: b\x0bc')],
    ['DEL in a value', lines('a: b\x7f')],
    ['brackets in a name', lines('a[b]: c')],
    ['a letter beyond ASCII in a name', lines('\xe9: b')],
    ['what is no byte', lines('a: \u0161')],
  ])('%s', (_, text) => {
    expect(readFields(text)).toBeNull();
  });
});
