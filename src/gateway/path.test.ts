import { expect, test } from 'vitest';
import { pathBelowRoot } from './path.ts';

test.each([
  ['/v1/chat/completions', '/chat/completions'],
  ['/v1/chat/completions?x=%2e%2e', '/chat/completions?x=%2e%2e'],
  ['/v1/responses/resp_1/cancel', '/responses/resp_1/cancel'],
  ['/v1/models/ft:gpt-4o:acme::Abc1', '/models/ft:gpt-4o:acme::Abc1'],
  ['/v1/models/some%2Fmodel', '/models/some%2Fmodel'],
  ['/v1/files/file-1/content', '/files/file-1/content'],
  ['/v1/files/a%20name.jsonl/', '/files/a%20name.jsonl/'],
  ['/v1/Chat/Completions/chatcmpl-1', '/Chat/Completions/chatcmpl-1'],
])('%s leads to %s', (url, path) => {
  expect(pathBelowRoot(url)).toBe(path);
});

test.each([
  '/v2/chat/completions',
  '/v1',
  '/v1;a/models',
  '/v1/../admin',
  '/v1/x/..',
  '/v1/./models',
  '/v1/x/%2e%2E/models',
  '/v1/x/.%2e/chat/completions',
  '/v1/%2e/models',
  '/v1/x/..;a/models',
  '/v1/x/..%2fmodels',
  '/v1/x%5c..%5cmodels',
  '/v1/files\\x',
  '/v1/files#x',
  '/v1/files/%',
  '/v1/files/%00',
])('%s leads nowhere', (url) => {
  expect(pathBelowRoot(url)).toBeNull();
});

test.each([
  '/v1/chat/%63ompletions',
  '/v1/chat%2fcompletions',
  '/v1/chat/completions/',
  '/v1/chat/completions/?x=1',
  '/v1//chat/completions',
  '/v1/chat//completions',
  '/v1/Chat/Completions',
  '/v1/chat/completions;a=1',
  '/v1/chat/completions%20',
  '/v1/RESPONSES',
  '/v1/%65mbeddings',
])('%s is not carried past the meter', (url) => {
  expect(pathBelowRoot(url)).toBeNull();
});
