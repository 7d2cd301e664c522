import type { Lane } from '../engine/caller.ts';
import type { Limits } from '../engine/admission/limits.ts';
import type { Database } from '../storage/database.ts';
import { addressTest } from './address-ranges.ts';
import { type Change, change, ChangeRefused } from './changes.ts';
import type { Actor, VirtualKey } from './entities.ts';
import { said, theTenant, theWorkload, unknown } from './groups.ts';
import { keyFromRow, keyToRow } from './rows.ts';
import { hashSecret, makeId, makeSecret, shownPrefix } from './secret.ts';

export interface NewKey {
  readonly tenant: string;
  /** @default any workload of the tenant */
  readonly workload?: string | null | undefined;
  /** What people call it. @default the id */
  readonly name?: string | undefined;
  /** Globs of models. @default all */
  readonly models?: readonly string[] | null | undefined;
  /** Ids of routes. @default all */
  readonly routes?: readonly string[] | null | undefined;
  /** Addresses and CIDR ranges. @default anywhere */
  readonly addresses?: readonly string[] | null | undefined;
  /** @default true */
  readonly interactive?: boolean | undefined;
  /** @default true */
  readonly passthrough?: boolean | undefined;
  readonly weight?: number | null | undefined;
  readonly lane?: Lane | null | undefined;
  readonly limits?: Limits | undefined;
  /** Wall time, ms since 1970. @default never */
  readonly expiresAt?: number | null | undefined;
}

/** What can be changed of a key later. */
export type KeyChanges = Partial<Omit<NewKey, 'tenant'>>;

/** A key with its secret, which is told this once and never again. */
export interface MadeKey {
  readonly key: VirtualKey;
  readonly secret: string;
}

/** Grace period of the secret that a rotation replaces, ms: long enough to bring the new one to every machine in working hours. */
export const DEFAULT_GRACE_MS = 86_400_000;

export interface KeyFilter {
  readonly tenant?: string | undefined;
  /** Without those revoked. */
  readonly working?: boolean | undefined;
  /** Older than this one: the next page. */
  readonly before?: Pick<VirtualKey, 'createdAt' | 'id'> | undefined;
  readonly limit?: number | undefined;
}

/** Newest first. */
export async function listKeys(
  { query }: Pick<Database, 'query'>,
  { tenant, working, before, limit }: KeyFilter = {},
): Promise<readonly VirtualKey[]> {
  let select = query.selectFrom('virtual_keys').selectAll();
  if (tenant !== undefined) select = select.where('tenant', '=', tenant);
  if (working === true) select = select.where('revoked_at', 'is', null);
  if (limit !== undefined) select = select.limit(limit);
  if (before !== undefined) {
    const { createdAt, id } = before;
    select = select.where((row) =>
      row.or([row('created_at', '<', createdAt), row.and([row('created_at', '=', createdAt), row('id', '<', id)])]),
    );
  }
  const rows = await select.orderBy('created_at', 'desc').orderBy('id', 'desc').execute();
  const ids = limit === undefined ? null : rows.map(({ id }) => id);
  const all = query.selectFrom('key_secrets').selectAll().orderBy('created_at', 'desc');
  const secrets = await (ids === null ? all : all.where('virtual_key', 'in', ids)).execute();
  const byKey = Map.groupBy(secrets, (secret) => secret.virtual_key);
  return rows.map((row) => keyFromRow(row, byKey.get(row.id) ?? []));
}

/** @throws {ChangeRefused} `unknown` */
export async function theKey({ query }: Pick<Database, 'query'>, id: string): Promise<VirtualKey> {
  const row = await query.selectFrom('virtual_keys').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw unknown('key', id);
  const secrets = query.selectFrom('key_secrets').selectAll().where('virtual_key', '=', id);
  return keyFromRow(row, await secrets.orderBy('created_at', 'desc').execute());
}

/** @throws {ChangeRefused} `unknown` for its tenant or workload, `invalid` */
export function createKey(database: Database, actor: Actor, wanted: NewKey): Promise<MadeKey> {
  return change(database, actor, async (under) => {
    await theTenant(under, wanted.tenant);
    const id = makeId('key');
    const created = keyOf(id, wanted, under);
    await check(under, created);
    if (created.expiresAt !== null && created.expiresAt <= under.now) {
      throw new ChangeRefused(
        'invalid',
        'expiresAt is in the past',
        'Name a moment to come, or leave it out.',
        'expiresAt',
      );
    }
    await under.query.insertInto('virtual_keys').values(keyToRow(created)).execute();
    const secret = await giveSecret(under, id);
    const key = await theKey(under, id);
    await under.note('create', 'key', id, null, key);
    return { key, secret };
  });
}

