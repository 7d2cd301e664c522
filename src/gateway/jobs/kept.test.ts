import { describe, expect, test } from 'vitest';
import { Collected, headerOf, keptRequest } from './kept.ts';

describe('a request that is kept', () => {
  const kept = (headers: Record<string, string | string[]>): Record<string, unknown> => ({
    ...keptRequest({ method: 'POST', path: '/responses?x=1', headers }, new Uint8Array(3)).headers,
  });

  test.each([
    'authorization',
    'api-key',
    'x-api-key',
    'x-goog-api-key',
    'cookie',
    'proxy-authorization',
    'x-amz-security-token',
    'x-my-secret',
    'x-session-id',
    'x-hub-signature-256',
    'x-password',
  ])('has no %s: it may prove who sends', (name) => {
    expect(kept({ [name]: 'x' })).toEqual({});
  });

  test.each([
    'host',
    'content-length',
    'connection',
    'prefer',
    'idempotency-key',
    'x-stainless-timeout',
    'accept-encoding',
  ])('has no %s: it is about one exchange', (name) => {
    expect(kept({ [name]: 'x' })).toEqual({});
  });

  test('has the rest of it', () => {
    const said = { 'content-type': 'application/json', 'x-holdfast-workload': 'nightly', 'openai-beta': ['a', 'b'] };
    expect(kept(said)).toEqual(said);
    const request = keptRequest({ method: 'POST', path: '/responses?x=1', headers: {} }, new Uint8Array(3));
    expect(request).toMatchObject({ method: 'POST', path: '/responses?x=1', body: new Uint8Array(3) });
  });
});

describe('a stream that is kept', () => {
  test('is kept in order, and told when it is too large', () => {
    const collected = new Collected(6);
    collected.write(Buffer.from('abc'));
    collected.write(Buffer.from('def'));
    expect(Buffer.from(collected.all()).toString()).toBe('abcdef');
    expect(collected.tooLarge).toBe(false);
    collected.write(Buffer.from('g'));
    expect(collected.tooLarge).toBe(true);
    expect(collected.all()).toHaveLength(7);
  });
});

test('a header of a kept answer is found by its name', () => {
  const answer = { status: 200, headers: ['Content-Type', 'text/plain', 'x-a', '1'], body: new Uint8Array() };
  expect(headerOf(answer, 'content-type')).toBe('text/plain');
  expect(headerOf(answer, 'x-b')).toBeNull();
});
