import { loadConfig } from '../config/load.ts';
import { openNamedDatabase } from '../gateway/open-database.ts';
import { copyShared } from '../storage/copy.ts';
import { dataDirectory } from '../storage/data-directory.ts';
import { openDatabase } from '../storage/database.ts';
import type { AdministrationOptions } from './administration-options.ts';
import type { Terminal } from './terminal.ts';

/** @throws {Error} no other database is named, there is nothing to copy, or the other is not empty */
export async function copy(options: AdministrationOptions, terminal: Terminal): Promise<void> {
  const config = await loadConfig({ file: options.config, env: process.env, secrets: 'database' });
  if (config.database.kind === 'sqlite') {
    throw new Error(
      'no database is named to copy into. Set HOLDFAST_DATABASE=postgres://USER@HOST:5432/NAME, or name a configuration file that says database.',
    );
  }
  const from = openDatabase({
    directory: options.data === undefined ? config.data : dataDirectory(options.data),
    access: 'read',
  });
  try {
    const to = await openNamedDatabase(config);
    try {
      const copied = await copyShared(from, to);
      if (options.json) return terminal.write(`${JSON.stringify(copied)}\n`);
      const { tenants, virtual_keys: keys, admin_tokens: tokens, audit_log: changes } = copied;
      terminal.write(
        `copied ${tenants} tenants, ${keys} keys, ${tokens} admin tokens and ${changes} changes to ${to.path}\n`,
      );
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
}