/** @throws {ChangeRefused} `unknown`, `invalid` */
export function changeKey(database: Database, actor: Actor, id: string, changes: KeyChanges): Promise<VirtualKey> {
  return change(database, actor, async (under) => {
    const before = await theKey(under, id);
    refuseRevoked(before);
    const after: VirtualKey = { ...before, ...said(changes) };
    await check(under, after);
    await under.query.updateTable('virtual_keys').set(keyToRow(after)).where('id', '=', id).execute();
    await under.note('change', 'key', id, before, after);
    return after;
  });
}

/**
 * Gives a key a new secret. The one in force goes on working for the grace period; an older one, still in an earlier grace
 * period, keeps to that.
 *
 * @throws {ChangeRefused} `unknown`, `invalid`
 */
export function rotateKey(
  database: Database,
  actor: Actor,
  id: string,
  graceMs: number = DEFAULT_GRACE_MS,
): Promise<MadeKey> {
  return change(database, actor, async (under) => {
    const before = await theKey(under, id);
    refuseRevoked(before);
    const inForce = under.query.updateTable('key_secrets').set({ expires_at: under.now + graceMs });
    await inForce.where('virtual_key', '=', id).where('expires_at', 'is', null).execute();
    const secret = await giveSecret(under, id);
    const key = await theKey(under, id);
    await under.note('rotate', 'key', id, before, key);
    return { key, secret };
  });
}

/** Ends a key at once and for good. @throws {ChangeRefused} `unknown`, `invalid` when it is revoked already */
export function revokeKey(database: Database, actor: Actor, id: string): Promise<VirtualKey> {
  return change(database, actor, async (under) => {
    const before = await theKey(under, id);
    refuseRevoked(before);
    const after: VirtualKey = { ...before, revokedAt: under.now };
    await under.query.updateTable('virtual_keys').set({ revoked_at: under.now }).where('id', '=', id).execute();
    await under.note('revoke', 'key', id, before, after);
    return after;
  });
}

function keyOf(id: string, wanted: NewKey, { now, actor }: Change): VirtualKey {
  return {
    id,
    tenant: wanted.tenant,
    workload: wanted.workload ?? null,
    name: wanted.name ?? id,
    models: wanted.models ?? null,
    routes: wanted.routes ?? null,
    addresses: wanted.addresses ?? null,
    interactive: wanted.interactive ?? true,
    passthrough: wanted.passthrough ?? true,
    weight: wanted.weight ?? null,
    lane: wanted.lane ?? null,
    limits: wanted.limits ?? {},
    createdAt: now,
    createdBy: `${actor.via} ${actor.name}`,
    expiresAt: wanted.expiresAt ?? null,
    revokedAt: null,
    usedAt: null,
    secrets: [],
  };
}

async function giveSecret(under: Change, key: string): Promise<string> {
  const secret = makeSecret('key');
  await under.query
    .insertInto('key_secrets')
    .values({
      hash: hashSecret(secret),
      virtual_key: key,
      prefix: shownPrefix(secret),
      created_at: under.now,
      expires_at: null,
    })
    .execute();
  return secret;
}

async function check(under: Change, { tenant, workload, addresses, interactive, lane }: VirtualKey): Promise<void> {
  if (workload !== null) await theWorkload(under, tenant, workload);
  if (lane === 'interactive' && !interactive) {
    throw new ChangeRefused(
      'invalid',
      'lane is interactive, but interactive is false',
      'Leave lane out, or allow the interactive lane.',
      'lane',
    );
  }
  const test = addressTest(addresses ?? []);
  if (typeof test === 'number') {
    throw new ChangeRefused(
      'invalid',
      `addresses[${test}] is neither an address nor a range`,
      'Write it as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32.',
      `addresses[${test}]`,
    );
  }
}

function refuseRevoked({ id, revokedAt }: VirtualKey): void {
  if (revokedAt === null) return;
  throw new ChangeRefused('invalid', `key ${id} is revoked, which cannot be undone`, 'Create a new key.');
}
