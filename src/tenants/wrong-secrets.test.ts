import { expect, test } from 'vitest';
import { WrongSecrets } from './wrong-secrets.ts';

test('an address may be wrong twenty times, then once in three seconds; others are not its concern', () => {
  const wrong = new WrongSecrets();
  for (let guess = 0; guess < 20; guess += 1) expect(wrong.judge('192.0.2.1', 1000).waitMs).toBe(0);
  expect(wrong.judge('192.0.2.1', 1000)).toEqual({ waitMs: 3000, news: true });
  expect(wrong.judge('192.0.2.1', 1000)).toEqual({ waitMs: 3000, news: false });
  expect(wrong.judge('192.0.2.2', 1000).waitMs).toBe(0);
  expect(wrong.judge('192.0.2.1', 4001).waitMs).toBe(0);
  expect(wrong.judge('192.0.2.1', 4002)).toEqual({ waitMs: 3000, news: false });
});

test('a new spell of guessing is news again', () => {
  const wrong = new WrongSecrets();
  for (let guess = 0; guess < 21; guess += 1) wrong.judge('2001:db8::1', 0);
  for (let guess = 0; guess < 20; guess += 1) expect(wrong.judge('2001:db8::2', 90_000).waitMs).toBe(0);
  expect(wrong.judge('2001:db8::3', 90_000)).toEqual({ waitMs: 3000, news: true });
});

test('remembers so many addresses and no more', () => {
  const wrong = new WrongSecrets();
  for (let guess = 0; guess < 21; guess += 1) wrong.judge('192.0.2.1', 0);
  for (let other = 0; other < 10_000; other += 1) wrong.judge(`10.0.${other >> 8}.${other & 255}`, 0);
  expect(wrong.judge('192.0.2.1', 0).waitMs).toBe(0);
});
