import { loadConfig } from '../config/load.ts';
import { captureKey } from '../observe/capture/capture-key.ts';
import type { KeptExchange, KeptMessage } from '../observe/capture/exchange.ts';
import { hasVault, Vault } from '../observe/capture/vault.ts';
import { dataDirectory } from '../storage/data-directory.ts';
import { requireDatabase } from '../storage/sqlite/connection.ts';
import type { DataOptions } from './call-listing.ts';
import { plain, type Terminal } from './terminal.ts';

/** What `calls content` takes, as it was typed. */
export interface ContentOptions extends DataOptions {
  readonly config?: string;
}

/** Prints what was asked and answered in a call, where that was kept. */
export async function showContent(
  id: string,
  { config, data, json }: ContentOptions,
  terminal: Terminal,
): Promise<void> {
  const loaded = config === undefined ? null : await loadConfig({ file: config, env: process.env });
  const directory = dataDirectory(data ?? loaded?.data);
  const key = loaded?.capture?.key;
  const exchange = read(id, directory, key?.kind === 'held' ? key.reveal() : null);
  if (exchange === null) {
    throw new Error(
      `nothing is kept of what was said in call ${id}: neither its route nor its tenant is captured, or it is too old. Captures are named in the configuration: capture: {routes: [...]}.`,
    );
  }
  if (json === true) return terminal.write(`${JSON.stringify(exchange)}\n`);
  const { request, reply } = exchange;
  terminal.write(
    [
      ...told(`${request.method} /v1${request.path}`, request),
      '',
      ...told(reply.status === null ? 'no answer but this fault' : `answered ${reply.status}`, reply),
      '',
    ].join('\n'),
  );
}

function read(id: string, directory: string, secret: string | null): KeptExchange | null {
  if (!hasVault(directory)) {
    requireDatabase(directory);
    return null;
  }
  // Reading removes nothing: what is too old or too much is the gateway's to judge.
  const vault = new Vault(directory, captureKey(directory, secret), { ageMs: Infinity, sizeBytes: Infinity });
  try {
    return vault.get(id);
  } catch (error) {
    throw new Error('it was encrypted with another key: name the configuration of the gateway with --config.', {
      cause: error,
    });
  } finally {
    vault.close();
  }
}

function told(title: string, { headers, body, bytes, truncated }: KeptMessage): string[] {
  const cut = truncated ? [`... (${bytes} bytes in all)`] : [];
  const shown = Object.entries(headers).map(([name, value]) => `  ${plain(`${name}: ${value}`)}`);
  return [plain(title), ...shown, '', safe(body ?? '(not kept)'), ...cut];
}

/** A body as it is, but for what would move the cursor or recolour the terminal. */
function safe(body: string): string {
  return body.split('\n').map(plain).join('\n');
}
