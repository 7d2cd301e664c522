import { expect, it } from 'vitest';
import { suggest, suggestOrList } from './suggest.ts';

it.each([
  ['prot', ['host', 'port'], 'port'],
  ['base_url', ['baseUrl', 'key'], 'baseUrl'],
  ['baseURL', ['baseUrl', 'key'], 'baseUrl'],
  ['apiKey', ['baseUrl', 'key'], 'key'],
  ['endpoint', ['baseUrl', 'key'], 'baseUrl'],
  ['kye', ['baseUrl', 'key'], 'key'],
  ['kea', ['baseUrl', 'tea', 'sea'], 'tea'],
  ['overladed', ['overloaded', 'timeout'], 'overloaded'],
  ['colour', ['host', 'port'], null],
  ['x', [], null],
  ['constructor', ['host'], null],
])('for %j among %j suggests %j', (written, known, expected) => {
  expect(suggest(written, known)).toBe(expected);
});

it('lists the choice when nothing is near', () => {
  expect(suggestOrList('colour', ['host', 'port'])).toBe('Known here: host, port.');
});
