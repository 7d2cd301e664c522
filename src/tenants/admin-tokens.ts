import type { Database } from '../storage/database.ts';
import { type Change, change, ChangeRefused } from './changes.ts';
import type { Actor, AdminToken, Role } from './entities.ts';
import { unknown } from './groups.ts';
import { tokenFromRow } from './rows.ts';
import { hashSecret, kindOfSecret, makeId, makeSecret, shownPrefix } from './secret.ts';

/** Roles from the least to the most; each may do what those before it may. */
const ROLES: readonly Role[] = ['viewer', 'operator', 'admin'];

/** May someone of role `has` do what needs `needed`? */
export function mayDo(has: Role, needed: Role): boolean {
  return ROLES.indexOf(has) >= ROLES.indexOf(needed);
}

export interface NewAdminToken {
  readonly name: string;
  readonly role: Role;
  /** Wall time, ms since 1970. @default never */
  readonly expiresAt?: number | null | undefined;
}

/** A token with its secret, which is told this once and never again. */
export interface MadeAdminToken {
  readonly token: AdminToken;
  readonly secret: string;
}

/** Newest first. */
export async function listAdminTokens({ query }: Pick<Database, 'query'>): Promise<readonly AdminToken[]> {
  const rows = query.selectFrom('admin_tokens').selectAll().orderBy('created_at', 'desc').orderBy('id');
  return (await rows.execute()).map(tokenFromRow);
}

/** The token of this secret, if it still holds; null otherwise, for whatever reason. Notes that it was used. */
export async function admitAdmin({ query }: Database, secret: string, now: number): Promise<AdminToken | null> {
  if (kindOfSecret(secret) !== 'admin-token') return null;
  // Found by its hash, which whoever guesses cannot steer: no comparison here tells how near a guess was.
  const where = query.selectFrom('admin_tokens').selectAll().where('hash', '=', hashSecret(secret));
  const row = await where.executeTakeFirst();
  if (row === undefined || row.revoked_at !== null || (row.expires_at !== null && row.expires_at <= now)) return null;
  return tokenFromRow(row);
}

/** The token of this id, if it still holds; null otherwise. */
export async function adminTokenById({ query }: Database, id: string, now: number): Promise<AdminToken | null> {
  const row = await query.selectFrom('admin_tokens').selectAll().where('id', '=', id).executeTakeFirst();
  const token = row === undefined ? null : tokenFromRow(row);
  return token !== null && holds(token, now) ? token : null;
}

/** Notes when a token was last used. */
export async function noteAdminUse({ query }: Database, id: string, now: number): Promise<void> {
  await query.updateTable('admin_tokens').set({ used_at: now }).where('id', '=', id).execute();
}

/** @throws {ChangeRefused} `invalid` */
export function createAdminToken(database: Database, actor: Actor, wanted: NewAdminToken): Promise<MadeAdminToken> {
  return change(database, actor, (under) => addAdminToken(under, wanted));
}

/** @throws {ChangeRefused} `unknown`; `invalid` when it is revoked already; `in-use` when nobody could hand out tokens any more */
export function revokeAdminToken(database: Database, actor: Actor, id: string): Promise<AdminToken> {
  return change(database, actor, async (under) => {
    const before = (await listAdminTokens(under)).find((token) => token.id === id);
    if (before === undefined) throw unknown('admin token', id);
    if (before.revokedAt !== null)
      throw new ChangeRefused('invalid', `token ${id} is revoked already`, 'Nothing is left to do.');
    const others = (await listAdminTokens(under)).filter((token) => token.id !== id && holds(token, under.now));
    if (before.role === 'admin' && !others.some(({ role, expiresAt }) => role === 'admin' && expiresAt === null)) {
      throw new ChangeRefused(
        'in-use',
        `token ${id} is the last one of role admin that does not expire`,
        'Create another one first, or use `holdfast admin reset-token`.',
      );
    }
    const after: AdminToken = { ...before, revokedAt: under.now };
    await under.query.updateTable('admin_tokens').set({ revoked_at: under.now }).where('id', '=', id).execute();
    await under.note('revoke', 'admin-token', id, before, after);
    return after;
  });
}

/** Revokes every token and makes a new one of role admin: for those who have lost theirs, or fear that others have it. */
export async function resetAdminTokens(database: Database, actor: Actor): Promise<MadeAdminToken> {
  await change(database, actor, async (under) => {
    for (const before of await listAdminTokens(under)) {
      if (before.revokedAt !== null) continue;
      const revoked = under.query.updateTable('admin_tokens').set({ revoked_at: under.now });
      await revoked.where('id', '=', before.id).execute();
      await under.note('revoke', 'admin-token', before.id, before, { ...before, revokedAt: under.now });
    }
  });
  return createAdminToken(database, actor, { name: 'reset', role: 'admin' });
}

/** The first token of a new database; null when there has been one already, whatever became of it. */
export async function firstAdminToken(database: Database, actor: Actor): Promise<MadeAdminToken | null> {
  if (await anyToken(database)) return null;
  // Asked again when it is our turn: several gateways may start at once.
  return change(database, actor, async (under) =>
    (await anyToken(under)) ? null : addAdminToken(under, { name: 'first', role: 'admin' }),
  );
}

async function anyToken({ query }: Pick<Database, 'query'>): Promise<boolean> {
  return (await query.selectFrom('admin_tokens').select('id').limit(1).executeTakeFirst()) !== undefined;
}

async function addAdminToken(under: Change, { name, role, expiresAt = null }: NewAdminToken): Promise<MadeAdminToken> {
  const { actor, now, query } = under;
  if (expiresAt !== null && expiresAt <= now) {
    throw new ChangeRefused(
      'invalid',
      'expiresAt is in the past',
      'Name a moment to come, or leave it out.',
      'expiresAt',
    );
  }
  const secret = makeSecret('admin-token');
  const row = {
    id: makeId('token'),
    name,
    role,
    hash: hashSecret(secret),
    prefix: shownPrefix(secret),
    created_at: now,
    created_by: `${actor.via} ${actor.name}`,
    expires_at: expiresAt,
    revoked_at: null,
    used_at: null,
  };
  await query.insertInto('admin_tokens').values(row).execute();
  const token = tokenFromRow(row);
  await under.note('create', 'admin-token', token.id, null, token);
  return { token, secret };
}

function holds({ revokedAt, expiresAt }: AdminToken, now: number): boolean {
  return revokedAt === null && (expiresAt === null || expiresAt > now);
}
