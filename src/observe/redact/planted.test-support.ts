import type { Random } from '../../engine/clock.ts';
import { seededRandom } from '../../engine/random.ts';

// Values are made here from a seed, in the shapes that vendors hand out; none of them is or was anybody's.
export const random: Random = seededRandom(7);
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const pick = (alphabet: string, count: number): string =>
  Array.from({ length: count }, () => alphabet.charAt(Math.floor(random() * alphabet.length))).join('');
export const alnum = (count: number): string => pick(letters, count);
export const digits = (count: number): string => pick('0123456789', count);
export const hex = (count: number): string => pick('0123456789abcdef', count);

function luhn(body: string): string {
  for (let last = 0; last < 10; last += 1) {
    const number = `${body}${last}`;
    const sum = Array.from(number)
      .toReversed()
      .reduce((total, digit, index) => {
        const doubled = index % 2 === 1 ? Number(digit) * 2 : Number(digit);
        return total + (doubled > 9 ? doubled - 9 : doubled);
      }, 0);
    if (sum % 10 === 0) return number;
  }
  throw new Error('no check digit');
}

function iban(): string {
  const body = digits(18);
  const rest = BigInt(`${body}131400`) % 97n;
  return `DE${String(98n - rest).padStart(2, '0')}${body}`;
}

/** Secrets and personal details of every kind, another one with each call. */
export const MAKERS: readonly (() => string)[] = [
  () => `sk-proj-${alnum(74)}T3BlbkFJ${alnum(74)}`,
  () => `sk-${alnum(20)}T3BlbkFJ${alnum(20)}`,
  () => `sk-svcacct-${alnum(60)}`,
  () => `sk-ant-api03-${alnum(93)}AA`,
  () => `sk-or-v1-${hex(64)}`,
  () => `AIza${alnum(35)}`,
  () => `AKIA${pick('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 16)}`,
  () => `ghp_${alnum(36)}`,
  () => `github_pat_${alnum(22)}_${alnum(59)}`,
  () => `xoxb-${digits(12)}-${digits(12)}-${alnum(24)}`,
  () => `gsk_${alnum(52)}`,
  () => `xai-${alnum(80)}`,
  () => `hf_${alnum(34)}`,
  () => `r8_${alnum(37)}`,
  () => `pplx-${alnum(48)}`,
  () => `nvapi-${alnum(64)}`,
  () => `sk_live_${alnum(24)}`,
  () => `eyJ${alnum(30)}.eyJ${alnum(60)}.${alnum(43)}`,
  () => `glpat-${alnum(20)}`,
  () => `hvs.${alnum(90)}`,
  () => `${pick('abcdefghijklmnopqrstuvwxyz', 8)}.${digits(2)}@mail-${hex(3)}.example.org`,
  () => luhn(`4${digits(14)}`),
  () => luhn(`51${digits(13)}`).replace(/(\d{4})(?=\d)/g, '$1 '),
  iban,
  () => `+49 ${digits(3)} ${digits(7)}`,
  () => `81.${100 + Number(digits(1))}.${digits(1)}.${20 + Number(digits(1))}`,
  () => `2a02:${hex(3)}1:${hex(3)}1::${hex(3)}1`,
];

/** What stands around a value, and under what. */
export const WRAPPERS: readonly (readonly [name: string, wrap: (value: string) => string])[] = [
  ['prose', (value) => `Please use ${value} for now`],
  ['the end of a sentence', (value) => `The key is ${value}.`],
  ['JSON', (value) => JSON.stringify({ messages: [{ role: 'user', content: `mine is ${value}` }] })],
  ['JSON in JSON', (value) => JSON.stringify({ body: JSON.stringify({ content: `x\n${value}` }) })],
  ['JSON in JSON in JSON', (value) => JSON.stringify({ a: JSON.stringify({ b: JSON.stringify({ c: value }) }) })],
  ['a query', (value) => `GET /v1/x?value=${encodeURIComponent(value)}&n=1`],
  ['a query, encoded twice', (value) => `/go?to=${encodeURIComponent(`/x?v=${encodeURIComponent(value)}`)}`],
  ['base64', (value) => Buffer.from(`the value is ${value}, keep it`).toString('base64')],
  ['base64url', (value) => Buffer.from(JSON.stringify({ value, ok: '~~??>>' })).toString('base64url')],
  ['base64 in JSON', (value) => JSON.stringify({ data: Buffer.from(`value: ${value} `).toString('base64') })],
  [
    'unicode escapes',
    (value) =>
      `"${Array.from(value)
        .map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
        .join('')}"`,
  ],
  ['a header', (value) => `x-debug: ${value}\r\n`],
];

/** Everything a reader could get at: the text, and what is under its layers. */
export function laidBare(text: string, depth = 0): string {
  if (depth === 4) return text;
  const plain = text
    .replaceAll(/\\u([0-9a-f]{4})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replaceAll('\\n', '\n')
    .replaceAll('\\"', '"')
    .replaceAll('\\\\', '\\')
    .replaceAll(/(?:%[0-9A-F]{2})+/g, (code) => decodeURIComponent(code));
  const inside = Array.from(text.matchAll(/[\w+/-]{20,}={0,2}/g), ([run]) => Buffer.from(run, 'base64').toString());
  return [text, ...(plain === text ? [] : [laidBare(plain, depth + 1)]), ...inside].join('\n');
}
