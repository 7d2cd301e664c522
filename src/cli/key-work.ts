import { keyChanges, newKey } from '../gateway/admin/fields.ts';
import { parseDuration, parseMoment } from '../observe/moment.ts';
import type { Database } from '../storage/database.ts';
import type { VirtualKey } from '../tenants/entities.ts';
import { said } from '../tenants/groups.ts';
import { changeKey, createKey, listKeys, type MadeKey, revokeKey, rotateKey } from '../tenants/keys.ts';
import {
  administer,
  checked,
  declareFrom,
  jsonLines,
  printTable,
  readLimits,
  readNumber,
  requireTenant,
} from './administration.ts';
import type { AdministrationOptions } from './administration-options.ts';
import type { Column, TableCell } from './table.ts';
import { showMoment, type Terminal } from './terminal.ts';

export interface ListKeysOptions extends AdministrationOptions {
  readonly tenant?: string;
  readonly working?: true;
}

/** What `create` and `change` take, as it was typed. */
export interface KeyOptions extends AdministrationOptions {
  readonly name?: string;
  readonly model?: readonly string[];
  readonly route?: readonly string[];
  readonly address?: readonly string[];
  readonly limit?: readonly string[];
  readonly lane?: string;
  readonly weight?: string;
  readonly interactive: boolean;
  readonly passthrough: boolean;
  readonly expires?: string;
}

export interface RotateOptions extends AdministrationOptions {
  readonly grace: string;
}

export interface ExpireOptions extends AdministrationOptions {
  readonly at: string;
}

const COLUMNS: readonly Column[] = [
  { title: 'key', rank: 0 },
  { title: 'begins', rank: 1 },
  { title: 'for', rank: 0 },
  { title: 'name', rank: 3 },
  { title: 'status', rank: 0 },
  { title: 'last used', rank: 2 },
  { title: 'may', rank: 4 },
];

export function listTable(options: ListKeysOptions, terminal: Terminal): Promise<void> {
  return administer(options, async (database) => {
    const keys = await listKeys(database, { tenant: options.tenant, working: options.working });
    if (keys.length === 0) await requireTenant(database, options.tenant);
    if (options.json) return terminal.write(jsonLines(keys));
    const rows = keys.map((key): TableCell[] => [
      { text: key.id },
      { text: key.secrets.map(({ prefix }) => prefix).join(' ') },
      { text: key.workload === null ? key.tenant : `${key.tenant}/${key.workload}` },
      { text: key.name === key.id ? '' : key.name },
      statusOf(key, Date.now()),
      { text: key.usedAt === null ? 'never' : showMoment(key.usedAt), ink: 'dim' },
      { text: restrictions(key) },
    ]);
    printTable(terminal, COLUMNS, rows, 'no keys yet: holdfast keys create TENANT makes one');
  });
}

export function create(place: string, options: KeyOptions, terminal: Terminal): Promise<void> {
  return administer(
    options,
    async (database, actor) => {
      await declareFrom(options.config, database);
      const slash = place.indexOf('/');
      const tenant = slash < 0 ? place : place.slice(0, slash);
      const workload = slash < 0 ? undefined : place.slice(slash + 1);
      const expiresAt = options.expires === undefined ? undefined : readMoment('--expires', options.expires);
      const typedKey = { tenant, workload, ...typed(options), expiresAt };
      tellMade(await createKey(database, actor, checked(newKey, said(typedKey))), options, terminal);
    },
    options.config === undefined ? 'refuse' : 'make',
  );
}

export function change(named: string, options: KeyOptions, terminal: Terminal): Promise<void> {
  return administer(options, async (database, actor) => {
    const key = await find(database, named);
    const changed = await changeKey(database, actor, key.id, checked(keyChanges, said(typed(options))));
    if (options.json) terminal.write(jsonLines([changed]));
    else terminal.note(`changed ${key.id}\n`);
  });
}

export function rotate(named: string, options: RotateOptions, terminal: Terminal): Promise<void> {
  return administer(options, async (database, actor) => {
    const graceMs = options.grace === '0' ? 0 : parseDuration(options.grace);
    if (graceMs === null)
      throw new Error(`--grace "${options.grace}" is no duration; write one such as 0s, 30m, 24h or 7d`);
    const key = await find(database, named);
    tellMade(await rotateKey(database, actor, key.id, graceMs), options, terminal);
    const until = showMoment(Date.now() + graceMs);
    if (!options.json)
      terminal.note(`the secret before it (${key.secrets[0]?.prefix ?? ''}...) works until ${until}\n`);
  });
}

