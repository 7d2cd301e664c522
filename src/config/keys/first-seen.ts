import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeDirectory } from '../../storage/data-directory.ts';

/**
 * When each key was first seen, by fingerprint: for stores that do not tell how old a key is, such as the environment.
 * Kept in a small file; where it cannot be kept, ages are counted from the start of the process.
 */
export class FirstSeen {
  readonly #path: string | null;
  readonly #moments: Map<string, number>;

  /**
   * @param path of the file; null for none
   * @param keep false: what stands in the file is used, nothing is written
   */
  constructor(path: string | null, keep = true) {
    this.#path = keep ? path : null;
    this.#moments = path === null ? new Map() : read(path);
  }

  /** The moment it was first seen, ms since 1970, which is now for one that never was. */
  of(fingerprint: string, wall: number): number {
    const known = this.#moments.get(fingerprint);
    if (known !== undefined) return known;
    this.#moments.set(fingerprint, wall);
    this.#write();
    return wall;
  }

  #write(): void {
    if (this.#path === null) return;
    try {
      makeDirectory(dirname(this.#path));
      const next = `${this.#path}.next`;
      writeFileSync(next, JSON.stringify(Object.fromEntries(this.#moments)), { mode: 0o600 });
      renameSync(next, this.#path);
    } catch {
      // A disk that is full or read-only costs the age of a key, nothing else; the records say loudly what is wrong with it.
    }
  }
}

function read(path: string): Map<string, number> {
  try {
    const kept = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    return new Map(Object.entries(kept).filter((entry): entry is [string, number] => typeof entry[1] === 'number'));
  } catch {
    return new Map();
  }
}
