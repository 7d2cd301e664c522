import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** What the secrets of this house begin with; the second kind opens the admin API and nothing else. */
const BEGINNINGS = { key: 'hf_', 'admin-token': 'hf_admin_' } as const;

export type SecretKind = keyof typeof BEGINNINGS;

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Random characters of a secret: 62^32 is 190 bits, beyond guessing whatever the rate. */
const RANDOM_LENGTH = 32;

/** Enough digits in base 62 for a CRC-32. */
const CHECK_LENGTH = 6;

/** Characters of a secret that may be shown and stored: they tell keys apart, and leave 154 bits unsaid. */
const PREFIX_LENGTH = 6;

/**
 * Makes a secret. Its last six characters are a checksum of the rest, so that a mistyped or cut one is told apart from an
 * unknown one, and scanners of code can recognise it without asking anybody.
 */
export function makeSecret(kind: SecretKind): string {
  const body = randomText(RANDOM_LENGTH);
  return `${BEGINNINGS[kind]}${body}${checksum(body)}`;
}

/** Which kind of secret of this house a text is; null when it is none: of another shape, mistyped, or cut short. */
export function kindOfSecret(text: string): SecretKind | null {
  if (!text.startsWith(BEGINNINGS.key)) return null;
  const kind = text.startsWith(BEGINNINGS['admin-token']) ? 'admin-token' : 'key';
  const rest = text.slice(BEGINNINGS[kind].length);
  if (!/^[0-9A-Za-z]{38}$/.test(rest)) return null;
  return checksum(rest.slice(0, RANDOM_LENGTH)) === rest.slice(RANDOM_LENGTH) ? kind : null;
}

/**
 * What is stored of a secret. A plain SHA-256: secrets of 190 random bits cannot be guessed, so slow hashing would protect
 * nothing and cost every call.
 */
export function hashSecret(secret: string): string {
  return hash('sha256', secret, 'hex');
}

/** Compares in a time that says nothing of where the two differ. */
export function sameHash(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
}

/** The part of a presented secret that may be shown: `hf_ab12cd`; of what is none of ours a third at most, so nothing is given away. */
export function shownPrefix(presented: string): string {
  for (const beginning of [BEGINNINGS['admin-token'], BEGINNINGS.key]) {
    if (!presented.startsWith(beginning)) continue;
    const shown = Math.min(PREFIX_LENGTH, Math.floor((presented.length - beginning.length) / 3));
    return beginning + printable(presented.slice(beginning.length, beginning.length + shown));
  }
  return printable(presented.slice(0, Math.min(8, Math.floor(presented.length / 3))));
}

/**
 * A stable name in place of what a tenant calls its user, which may be an address or a name of a person: the same user of
 * the same tenant has the same one in every process, and nobody reads it off a page.
 */
export function pseudonym(tenant: string, user: string): string {
  return `u_${hash('sha256', `${tenant}\0${user}`, 'hex').slice(0, 16)}`;
}

/** Ids of keys and tokens: public, unique, and never taken for a secret. */
export function makeId(beginning: 'key' | 'token'): string {
  return `${beginning}_${randomText(12).toLowerCase()}`;
}

function randomText(length: number): string {
  let text = '';
  // Bytes that would favour the first digits are thrown away: 248 is the largest multiple of 62 in a byte.
  while (text.length < length) for (const byte of randomBytes(length)) if (byte < 248) text += DIGITS[byte % 62] ?? '';
  return text.slice(0, length);
}

function checksum(body: string): string {
  let rest = crc32(body);
  let text = '';
  for (let place = 0; place < CHECK_LENGTH; place += 1) {
    text = (DIGITS[rest % 62] ?? '') + text;
    rest = Math.floor(rest / 62);
  }
  return text;
}

function printable(text: string): string {
  return text.replaceAll(/[^!-~]/g, '?');
}
