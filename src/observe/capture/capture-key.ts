import { hash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeDirectory } from '../../storage/data-directory.ts';

/**
 * The 32 bytes that captures are encrypted with: made of the secret that the configuration names, else of a file in the data
 * directory that is made when it is first needed and that its owner alone can read.
 *
 * @throws {Error} there is neither, and the file cannot be made
 */
export function captureKey(directory: string, secret: string | null): Buffer {
  return hash('sha256', `holdfast capture\n${secret ?? ownSecret(directory)}`, 'buffer');
}

function ownSecret(directory: string): string {
  const path = join(directory, 'capture-key');
  makeDirectory(directory);
  try {
    // Two processes that start at once agree on what the faster of them wrote.
    writeFileSync(path, randomBytes(32).toString('hex'), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  return readFileSync(path, 'utf8');
}
