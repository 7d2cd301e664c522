import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { deflateRawSync, inflateRawSync } from 'node:zlib';

import { makeDirectory } from '../../storage/data-directory.ts';
import type { KeptExchange } from './exchange.ts';

/** How long and how much is kept. */
export interface CaptureLimits {
  readonly ageMs: number;
  readonly sizeBytes: number;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Rows looked at when something has to go: the oldest first, until it fits. */
const ROWS_PER_DELETE = 100;

/** Whether anything was ever captured in a data directory. */
export function hasVault(directory: string): boolean {
  return existsSync(vaultPath(directory));
}

function vaultPath(directory: string): string {
  return join(directory, 'captures.db');
}

/**
 * Exchanges in a file of their own, each deflated and then encrypted by itself (AES-256-GCM, with the call's id as what it is
 * bound to: a row that was moved under another id cannot be read). Beside what is encrypted stand the id, the time and the
 * length.
 */
export class Vault {
  readonly #database: DatabaseSync;
  readonly #key: Buffer;
  readonly #limits: CaptureLimits;
  readonly #insert: StatementSync;
  readonly #find: StatementSync;
  #bytes: number;

  /** @throws {Error} the file cannot be opened */
  constructor(directory: string, key: Buffer, limits: CaptureLimits) {
    const path = vaultPath(directory);
    makeDirectory(directory);
    this.#database = new DatabaseSync(path, { timeout: 5000 });
    chmodSync(path, 0o600);
    this.#database.exec('pragma auto_vacuum = incremental; pragma journal_mode = wal; pragma synchronous = normal');
    this.#database.exec(`
      create table if not exists captures (call text primary key, at integer not null, sealed blob not null) without rowid;
      create index if not exists captures_at on captures (at);
    `);
    this.#key = key;
    this.#limits = limits;
    this.#insert = this.#database.prepare('insert or replace into captures (call, at, sealed) values (?, ?, ?)');
    this.#find = this.#database.prepare('select sealed from captures where call = ?');
    this.#bytes = Number(
      this.#database.prepare('select coalesce(sum(length(sealed)), 0) as bytes from captures').get()?.['bytes'],
    );
  }

  put(exchange: KeptExchange): void {
    const sealed = this.#seal(exchange);
    this.#insert.run(exchange.call, exchange.at, sealed);
    this.#bytes += sealed.length;
    if (this.#bytes > this.#limits.sizeBytes) this.#makeRoom();
  }

  /** @throws {Error} it was encrypted with another key, or changed since. @returns null: nothing is kept of this call. */
  get(call: string): KeptExchange | null {
    const sealed = this.#find.get(call)?.['sealed'];
    if (!(sealed instanceof Uint8Array)) return null;
    const decipher = createDecipheriv('aes-256-gcm', this.#key, sealed.subarray(0, NONCE_BYTES));
    decipher.setAAD(Buffer.from(call));
    decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    const opened = Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
    return JSON.parse(inflateRawSync(opened).toString()) as KeptExchange;
  }

  /** Removes what is too old. @param now wall time, ms since 1970 */
  sweep(now: number): void {
    const before = now - this.#limits.ageMs;
    const gone = this.#database
      .prepare('delete from captures where at < ? returning length(sealed) as bytes')
      .all(before);
    this.#forget(gone);
  }

  close(): void {
    this.#database.close();
  }

  #makeRoom(): void {
    const oldest = this.#database.prepare(
      'delete from captures where call in (select call from captures order by at limit ?) returning length(sealed) as bytes',
    );
    // A tenth at once, so that not every further exchange has to make room.
    while (this.#bytes > this.#limits.sizeBytes * 0.9) {
      const gone = oldest.all(ROWS_PER_DELETE);
      if (gone.length === 0) return;
      this.#forget(gone);
    }
  }

  #forget(gone: readonly Record<string, unknown>[]): void {
    if (gone.length === 0) return;
    for (const { bytes } of gone) this.#bytes -= Number(bytes);
    this.#database.exec('pragma incremental_vacuum');
  }

  #seal(exchange: KeptExchange): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce);
    cipher.setAAD(Buffer.from(exchange.call));
    const text = cipher.update(deflateRawSync(JSON.stringify(exchange)));
    const end = cipher.final();
    return Buffer.concat([nonce, cipher.getAuthTag(), text, end]);
  }
}
