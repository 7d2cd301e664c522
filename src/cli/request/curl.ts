import type { KeyReference, Prepared } from './prepare.ts';

/** A request as a command for a shell. The key stands in it by reference, so that the command can be shown to others. */
export function asCurl({ baseUrl, path, body, headers, key }: Prepared): string {
  const lines = [`curl -sS ${quote(baseUrl + path)}`];
  for (const [name, value] of Object.entries(headers)) lines.push(`-H ${quote(`${name}: ${value}`)}`);
  const reference = shellReference(key);
  if (reference !== null) lines.push(`-H "authorization: Bearer ${reference}"`);
  if (isStreamed(body)) lines.push('-N');
  lines.push(`--data-binary ${quote(body)}`);
  return `${lines.join(' \\\n  ')}\n`;
}

function shellReference(key: KeyReference): string | null {
  if (key.kind === 'none') return null;
  if (key.kind === 'env') return `$${key.name}`;
  return `$(cat ${quote(key.path)})`;
}

function isStreamed(body: string): boolean {
  try {
    return (JSON.parse(body) as { stream?: unknown }).stream === true;
  } catch {
    return false;
  }
}

/** For a POSIX shell: nothing is special between single quotes but the single quote. */
function quote(text: string): string {
  return /^[\w./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
