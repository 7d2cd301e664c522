import type { Finding, SecretKind } from './finding.ts';

/**
 * Names that say that what follows is secret, in the spellings of headers, JSON, environment variables and queries: compared
 * in lower case without hyphens and underscores.
 */
const SECRET_NAMES: Readonly<Record<string, SecretKind>> = {
  authorization: 'secret',
  proxyauthorization: 'secret',
  cookie: 'cookie',
  setcookie: 'cookie',
  apikey: 'secret',
  xapikey: 'secret',
  xgoogapikey: 'secret',
  ocpapimsubscriptionkey: 'secret',
  subscriptionkey: 'secret',
  accesskey: 'secret',
  secretaccesskey: 'secret',
  awssecretaccesskey: 'secret',
  secretkey: 'secret',
  clientsecret: 'secret',
  secret: 'secret',
  privatekey: 'secret',
  signingkey: 'secret',
  encryptionkey: 'secret',
  accountkey: 'secret',
  sharedaccesskey: 'secret',
  accesstoken: 'secret',
  refreshtoken: 'secret',
  idtoken: 'secret',
  authtoken: 'secret',
  sessiontoken: 'secret',
  securitytoken: 'secret',
  xamzsecuritytoken: 'secret',
  bearertoken: 'secret',
  csrftoken: 'secret',
  xcsrftoken: 'secret',
  sessionid: 'secret',
  token: 'secret',
  password: 'password',
  passwd: 'password',
  passphrase: 'password',
  pwd: 'password',
  connectionstring: 'password',
  databaseurl: 'password',
  redisurl: 'password',
  sig: 'secret',
  signature: 'secret',
  xamzsignature: 'secret',
};

/** Longest tail of a compound name that is looked up: `MY_TEAM_OPENAI_API_KEY` ends in `apikey`. */
const TAILS = [
  'apikey',
  'secretkey',
  'accesskey',
  'privatekey',
  'clientsecret',
  'password',
  'passwd',
  'secret',
  'accesstoken',
  'authtoken',
  'refreshtoken',
  'sessiontoken',
  'bottoken',
];

/** Counts of tokens and names of keys are no secrets, though their names end like one. */
const INNOCENT =
  /tokens$|^(?:max|min|total|prompt|completion|input|output|cached|reasoning|next|page|continuation)|keyid$|publickey$/;

/** Names seen so far, and what they say: fields have the same names again and again. */
const KNOWN_NAMES = new Map<string, SecretKind | null>();
const MOST_NAMES = 1_000;
const LONGEST_NAME = 64;

/** What a field of this name holds; null for an ordinary one. */
export function kindOfName(name: string): SecretKind | null {
  const known = KNOWN_NAMES.get(name);
  if (known !== undefined) return known;
  const kind = read(name);
  if (KNOWN_NAMES.size < MOST_NAMES && name.length <= LONGEST_NAME) KNOWN_NAMES.set(name, kind);
  return kind;
}

function read(name: string): SecretKind | null {
  const bare = name.toLowerCase().replace(/[-_.\s]/g, '');
  if (bare.length > 80 || INNOCENT.test(bare)) return null;
  const known = Object.hasOwn(SECRET_NAMES, bare) ? SECRET_NAMES[bare] : undefined;
  if (known !== undefined) return known;
  const tail = TAILS.find((end) => bare.endsWith(end));
  return tail === undefined ? null : tail.startsWith('pass') ? 'password' : 'secret';
}

/**
 * `name: value`, `name=value`, `"name": "value"`, `<name>value`: the name, what stands between, and where the value begins.
 * The name is bounded, and so is what may stand between: the scan is linear.
 */
const ASSIGNMENT =
  /(?<![A-Za-z0-9])([A-Za-z][\w.-]{1,60})(["']?\s{0,4}[:=]\s{0,4}(?:(?:Bearer|Basic|Token|bearer|basic)\s{1,4})?["']?)/g;

/** Values of a placeholder shape, or words that say that there is none. */
const NO_VALUE = /^(?:<[A-Z_]+#\w+>|null|none|undefined|true|false|nil|\*+|\[?redacted\]?|x{3,}|\d{1,5})$/i;

/** Values that stand behind a name that says that they are secret. */
export function findNamed(text: string): Finding[] {
  const findings: Finding[] = [];
  ASSIGNMENT.lastIndex = 0;
  for (let match = ASSIGNMENT.exec(text); match !== null; match = ASSIGNMENT.exec(text)) {
    const [whole, name = '', between = ''] = match;
    const kind = kindOfName(name);
    if (kind === null) continue;
    const start = match.index + whole.length;
    const end = valueEnd(text, start, between, kind);
    const value = text.slice(start, end);
    if (value.length < 4 || NO_VALUE.test(value)) continue;
    findings.push({ start, end, kind });
    ASSIGNMENT.lastIndex = end;
  }
  return [...findings, ...findSchemes(text)];
}

/** Where a value ends: at its closing quotation mark, else at the next white space or separator; a cookie at the line's end. */
function valueEnd(text: string, start: number, between: string, kind: SecretKind): number {
  const quote = /["']$/.exec(between)?.[0];
  const ends =
    quote === undefined ? (kind === 'cookie' ? LINE_END : VALUE_END) : quote === '"' ? DOUBLE_END : SINGLE_END;
  ends.lastIndex = start;
  return ends.exec(text)?.index ?? text.length;
}

const LINE_END = /[\r\n"]|\\[nr"]/g;
const VALUE_END = /[\s"',;&<>(){}[\]]|\\[nrt"]/g;
const DOUBLE_END = /"|\\(?=")|[\r\n]/g;
const SINGLE_END = /['\r\n]/g;

const SCHEME = /(?<![A-Za-z])(Bearer|Basic)(?:\s{1,4}|%20|\+)(?=([\w+/=.~-]{8,}))/gi;

/** Credentials behind the name of their scheme, wherever that stands. */
function findSchemes(text: string): Finding[] {
  const findings: Finding[] = [];
  SCHEME.lastIndex = 0;
  for (let match = SCHEME.exec(text); match !== null; match = SCHEME.exec(text)) {
    const [whole, scheme = '', value = ''] = match;
    const start = match.index + whole.length;
    SCHEME.lastIndex = start + value.length;
    // "Bearer authentication" is prose.
    if (!/[\d=_+/]/.test(value) && !/[a-z][A-Z]/.test(value)) continue;
    findings.push({ start, end: start + value.length, kind: scheme.toLowerCase() === 'basic' ? 'basic' : 'bearer' });
  }
  return findings;
}

const USERINFO = /:\/\/([^\s/?#@"'<>\\]{1,256})@/g;

/** User names and passwords inside addresses. */
export function findUserinfo(text: string): Finding[] {
  return Array.from(text.matchAll(USERINFO), (match): Finding => {
    const start = match.index + 3;
    return { start, end: start + (match[1] ?? '').length, kind: 'password' };
  });
}
