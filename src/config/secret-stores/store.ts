/** Why a reference cannot be used; never contains the value. */
export interface SecretFault {
  readonly wrong: string;
  readonly fix: string;
  /** Asking again later may help: the store did not answer, or has too much to do. */
  readonly passing?: boolean;
}

/** Where the stores find what they need to be asked with. */
export interface SecretSource {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Relative file references are taken from here. */
  readonly cwd: string;
  /** False: references are checked but nothing is read. */
  readonly read: boolean;
}

/** What a store gave. */
export interface SecretReading {
  readonly value: string;
  /** When the value was put there, ms since 1970, as far as the store tells; the age of a key is counted from it. */
  readonly since: number | null;
}

/** One place where secrets are kept, and how a reference names one there. */
export interface SecretStore {
  /** How a reference into it is written, for messages: `file:/path/of/the/secret`. */
  readonly form: string;
  /** How long what was read may be used before it is read anew, ms; null: it cannot change while the process lives. */
  readonly refreshMs: number | null;
  /** Null when what stands after the colon is well formed. Reads nothing. */
  check(name: string): SecretFault | null;
  /** Never throws: what goes wrong is told as a fault. */
  read(name: string, source: SecretSource): Promise<SecretReading | SecretFault>;
}

export function isSecretFault(found: SecretReading | SecretFault): found is SecretFault {
  return 'wrong' in found;
}
