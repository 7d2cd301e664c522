import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { SecretReading, SecretFault, SecretStore } from './store.ts';
import { secretValueFault } from './text.ts';

/** No key is this long; a reference to a device or a log must not fill the memory. */
const MOST_BYTES = 65_536;

/** Files, as orchestrators mount them: replaced in place when a secret is rotated. */
export const file: SecretStore = {
  form: 'file:/path/of/the/secret',
  refreshMs: 5_000,
  check: (name) => (name === '' ? { wrong: 'names no file', fix: 'Write file:/path/of/the/secret.' } : null),
  read: (name, { cwd }) => readSecretFile(name, cwd),
};

async function readSecretFile(name: string, cwd: string): Promise<SecretReading | SecretFault> {
  let text: string;
  let since: number;
  try {
    ({ text, since } = await readWhole(resolve(cwd, name)));
  } catch (error) {
    return {
      wrong: `names the file ${name}, which cannot be read (${errorCode(error)})`,
      fix: 'Check that it exists and that Holdfast may read it.',
      passing: true,
    };
  }
  const fix = 'Put the bare key in the file, on one line, as plain text.';
  if (text.length > MOST_BYTES) return { wrong: `names ${name}, which is far too large for a key`, fix };
  if (text.startsWith('\uFEFF')) return { wrong: `names ${name}, which begins with a byte order mark`, fix };
  if (text.includes('\0') || text.includes('\uFFFD')) return { wrong: `names ${name}, which is not UTF-8 text`, fix };
  const value = text.trim();
  const fault = secretValueFault(value);
  return fault === null ? { value, since } : { wrong: `names ${name}, whose content ${fault}`, fix };
}

async function readWhole(path: string): Promise<{ text: string; since: number }> {
  const handle = await open(path);
  try {
    const buffer = Buffer.alloc(MOST_BYTES + 1);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    const { mtimeMs } = await handle.stat();
    return { text: buffer.toString('utf8', 0, bytesRead), since: mtimeMs };
  } finally {
    await handle.close();
  }
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
}
