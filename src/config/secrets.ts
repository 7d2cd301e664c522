import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

/**
 * How a target is authenticated with: a secret that is held, nothing at all, or what the caller itself sent.
 * Only `reveal()` gives the value; printing, logging or serialising a secret shows where it came from instead.
 */
export type Secret = HeldSecret | { readonly kind: 'none' } | { readonly kind: 'caller' };

export const NO_SECRET: Secret = Object.freeze({ kind: 'none' });
const CALLERS_SECRET: Secret = Object.freeze({ kind: 'caller' });

export class HeldSecret {
  readonly kind = 'held';
  /** Where it came from: `env:OPENAI_API_KEY`. */
  readonly reference: string;
  readonly #value: string | null;

  /** @param value null when it was deliberately not read, as in checking a file without its secrets */
  constructor(reference: string, value: string | null) {
    this.reference = reference;
    this.#value = value;
    Object.freeze(this);
  }

  /** The value, to be put in a request header and nowhere else. */
  reveal(): string {
    if (this.#value === null) throw new Error(`the secret ${this.reference} was not read`);
    return this.#value;
  }

  toString(): string {
    return `[secret ${this.reference}]`;
  }

  toJSON(): string {
    return this.reference;
  }
}

/** Why a reference cannot be used; never contains the value. */
export interface SecretFault {
  readonly wrong: string;
  readonly fix: string;
}

export interface SecretSource {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Relative file references are taken from here. */
  readonly cwd: string;
  /** False: references are checked but nothing is read. */
  readonly read: boolean;
}

/** One way of naming a secret. Siblings to come: aws, azure, gcp, vault. */
interface Scheme {
  /** Null when what stands after the colon is well formed. */
  check(name: string): SecretFault | null;
  read(name: string, source: SecretSource): Promise<string | SecretFault>;
}

const WRITE_REFERENCE = 'Write env:NAME, file:/path/of/the/secret, none, or caller.';

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

const SCHEMES: Readonly<Record<string, Scheme>> = {
  env: {
    check: (name) =>
      NAME.test(name) ? null : { wrong: 'is not the name of an environment variable', fix: WRITE_REFERENCE },
    read: (name, { env }) => Promise.resolve(readVariable(name, env)),
  },
  file: {
    check: (name) => (name === '' ? { wrong: 'names no file', fix: WRITE_REFERENCE } : null),
    read: (name, { cwd }) => readSecretFile(name, cwd),
  },
  aws: notYet('aws'),
  azure: notYet('azure'),
  gcp: notYet('gcp'),
  vault: notYet('vault'),
};

/** Beginnings of the keys and tokens that providers hand out. */
const KEY_SHAPE =
  /^(?:[Bb]earer\s|[Bb]asic\s|sk[-_]|pk[-_]|rk[-_]|gsk_|xai-|AIza|AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|hf_|r8_|nvapi-|pplx-|tgp_|eyJ|-----BEGIN|hvs\.)/;

/** True for text that is a provider's key or a bearer token. */
export function looksLikeKey(text: string): boolean {
  return KEY_SHAPE.test(text.trim());
}

/** True for text that could be a secret and so is not quoted: better once too often, the price is a vaguer message. */
function mayBeSecret(text: string): boolean {
  if (looksLikeKey(text)) return true;
  return /^[\w\-+/=.]{24,}$/.test(text) && text.split(/[-_.]/).some(isJumble);
}

/** A name (a field, an id, a header) as far as it may be shown: `key:sk-...` without the space is a name to YAML. */
export function showName(name: string): string {
  return /^[\w.-]{1,64}$/.test(name) && !mayBeSecret(name) ? name : '(not shown)';
}

/** Letters and digits mixed at length, as no word is. */
function isJumble(part: string): boolean {
  return part.length >= 12 && /\d/.test(part) && /[A-Za-z]/.test(part);
}

/** Why the text of a reference cannot be used; null when it is well formed. Reads nothing. */
export function secretReferenceFault(written: string): SecretFault | null {
  if (written === 'none' || written === 'caller') return null;
  const [scheme, name] = split(written);
  if (scheme !== null && !isPastedKey(name)) return scheme.check(name);
  if (written.startsWith('$')) return { wrong: 'is written as a shell would expand it', fix: WRITE_REFERENCE };
  return {
    wrong: 'holds the secret itself, or something that is no reference to one; it is not shown here',
    fix: `${WRITE_REFERENCE} If this was a real key, replace it at the provider: it has stood in a file.`,
  };
}

/** Reads what a well-formed reference names. */
export async function readSecret(written: string, source: SecretSource): Promise<Secret | SecretFault> {
  if (written === 'none') return NO_SECRET;
  if (written === 'caller') return CALLERS_SECRET;
  if (!source.read) return new HeldSecret(written, null);
  const [scheme, name] = split(written);
  if (scheme === null) return { wrong: 'is no reference to a secret', fix: WRITE_REFERENCE };
  const value = await scheme.read(name, source);
  return typeof value === 'string' ? new HeldSecret(written, value) : value;
}

/** What a secret's value must not look like; null when it can be sent. */
export function secretValueFault(value: string): string | null {
  if (value === '') return 'is empty';
  if (/^\s|\s$/.test(value)) return 'begins or ends with white space or a line break';
  if (/[\r\n]/.test(value)) return 'has more than one line';
  if (/\s/.test(value)) return 'has white space in it';
  if (/^["'`]|["'`]$/.test(value)) return 'has quotation marks around it';
  if (/^(?:undefined|null|none|nan|changeme|todo|\$.*|<.*>|your[-_].*|.*\.\.\.)$/i.test(value)) {
    return 'is a placeholder, not a key';
  }
  // Header values are printable ASCII; anything else would fail later, far from here.
  return /^[\u0021-\u007e]+$/.test(value) ? null : 'has characters in it that no key has';
}

export function isSecret(found: Secret | SecretFault): found is Secret {
  return 'kind' in found;
}

/** `env:sk-...` is a key with a scheme in front of it, and so is a long jumble that is neither a name nor a path. */
function isPastedKey(name: string): boolean {
  return looksLikeKey(name) || (!/[/\\._]/.test(name) && mayBeSecret(name));
}

function split(written: string): [scheme: Scheme | null, name: string] {
  const colon = written.indexOf(':');
  const scheme = colon > 0 && Object.hasOwn(SCHEMES, written.slice(0, colon)) ? SCHEMES[written.slice(0, colon)] : null;
  return [scheme ?? null, written.slice(colon + 1)];
}

function readVariable(name: string, env: SecretSource['env']): string | SecretFault {
  const value = env[name];
  if (value === undefined || value === '') {
    return {
      wrong: `names the environment variable ${name}, which is ${value === '' ? 'empty' : 'not set'}`,
      fix: `Set ${name} before starting, or name another source.`,
    };
  }
  const fault = secretValueFault(value);
  if (fault === null) return value;
  return { wrong: `names ${name}, whose value ${fault}`, fix: `Set ${name} to the bare key.` };
}

async function readSecretFile(name: string, cwd: string): Promise<string | SecretFault> {
  let text: string;
  try {
    text = await readFile(resolve(cwd, name), 'utf8');
  } catch (error) {
    return {
      wrong: `names the file ${name}, which cannot be read (${errorCode(error)})`,
      fix: 'Check that it exists and that Holdfast may read it.',
    };
  }
  const fix = 'Put the bare key in the file, on one line, as plain text.';
  if (text.startsWith('\uFEFF')) return { wrong: `names ${name}, which begins with a byte order mark`, fix };
  if (text.includes('\0') || text.includes('\uFFFD')) return { wrong: `names ${name}, which is not UTF-8 text`, fix };
  const value = text.trim();
  const fault = secretValueFault(value);
  return fault === null ? value : { wrong: `names ${name}, whose content ${fault}`, fix };
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
}

function notYet(scheme: string): Scheme {
  const fault: SecretFault = {
    wrong: `names a secret in ${scheme}:, which is not supported yet by this version`,
    fix: 'Use env: or file: for now.',
  };
  return { check: () => fault, read: () => Promise.resolve(fault) };
}
