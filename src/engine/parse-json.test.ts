import { describe, expect, test } from 'vitest';
import { parseJson } from './parse-json.ts';

describe('parseJson', () => {
  test.each<[string, string]>([
    ['a small text', '{"a":[1,{"b":null}]}'],
    ['999 levels', `${'['.repeat(999)}${']'.repeat(999)}`],
    ['a thousand levels', `${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}`],
    ['many beside one another', `[${'[1],{"a":{}},'.repeat(5000)}0]`],
    ['brackets in texts', `["${'[{'.repeat(5000)}","\\"${'['.repeat(2000)}","\\\\"]`],
  ])('%s is as JSON.parse reads it', (_, text) => {
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  test.each<[string, string]>([
    ['lists', `${'['.repeat(1001)}${']'.repeat(1001)}`],
    ['objects', `${'{"a":'.repeat(1001)}1${'}'.repeat(1001)}`],
    ['lists that are cut', '[1,'.repeat(50_000)],
    ['lists that are cut behind a number', `${'[1,'.repeat(50_000)}1`],
    ['objects that are cut behind a number', `${'{"a":1,"b":'.repeat(50_000)}1`],
    ['behind a text', `{"a":"\\\\","b":${'['.repeat(1001)}`],
  ])('%s of more than a thousand levels are refused', (_, text) => {
    expect(() => parseJson(text)).toThrow('nested more than 1000 levels deep');
  });

  test('what is no JSON is refused as ever', () => {
    expect(() => parseJson('{"a":')).toThrow(SyntaxError);
    expect(() => parseJson('')).toThrow(SyntaxError);
  });
});
