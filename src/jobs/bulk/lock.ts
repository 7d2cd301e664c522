import { closeSync, openSync, readSync, rmSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** Where SQLite keeps the one number of a file that is its user's to choose: https://www.sqlite.org/fileformat2.html */
const OWN_NUMBER_AT = 60;

/** Primary result codes of SQLite: https://www.sqlite.org/rescode.html */
const BUSY = 5;
const NO_DATABASE = 26;

/** All that are held: one that nobody thinks of any more would be collected, its connection closed, and the lock lost. */
const HELD = new Set<Lock>();

/**
 * A file that one process at a time can hold. Held it is by a lock of SQLite's, which the operating system takes away when the
 * process ends, however it ends: what a killed process leaves behind holds nobody up, also where its number has been given to
 * another meanwhile. The number in the file is for people only.
 */
export class Lock {
  readonly #path: string;
  readonly #connection: DatabaseSync;

  private constructor(path: string, connection: DatabaseSync) {
    this.#path = path;
    this.#connection = connection;
    HELD.add(this);
  }

  /** @throws {Error} another process holds it, which one and since when; or the file cannot be used */
  static take(path: string): Lock {
    for (;;) {
      const before = inodeOf(path);
      const held = hold(path);
      const same = inodeOf(path) === before;
      // Whoever held it last may take the file away while it is asked for: another one of that name is to be had then.
      if (same && before !== null && 'connection' in held) return new Lock(path, held.connection);
      if (same && 'why' in held) throw held.why;
      if ('connection' in held) held.connection.close();
    }
  }

  release(): void {
    // First the name, then the lock: whoever comes in between finds that the file is no longer the one of that name.
    rmSync(this.#path, { force: true });
    this.#connection.close();
    HELD.delete(this);
  }
}

function hold(path: string): { readonly connection: DatabaseSync } | { readonly why: Error } {
  let connection: DatabaseSync | null = null;
  try {
    connection = new DatabaseSync(path, { timeout: 0 });
    connection.exec('pragma journal_mode = off; pragma locking_mode = exclusive; begin exclusive');
    // In this mode the end of a transaction does not end its lock.
    connection.exec(`pragma user_version = ${process.pid}; commit`);
    return { connection };
  } catch (error) {
    connection?.close();
    return { why: new Error(explain(path, error), { cause: error }) };
  }
}

function explain(path: string, error: unknown): string {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : null;
  if (code === BUSY) {
    const holder = holderOf(path);
    return (
      `another process ${holder} is at work on this output already, and would send everything a second time. ` +
      'Wait for it to end or stop it, or write to another --out.'
    );
  }
  if (code === NO_DATABASE)
    return `${path} is in the way and is no lock of a bulk; move it away, or write to another --out`;
  return `${path} cannot be made (${error instanceof Error ? error.message : String(error)}); make room or write elsewhere`;
}

/** Read past SQLite, which lets nobody in while the file is held. */
function holderOf(path: string): string {
  try {
    const number = Buffer.alloc(4);
    const file = openSync(path, 'r');
    const read = readSync(file, number, 0, number.length, OWN_NUMBER_AT);
    closeSync(file);
    if (read < number.length) return '(just begun)';
    return `(process ${number.readUInt32BE()}, since ${statSync(path).mtime.toISOString()})`;
  } catch {
    return '(just ending)';
  }
}

function inodeOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? null;
}
