import type { Config } from '../config/config.ts';
import { isLoopback } from '../config/addresses.ts';
import { matchRoute } from '../config/match.ts';
import { type Database, memoryDatabase, openDatabase } from '../storage/database.ts';
import { DatabaseError } from '../storage/database-error.ts';
import { mayHold } from '../storage/sqlite/connection.ts';
import { firstAdminToken } from '../tenants/admin-tokens.ts';
import { waitBriefly } from '../tenants/changes.ts';
import { declare } from '../tenants/declarations.ts';
import { Directory } from '../tenants/directory.ts';
import { openNamedDatabase } from './open-database.ts';

/** Tenants, their keys, and the database where both stand. */
export interface Tenancy {
  readonly database: Database;
  readonly directory: Directory;
  /** The admin token of a database that has just been made, to be shown once; null later on. */
  readonly firstToken: string | null;
  close(): Promise<void>;
}

/**
 * Opens what the gateway knows of tenants and keys, and goes on following what other processes change.
 *
 * @throws {DatabaseError} the database cannot be used: without it nobody could be told from anybody
 * @throws {Error} others could reach this gateway, and it would ask nobody for a key
 */
export async function openTenancy(config: Config): Promise<Tenancy> {
  const embedded = config.database.kind === 'sqlite';
  const database = embedded ? openOrBegin(config.data) : await openNamedDatabase(config);
  try {
    if (embedded) await waitBriefly(database);
    await declare(database, { via: 'file', name: 'configuration file', address: null }, config.tenancy);
    const directory = await Directory.open({
      database,
      routeOf: (model) => config.routes[matchRoute(config.routes, model)]?.id ?? null,
      onTrouble: (message) => console.error(`holdfast: ${message}`),
    });
    refuseOpenHost(config, directory);
    const first = await firstAdminToken(database, { via: 'start', name: 'holdfast serve', address: null });
    directory.follow();
    return {
      database,
      directory,
      firstToken: first?.secret ?? null,
      async close() {
        await directory.close();
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/**
 * A full or unwritable disk is no reason to refuse calls, as long as nobody can have been told from anybody: where the
 * database may hold keys, it has to be read.
 */
function openOrBegin(directory: string): Database {
  try {
    return openDatabase({ directory });
  } catch (error) {
    if (!(error instanceof DatabaseError) || mayHold(directory, 'virtual_keys')) throw error;
    console.error(`holdfast: ${error.message} Going on without it: tenants and keys made now end with this process.`);
    return memoryDatabase();
  }
}

/** Whether everybody is let in as long as there is no tenant. */
export function mayBeOpen({ server }: Config): boolean {
  return isLoopback(server.host) || server.open;
}

/** Whoever reaches an open gateway spends its keys, so it stays on this machine unless told otherwise in so many words. */
function refuseOpenHost(config: Config, directory: Directory): void {
  if (mayBeOpen(config) || directory.hasWorkingKey(Date.now())) return;
  throw new Error(
    `server.host (HOLDFAST_HOST) is ${config.server.host}, which others can reach, and there is no key to ask them for. ` +
      'Make one (holdfast tenants create NAME, holdfast keys create NAME), bind 127.0.0.1, or say server.open: true in ' +
      'the configuration file if something in front of it checks who calls.',
  );
}
