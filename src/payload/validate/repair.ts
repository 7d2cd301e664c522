/** A step into a JSON value: a member's name or an entry's index. */
export type Step = string | number;

/**
 * One safe change to a request. It is made in the bytes, at `path`, so that everything else stays as the caller wrote it.
 * `name` is what the caller is told in `x-holdfast-repaired`.
 */
export type Repair = { readonly name: string; readonly path: readonly Step[] } & (
  | { readonly change: 'remove' }
  | { readonly change: 'rename'; readonly to: string }
  | { readonly change: 'replace'; readonly with: string | number | boolean }
  /** As `replace`, but the member may be absent, and is added then. */
  | { readonly change: 'put'; readonly with: string }
  /** Text becomes its SHA-256 in hex: 64 characters, as distinct as it was. */
  | { readonly change: 'hash' }
  /** Of members with the same name, the last stays. */
  | { readonly change: 'keep-last' }
  /** Halves of surrogate pairs, wherever they are, become U+FFFD. */
  | { readonly change: 'well-formed' }
  /** The byte order mark goes. */
  | { readonly change: 'unmark' }
);
