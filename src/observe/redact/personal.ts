import type { Finding, PersonalKind } from './finding.ts';

/** Finds one kind of personal detail. Each looks only around what gives it away, so that reading is linear. */
type Finder = (text: string) => Finding[];

export const PERSONAL: Readonly<Record<PersonalKind, Finder>> = {
  email: findEmails,
  phone: findPhones,
  card: findCards,
  iban: findIbans,
  ip: findAddresses,
};

const LOCAL = /[\w.+!#$&'*=?^`{|}~%-]/;
const DOMAIN = /(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24}/y;

/** Whether there are as many digits in it: most texts are spared three searches by it. */
function hasDigits(text: string, least: number): boolean {
  let digits = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code >= 0x30 && code <= 0x39) digits += 1;
    if (digits >= least) return true;
  }
  return false;
}

function findEmails(text: string): Finding[] {
  const findings: Finding[] = [];
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    let start = at;
    while (start > 0 && at - start < 64 && LOCAL.test(text.charAt(start - 1))) start -= 1;
    DOMAIN.lastIndex = at + 1;
    const domain = DOMAIN.exec(text)?.[0];
    if (start < at && domain !== undefined) findings.push({ start, end: at + 1 + domain.length, kind: 'email' });
  }
  return findings;
}

/** A number in the international form, whole, or a national one in the groupings people write. */
const INTERNATIONAL = /(?<![\w+.])\+\d{1,3}[ .\-/]?\(?\d{1,4}\)?(?:[ .\-/]?\d{2,5}){1,5}(?![\w])/g;
const GROUPED = /(?<![\w.+-])(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?![\w.-]\d|\w)/g;
const SPOKEN =
  /(?<![A-Za-z])(?:phone|tel|telephone|mobile|cell|call|fax|whatsapp|sms|mobil|telefon|téléphone)\b[^\d+\n]{0,20}(\+?\(?\d[\d ().\-/]{6,20}\d)/gi;

function findPhones(text: string): Finding[] {
  if (!hasDigits(text, 7)) return [];
  const findings: Finding[] = [];
  const add = (start: number, number: string): void => {
    const digits = number.replace(/\D/g, '').length;
    if (digits >= 7 && digits <= 15) findings.push({ start, end: start + number.length, kind: 'phone' });
  };
  for (const match of text.matchAll(INTERNATIONAL)) add(match.index, match[0]);
  for (const match of text.matchAll(GROUPED)) add(match.index, match[0]);
  for (const match of text.matchAll(SPOKEN)) {
    const number = match[1] ?? '';
    add(match.index + match[0].length - number.length, number);
  }
  return findings;
}

const DIGIT_GROUPS = /(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w]|[.-]\w)/g;

/** Beginnings and lengths of the card networks: without them, one long number in ten would pass the checksum by chance. */
const NETWORKS: readonly RegExp[] = [
  /^4\d{12}(?:\d{3})?$/,
  /^(?:5[1-5]\d{2}|222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}$/,
  /^3[47]\d{13}$/,
  /^(?:6011|65\d{2}|64[4-9]\d)\d{12}$/,
  /^35(?:2[89]|[3-8]\d)\d{12}$/,
  /^3(?:0[0-5]|[68]\d)\d{11}$/,
  /^62\d{14,17}$/,
];

function findCards(text: string): Finding[] {
  if (!hasDigits(text, 13)) return [];
  return Array.from(text.matchAll(DIGIT_GROUPS)).flatMap((match): Finding[] => {
    const digits = match[0].replace(/\D/g, '');
    if (!NETWORKS.some((network) => network.test(digits)) || !passesLuhn(digits)) return [];
    return [{ start: match.index, end: match.index + match[0].length, kind: 'card' }];
  });
}

/** ISO/IEC 7812-1, annex B. */
function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = Number(digits[digits.length - 1 - index]);
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

const IBAN = /(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?![A-Za-z0-9])/g;

function findIbans(text: string): Finding[] {
  if (text.length < 15) return [];
  return Array.from(text.matchAll(IBAN)).flatMap((match): Finding[] => {
    const bare = match[0].replaceAll(' ', '');
    if (bare.length < 15 || bare.length > 34 || !passesMod97(bare)) return [];
    return [{ start: match.index, end: match.index + match[0].length, kind: 'iban' }];
  });
}

/** ISO 13616: the country and check digits go last, letters count from 10, and the remainder by 97 is 1. */
function passesMod97(iban: string): boolean {
  const turned = iban.slice(4) + iban.slice(0, 4);
  let remainder = 0;
  for (const character of turned) {
    const value = Number.parseInt(character, 36);
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
  }
  return remainder === 1;
}

const IPV4 = /(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w]|\.\d)/g;
const IPV6 =
  /(?<![\w:.])(?:[0-9A-Fa-f]{1,4}:){2,7}(?:(?::?[0-9A-Fa-f]{1,4}){1,6}|:)(?![\w:])|(?<![\w:.])::(?:[0-9A-Fa-f]{1,4}:){0,5}[0-9A-Fa-f]{1,4}(?![\w:])/g;

/** Addresses that belong to no person: those of machines' own networks, and of documentation. */
const PRIVATE =
  /^(?:10\.|127\.|0\.|169\.254\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|255\.|::1$|::$|f[cd]|fe[89ab])/i;

function findAddresses(text: string): Finding[] {
  const findings: Finding[] = [];
  for (const shape of [IPV4, IPV6]) {
    for (const match of text.matchAll(shape)) {
      const address = match[0];
      // Times of day look like the beginning of an address, and have no letter and no empty group.
      const clock = shape === IPV6 && !address.includes('::') && address.split(':').length < 8;
      if (PRIVATE.test(address) || clock) continue;
      findings.push({ start: match.index, end: match.index + address.length, kind: 'ip' });
    }
  }
  return findings;
}
