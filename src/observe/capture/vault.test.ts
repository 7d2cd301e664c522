import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { captureKey } from './capture-key.ts';
import type { KeptExchange } from './exchange.ts';
import { Vault } from './vault.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-vault-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const ROOMY = { ageMs: 1_000, sizeBytes: 10_000_000 };

function exchange(call: string, at = 0, body = 'what was said'): KeptExchange {
  const message = { headers: { 'content-type': 'text/plain' }, body, bytes: body.length, truncated: false };
  const request = { ...message, method: 'POST', path: '/chat/completions' };
  return { call, at, route: 'default', tenant: null, request, reply: { ...message, status: 200 } };
}

test('gives back what it was given, also to the next who opens it', () => {
  const first = new Vault(directory, captureKey(directory, null), ROOMY);
  first.put(exchange('one'));
  expect(first.get('one')).toEqual(exchange('one'));
  expect(first.get('two')).toBeNull();
  first.close();
  const second = new Vault(directory, captureKey(directory, null), ROOMY);
  expect(second.get('one')).toEqual(exchange('one'));
  second.close();
});

test('nothing of it can be read in the file, and not with another key', () => {
  const vault = new Vault(directory, captureKey(directory, 'a secret'), ROOMY);
  vault.put(exchange('one', 0, 'the words that nobody may read'));
  vault.close();
  const bytes = readFileSync(join(directory, 'captures.db'), 'latin1');
  expect(bytes).not.toContain('nobody may read');
  expect(bytes).not.toContain('chat/completions');
  expect(statSync(join(directory, 'captures.db')).mode & 0o077).toBe(0);
  const other = new Vault(directory, captureKey(directory, 'another secret'), ROOMY);
  expect(() => other.get('one')).toThrow(/authenticate/);
  other.close();
});

test('its own key is made once, for its owner only', () => {
  const key = captureKey(directory, null);
  expect(captureKey(directory, null).equals(key)).toBe(true);
  expect(statSync(join(directory, 'capture-key')).mode & 0o077).toBe(0);
});

test('removes what is too old', () => {
  const vault = new Vault(directory, captureKey(directory, null), ROOMY);
  vault.put(exchange('old', 0));
  vault.put(exchange('new', 5_000));
  vault.sweep(5_500);
  expect([vault.get('old'), vault.get('new')?.call]).toEqual([null, 'new']);
  vault.close();
});

test('keeps the newest within its size, and the file shrinks with it', () => {
  const vault = new Vault(directory, captureKey(directory, null), { ...ROOMY, sizeBytes: 1_000_000 });
  // Noise does not deflate.
  const noise = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(10_000))).toString('base64');
  for (let index = 0; index < 500; index += 1) vault.put(exchange(`call-${index}`, index, noise()));
  expect(vault.get('call-0')).toBeNull();
  expect(vault.get('call-499')).not.toBeNull();
  vault.close();
  expect(statSync(join(directory, 'captures.db')).size).toBeLessThan(2_500_000);
});
