import { expect, test } from 'vitest';
import {
  askedIn,
  belowGemini,
  generatedPathIn,
  generates,
  isGeminis,
  keyTakenFrom,
  pathAtGemini,
  pathOf,
} from './path.ts';

test.each<[path: string, asked: object | null]>([
  ['/models/gemini-2.5-flash:generateContent', { model: 'gemini-2.5-flash', method: 'generateContent', query: '' }],
  ['/models/m:streamGenerateContent?alt=sse', { model: 'm', method: 'streamGenerateContent', query: '?alt=sse' }],
  ['/models/m@cut:4:countTokens', { model: 'm@cut:4', method: 'countTokens', query: '' }],
  ['/models/m%40x:generateContent', { model: 'm@x', method: 'generateContent', query: '' }],
  ['/models/m%zz:generateContent', null],
  ['/models/ft:gpt-4o-mini:acme::id', null],
  ['/models/m:generatecontent', null],
  ['/models/a/b:generateContent', null],
  ['/chat/completions', null],
])('%s', (path, asked) => {
  expect(askedIn(path)).toEqual(asked);
  expect(generates(path)).toBe(asked !== null && !path.includes('countTokens'));
});

test.each<[url: string, below: string | null]>([
  ['/gemini/v1beta/models/m:generateContent', '/models/m:generateContent'],
  ['/gemini/v1/models/m:generateContent?x=1', '/models/m:generateContent?x=1'],
  ['/v1beta/models/m:countTokens', '/models/m:countTokens'],
  ['/v1alpha/models/m:generateContent', '/models/m:generateContent'],
  ['/gemini/v1beta/files/x', '/v1beta/files/x'],
  ['/v1beta/models', '/v1beta/models'],
  ['/gemini/files', null],
  ['/v1/models', null],
  ['/v2/models', null],
])('%s is below the root: %s', (url, below) => {
  expect(belowGemini(url)).toBe(below);
  expect(below === null || isGeminis(below)).toBe(true);
});

test('paths at Google', () => {
  expect(pathAtGemini('/v1beta/files/x')).toBe('/files/x');
  expect(pathAtGemini('/models/m:countTokens')).toBe('/models/m:countTokens');
  expect(pathOf('m@cut:4', 'generateContent')).toBe('/models/m%40cut%3A4:generateContent');
  expect(pathOf('tunedModels/x', 'streamGenerateContent', '?alt=sse')).toBe(
    '/tunedModels/x:streamGenerateContent?alt=sse',
  );
  expect(isGeminis('/chat/completions')).toBe(false);
});

test('where an answer is asked for', () => {
  expect(generatedPathIn('/v1beta/models/m:generateContent')).toBe('/models/m:generateContent');
  expect(generatedPathIn('/models/m:streamGenerateContent')).toBe('/models/m:streamGenerateContent');
  expect(generatedPathIn('/v1/models/m:countTokens')).toBeNull();
  expect(generatedPathIn('/v1/chat/completions')).toBeNull();
});

test.each<[url: string, taken: object | null]>([
  ['/v1beta/models/m:generateContent?key=AIza', { url: '/v1beta/models/m:generateContent', key: 'AIza' }],
  [
    '/gemini/v1beta/models/m:generateContent?alt=sse&key=a%2Bb',
    { url: '/gemini/v1beta/models/m:generateContent?alt=sse', key: 'a+b' },
  ],
  ['/v1/models/m:generateContent?key=a&alt=sse', { url: '/v1/models/m:generateContent?alt=sse', key: 'a' }],
  ['/v1beta/files?key=%zz', { url: '/v1beta/files', key: '%zz' }],
  // On OpenAI's wire that is no key.
  ['/v1/vector_stores?key=a', null],
  ['/v1beta/models?monkey=a', null],
  ['/v1beta/models', null],
])('%s', (url, taken) => {
  expect(keyTakenFrom(url)).toEqual(taken);
});
