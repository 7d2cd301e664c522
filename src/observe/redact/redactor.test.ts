import { describe, expect, it } from 'vitest';
import { alnum, digits, hex, laidBare, MAKERS, random, WRAPPERS } from './planted.test-support.ts';
import { Redactor } from './redactor.ts';

const redactor = new Redactor({ salt: 'test' });

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe.each(WRAPPERS)('in %s', (_, wrap) => {
  it.each(MAKERS.map((make) => make()))('%s is taken out', (value) => {
    const wrapped = wrap(value);
    const safe = redactor.text(wrapped);
    expect(laidBare(wrapped)).toContain(value);
    expect(laidBare(safe)).not.toContain(value);
    expect(redactor.text(safe), 'what is redacted stays as it is').toBe(safe);
    expect(isJson(safe), 'valid JSON stays valid').toBe(isJson(wrapped));
  });
});

describe('behind a name', () => {
  it.each([
    ['authorization: Basic dXNlcjpwYXNzd29yZA==', 'dXNlcjpwYXNzd29yZA=='],
    ['Authorization: Bearer abc123def456', 'abc123def456'],
    ['cookie: session=abcdef; theme=dark', 'abcdef'],
    ['Set-Cookie: sid=abcdef; Path=/', 'abcdef'],
    ['{"password":"correct horse"}', 'correct horse'],
    ['{\\"api_key\\":\\"0123abcd0123abcd\\"}', '0123abcd0123abcd'],
    ['MY_TEAM_OPENAI_API_KEY=0123456789abcdef', '0123456789abcdef'],
    ['AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYab', 'wJalrXUtnFEMI'],
    ['postgres://app:hunter22@db.internal/x', 'hunter22'],
    ['api-key: 0123456789abcdef0123456789abcdef', '0123456789abcdef'],
    ['https://x.example/?sig=AbCd%2Befg&n=1', 'AbCd'],
  ])('%s', (text, secret) => {
    const safe = redactor.text(text);
    expect(safe).not.toContain(secret);
    expect(safe).toMatch(/\[[a-z-]+:[0-9a-f]{6}\]/);
    expect(redactor.text(safe)).toBe(safe);
  });

  it('fields and headers go whole', () => {
    expect(
      redactor.json({ headers: { Authorization: 'anything at all', accept: 'text/html' }, token: ['a-b', null] }),
    ).toEqual({
      headers: { Authorization: expect.stringMatching(/^\[secret:/) as string, accept: 'text/html' },
      token: [expect.stringMatching(/^\[secret:/) as string, null],
    });
  });
});

it('hardly touches what only looks alike', () => {
  const makers = [
    () => `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`,
    () => hex(40),
    () => hex(64),
    () => `req_${hex(32)}`,
    () => `chatcmpl-${alnum(29)}`,
    () => `resp_${hex(48)}`,
    () => `call_${alnum(24)}`,
    () => `hf-${alnum(20)}-${hex(3)}`,
    () => `00-${hex(32)}-${hex(16)}-01`,
    () => `${hex(16)}-FRA`,
    () => String(1_700_000_000_000 + Math.floor(random() * 1e11)),
    () => digits(18),
    () => new Date(1.7e12 + random() * 1e11).toISOString(),
    () => `10.${digits(1)}.${digits(1)}.${digits(1)}`,
    () => `sha256:${hex(64)}`,
    () => `max_tokens=${digits(4)}`,
    () => `"prompt_tokens": ${digits(5)}`,
    () => `v${digits(1)}.${digits(2)}.${digits(1)}`,
    () => `https://api.example.com/v1/models/gpt-4o-${digits(4)}-08-06`,
    () => Buffer.from(hex(40), 'hex').toString('base64'),
  ];
  const texts = Array.from({ length: 4_000 }, (_, index) => makers[index % makers.length]?.() ?? '');
  const altered = texts.filter((text) => redactor.text(`id ${text} seen`) !== `id ${text} seen`);
  expect(altered.length).toBeLessThanOrEqual(texts.length / 100);
});

it('gives one value one placeholder, and another salt another', () => {
  const key = `sk-proj-${alnum(60)}`;
  const safe = redactor.text(`${key} and ${key}`);
  const [one, two] = safe.match(/\[[^\]]+\]/g) ?? [];
  expect(one).toBe(two);
  expect(new Redactor({ salt: 'other' }).text(key)).not.toBe(one);
});

it('leaves JSON without anything in it as it is, to the byte', () => {
  const text = '{ "model" : "gpt-4o",  "n": 1.0 }';
  expect(redactor.jsonText(text)).toBe(text);
});

it('leaves personal details where the policy says so', () => {
  const lenient = new Redactor({ salt: 'test', personal: ['card'] });
  expect(lenient.text('mail a.b@example.org')).toBe('mail a.b@example.org');
});

describe('a megabyte made to be slow', () => {
  it.each([
    ['letters', 'a'.repeat(1_000_000)],
    ['digits', '1'.repeat(1_000_000)],
    ['at signs', '@'.repeat(1_000_000)],
    ['beginnings of keys', 'sk-'.repeat(333_333)],
    ['beginnings of tokens', 'eyJ'.repeat(333_333)],
    ['backslashes', '\\'.repeat(1_000_000)],
    ['percents', '%25'.repeat(333_333)],
    ['colons', 'a:'.repeat(500_000)],
    ['groups of digits', '12 '.repeat(333_333)],
    ['dots', 'a.'.repeat(500_000)],
    ['names', 'password='.repeat(111_111)],
    ['begins of private keys', '-----BEGIN PRIVATE KEY-----'.repeat(37_037)],
    ['base64 of base64', Buffer.from(Buffer.from('x'.repeat(500_000)).toString('base64')).toString('base64')],
  ])('%s', (_, text) => {
    // Were any of it quadratic, the time a test is given would not do.
    expect(redactor.text(text).length).toBeGreaterThan(0);
  });
});
