import type { Database } from '../storage/database.ts';
import type { KeySecretsTable, VirtualKeysTable } from '../storage/schema.ts';
import type { KeySecret, VirtualKey } from './entities.ts';
import { keyFromRow } from './rows.ts';

/** A key with what is stored of its secrets; only the directory has use for it. */
export interface HashedKey {
  readonly key: VirtualKey;
  readonly secrets: readonly (KeySecret & { readonly hash: string })[];
}

export async function listHashedKeys({ query }: Database): Promise<readonly HashedKey[]> {
  const rows = await query.selectFrom('virtual_keys').selectAll().execute();
  const secrets = await query.selectFrom('key_secrets').selectAll().execute();
  const byKey = Map.groupBy(secrets, (secret) => secret.virtual_key);
  return rows.map((row) => hashedKeyFrom(row, byKey.get(row.id) ?? []));
}

/** null when there is none of this id any more. */
export async function hashedKey({ query }: Database, id: string): Promise<HashedKey | null> {
  const row = await query.selectFrom('virtual_keys').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) return null;
  return hashedKeyFrom(row, await query.selectFrom('key_secrets').selectAll().where('virtual_key', '=', id).execute());
}

/** Writes down when keys were last used. It is no change: nobody has to hear of it. */
export async function saveLastUses(
  { query }: Database,
  uses: readonly { readonly id: string; readonly at: number }[],
): Promise<void> {
  if (uses.length === 0) return;
  await query.transaction().execute(async (within) => {
    // In one order everywhere, so that no two gateways wait for each other; and none sets back what another has seen.
    for (const { id, at } of uses.toSorted((one, other) => (one.id < other.id ? -1 : 1))) {
      const key = within.updateTable('virtual_keys').set({ used_at: at }).where('id', '=', id);
      await key.where((row) => row.or([row('used_at', 'is', null), row('used_at', '<', at)])).execute();
    }
  });
}

function hashedKeyFrom(row: VirtualKeysTable, secrets: readonly KeySecretsTable[]): HashedKey {
  return {
    key: keyFromRow(row, secrets),
    secrets: secrets.map(({ hash, prefix, created_at: createdAt, expires_at: expiresAt }) => {
      return { hash, prefix, createdAt, expiresAt };
    }),
  };
}
