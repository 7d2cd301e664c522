import { expect, test } from 'vitest';
import { readSessionCookie, sessionCookie } from './cookie.ts';

const ID = 'A'.repeat(43);

test.each([
  ['http://127.0.0.1:4141', '127.0.0.1:4141', `holdfast-session-4141=${ID}`, false],
  ['https://gateway.example', 'gateway.example', `__Host-holdfast-session=${ID}`, true],
  [undefined, 'localhost', `holdfast-session-80=${ID}`, false],
])('is set for %s and read again', (origin, host, shown, secure) => {
  const set = sessionCookie(ID, { host, ...(origin === undefined ? {} : { origin }) }, 60);
  expect(set.startsWith(`${shown}; Path=/; Max-Age=60; HttpOnly; SameSite=Strict`)).toBe(true);
  expect(set.includes('; Secure')).toBe(secure);
  expect(set).not.toContain('Domain');
  expect(readSessionCookie({ host, cookie: `theme=dark; ${shown}; other=1` })).toBe(ID);
});

test.each([
  [undefined],
  [''],
  ['holdfast-session-4141='],
  ['holdfast-session-4141=short'],
  [`holdfast-session-4242=${ID}`],
  [`holdfast-session-4141=${ID}"`],
])('%s holds no session of this port', (cookie) => {
  const headers = { host: '127.0.0.1:4141', ...(cookie === undefined ? {} : { cookie }) };
  expect(readSessionCookie(headers)).toBeNull();
});
