import { describe, expect, test } from 'vitest';
import { hashSecret, kindOfSecret, makeId, makeSecret, pseudonym, sameHash, shownPrefix } from './secret.ts';

describe('a secret', () => {
  test.each(['key', 'admin-token'] as const)('knows its kind, and no one character can be wrong: %s', (kind) => {
    const secret = makeSecret(kind);
    expect(kindOfSecret(secret)).toBe(kind);
    for (let at = secret.length - 38; at < secret.length; at += 1) {
      const other = secret[at] === 'a' ? 'b' : 'a';
      expect(kindOfSecret(secret.slice(0, at) + other + secret.slice(at + 1))).toBeNull();
    }
    expect(kindOfSecret(secret.slice(0, -1))).toBeNull();
    expect(kindOfSecret(`${secret}a`)).toBeNull();
  });

  test('is never made twice, and uses every digit alike', () => {
    const secrets = Array.from({ length: 2000 }, () => makeSecret('key'));
    expect(new Set(secrets).size).toBe(2000);
    const counts = new Map<string, number>();
    for (const digit of secrets.flatMap((secret) => secret.slice(3, 35).split('')))
      counts.set(digit, (counts.get(digit) ?? 0) + 1);
    expect(counts.size).toBe(62);
    // 64,000 digits, 1,032 of each expected: six standard deviations are 192.
    for (const count of counts.values()) expect(Math.abs(count - 1032)).toBeLessThan(192);
  });

  test.each(['', 'hf_', 'sk-proj-0123', 'hf_hub_token_of_another_house_0123456789ab', 'hf_admin_short'])(
    'is not %j',
    (text) => {
      expect(kindOfSecret(text)).toBeNull();
    },
  );
});

test.each([
  ['hf_ab12cdEFGH0123456789012345678901234567', 'hf_ab12cd'],
  ['hf_admin_ab12cdEFGH0123456789012345678901234', 'hf_admin_ab12cd'],
  ['hf_abc', 'hf_a'],
  ['hf_', 'hf_'],
  ['sk-proj-0123456789012345', 'sk-proj-'],
  ['hunter2', 'hu'],
  ['\u0007\n\u0000é123456789', '????'],
])('of %j only %j is ever shown', (presented, shown) => {
  expect(shownPrefix(presented)).toBe(shown);
});

test('hashes are compared as wholes', () => {
  const hash = hashSecret('a');
  expect(hash).toMatch(/^[0-9a-f]{64}$/);
  expect(sameHash(hash, hashSecret('a'))).toBe(true);
  expect(sameHash(hash, hashSecret('b'))).toBe(false);
  expect(sameHash(hash, hash.slice(1))).toBe(false);
});

test('a user has one pseudonym in a tenant, and another in another', () => {
  expect(pseudonym('shop', 'alice@example.com')).toBe(pseudonym('shop', 'alice@example.com'));
  expect(pseudonym('shop', 'alice@example.com')).toMatch(/^u_[0-9a-f]{16}$/);
  expect(pseudonym('shop', 'alice')).not.toBe(pseudonym('bank', 'alice'));
  expect(pseudonym('ab', 'c')).not.toBe(pseudonym('a', 'bc'));
});

test('ids are no secrets', () => {
  expect(makeId('key')).toMatch(/^key_[0-9a-z]{12}$/);
});
