import { hash } from 'node:crypto';
import { STORES } from './secret-stores/index.ts';
import {
  isSecretFault,
  type SecretFault,
  type SecretReading,
  type SecretSource,
  type SecretStore,
} from './secret-stores/store.ts';
import { looksLikeKey, mayBeSecret } from './secret-stores/text.ts';

/**
 * How a target is authenticated with: a secret that is held, nothing at all, or what the caller itself sent.
 * Only `reveal()` gives the value; printing, logging or serialising a secret shows where it came from instead.
 */
export type Secret = HeldSecret | { readonly kind: 'none' } | { readonly kind: 'caller' };

export const NO_SECRET: Secret = Object.freeze({ kind: 'none' });
const CALLERS_SECRET: Secret = Object.freeze({ kind: 'caller' });

/**
 * A secret that can be replaced while it is in use: whoever asks gets the newest value that was adopted, and what was
 * begun with an older one ends with it.
 */
export class HeldSecret {
  readonly kind = 'held';
  /** Where it came from: `env:OPENAI_API_KEY`. */
  readonly reference: string;
  #reading: SecretReading | null;
  #missing: SecretFault | null;
  readonly #read: (() => Promise<SecretReading | SecretFault>) | null;

  /**
   * @param found null when it was deliberately not read, as in checking a file without its secrets
   * @param read asks its store anew; left out, it cannot change
   */
  constructor(
    reference: string,
    found: SecretReading | SecretFault | null,
    read: (() => Promise<SecretReading | SecretFault>) | null = null,
  ) {
    this.#read = read;
    this.reference = reference;
    this.#reading = found !== null && !isSecretFault(found) ? found : null;
    this.#missing = found !== null && isSecretFault(found) ? found : null;
    Object.freeze(this);
  }

  /** The value, to be put in a request header and nowhere else; null while there is none. */
  reveal(): string | null {
    return this.#reading?.value ?? null;
  }

  /** When the value in use was made, ms since 1970, where its store tells. */
  get since(): number | null {
    return this.#reading?.since ?? null;
  }

  /** Tells values apart without telling them: the beginning of their SHA-256. */
  get fingerprint(): string | null {
    return this.#reading === null ? null : fingerprintOf(this.#reading.value);
  }

  /** Why there is no value yet; null when there is one, or nobody has looked. */
  get missing(): SecretFault | null {
    return this.#missing;
  }

  /** How long what was read may be used before it is read anew, ms; null: for good. */
  get refreshMs(): number | null {
    return this.#read === null ? null : (split(this.reference)[0]?.refreshMs ?? null);
  }

  /** What its store holds now; the value in use stays until another is adopted. */
  readAgain(): Promise<SecretReading | SecretFault> {
    if (this.#read === null) throw new Error(`${this.reference} cannot be read again`);
    return this.#read();
  }

  /** Uses another value from now on. */
  adopt(reading: SecretReading): void {
    this.#reading = reading;
    this.#missing = null;
  }

  /** Notes why there is still no value. */
  lacks(fault: SecretFault): void {
    if (this.#reading === null) this.#missing = fault;
  }

  toString(): string {
    return `[secret ${this.reference}]`;
  }

  toJSON(): string {
    return this.reference;
  }
}

/** Sixteen hexadecimal digits: enough to tell an installation's keys apart, of no use to whoever wants the key. */
export function fingerprintOf(value: string): string {
  return hash('sha256', value).slice(0, 16);
}

const WRITE_REFERENCE = `Write ${[...Object.values(STORES).map(({ form }) => form), 'none'].join(', ')} or caller.`;

/** A name (a field, an id, a header) as far as it may be shown: `key:sk-...` without the space is a name to YAML. */
export function showName(name: string): string {
  return /^[\w.-]{1,64}$/.test(name) && !mayBeSecret(name) ? name : '(not shown)';
}

/** Why the text of a reference cannot be used; null when it is well formed. Reads nothing. */
export function secretReferenceFault(written: string): SecretFault | null {
  if (written === 'none' || written === 'caller') return null;
  const [store, name] = split(written);
  if (store !== null && !isPastedKey(name)) return store.check(name);
  if (written.startsWith('$')) return { wrong: 'is written as a shell would expand it', fix: WRITE_REFERENCE };
  return {
    wrong: 'holds the secret itself, or something that is no reference to one; it is not shown here',
    fix: `${WRITE_REFERENCE} If this was a real key, replace it at the provider: it has stood in a file.`,
  };
}

/** Reads what a well-formed reference names. A secret that its store did not give is `missing`. */
export async function readSecret(written: string, source: SecretSource): Promise<Secret | SecretFault> {
  if (written === 'none') return NO_SECRET;
  if (written === 'caller') return CALLERS_SECRET;
  if (!source.read) return new HeldSecret(written, null);
  const [store, name] = split(written);
  if (store === null) return { wrong: 'is no reference to a secret', fix: WRITE_REFERENCE };
  const read = (): ReturnType<SecretStore['read']> => store.read(name, source);
  return new HeldSecret(written, await read(), read);
}

export function isSecret(found: Secret | SecretFault): found is Secret {
  return 'kind' in found;
}

/** `env:sk-...` is a key with a scheme in front of it, and so is a long jumble that is neither a name nor a path. */
function isPastedKey(name: string): boolean {
  return looksLikeKey(name) || (!/[/\\._]/.test(name) && mayBeSecret(name));
}

function split(written: string): [store: SecretStore | null, name: string] {
  const colon = written.indexOf(':');
  const scheme = written.slice(0, Math.max(0, colon));
  const store = Object.hasOwn(STORES, scheme) ? STORES[scheme] : undefined;
  return [store ?? null, written.slice(colon + 1)];
}
