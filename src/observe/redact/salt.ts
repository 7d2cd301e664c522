import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeDirectory } from '../../storage/data-directory.ts';

/**
 * The salt of an installation's placeholders, made when it is first needed and kept in its data directory. Where it cannot be
 * kept, placeholders are stable for this process only.
 */
export function redactionSalt(directory: string): string {
  const path = join(directory, 'redaction-salt');
  try {
    makeDirectory(directory);
    // Two processes that start at once agree on what the faster of them wrote.
    writeFileSync(path, randomBytes(16).toString('hex'), { flag: 'wx', mode: 0o600 });
  } catch {
    // It is there already, or cannot be written: reading tells which.
  }
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return randomBytes(16).toString('hex');
  }
}