export function expire(named: string, options: ExpireOptions, terminal: Terminal): Promise<void> {
  return administer(options, async (database, actor) => {
    const key = await find(database, named);
    const { at } = options;
    const expiresAt = at === 'never' ? null : at === 'now' ? Date.now() : Date.parse(readMoment('--at', at));
    const changed = await changeKey(database, actor, key.id, { expiresAt });
    if (options.json) terminal.write(jsonLines([changed]));
    else
      terminal.note(
        expiresAt === null ? `${key.id} does not expire\n` : `${key.id} expires at ${showMoment(expiresAt)}\n`,
      );
  });
}

export function revoke(named: string, options: AdministrationOptions, terminal: Terminal): Promise<void> {
  return administer(options, async (database, actor) => {
    const revoked = await revokeKey(database, actor, (await find(database, named)).id);
    if (options.json) terminal.write(jsonLines([revoked]));
    else terminal.note(`revoked ${revoked.id} of ${revoked.tenant}; nothing brings it back\n`);
  });
}

/** The secret goes to stdout alone, so that a script can take it; everything else to stderr. */
function tellMade({ key, secret }: MadeKey, { json }: AdministrationOptions, terminal: Terminal): void {
  if (json) return terminal.write(jsonLines([{ secret, key }]));
  terminal.note(`key ${key.id} of ${key.tenant}; its secret is shown this once:\n`);
  terminal.write(`${secret}\n`);
}

async function find(database: Database, named: string): Promise<VirtualKey> {
  if (named === '') throw new Error('no key was named; holdfast keys lists them');
  // What every id begins with must not stand for the only key there is.
  const tells = named.length > 'key_'.length;
  const found = (await listKeys(database)).filter(
    ({ id, secrets }) =>
      (tells && id.startsWith(named)) || secrets.some(({ prefix }) => named.startsWith(prefix) || prefix === named),
  );
  const [key, another] = found;
  if (key === undefined) throw new Error(`there is no key ${named.slice(0, 12)}; holdfast keys lists them`);
  if (another !== undefined && key.id !== named)
    throw new Error(`several keys begin with ${named.slice(0, 12)}; give more of it`);
  return key;
}

function typed({ name, model, route, address, limit, lane, weight, interactive, passthrough }: KeyOptions) {
  return {
    name,
    models: listed(model),
    routes: listed(route),
    addresses: listed(address),
    limits: readLimits(limit),
    lane,
    weight: readNumber(weight),
    // Commander says true where nothing was typed, which must change nothing.
    interactive: interactive ? undefined : false,
    passthrough: passthrough ? undefined : false,
  };
}

/** `none` takes the restriction away. */
function listed(values: readonly string[] | undefined): readonly string[] | null | undefined {
  return values?.length === 1 && values[0] === 'none' ? null : values;
}

/** The year 10000, which no moment of the admin API can name. */
const AFTER_ALL = Date.UTC(10_000, 0);

/** A moment to come, as the admin API writes it. */
function readMoment(flag: string, text: string): string {
  const duration = parseDuration(text);
  const at = duration === null ? parseMoment(text, Date.now()) : Date.now() + duration;
  if (at !== null && at < AFTER_ALL) return new Date(at).toISOString();
  throw new Error(`${flag} "${text}" is no moment; write a duration such as 90d, or a date such as 2027-01-31T12:00`);
}

function statusOf({ revokedAt, expiresAt }: VirtualKey, now: number): TableCell {
  if (revokedAt !== null) return { text: 'revoked', ink: 'red' };
  if (expiresAt === null) return { text: 'working', ink: 'green' };
  return expiresAt <= now
    ? { text: 'expired', ink: 'red' }
    : { text: `until ${showMoment(expiresAt).slice(0, 16)}`, ink: 'yellow' };
}

function restrictions({ models, routes, addresses, interactive, passthrough }: VirtualKey): string {
  const parts = [
    models === null ? null : `models ${models.join(' ')}`,
    routes === null ? null : `routes ${routes.join(' ')}`,
    addresses === null ? null : `from ${addresses.join(' ')}`,
    interactive ? null : 'background only',
    passthrough ? null : 'no passthrough',
  ].filter((part) => part !== null);
  return parts.join(', ') || 'anything';
}
