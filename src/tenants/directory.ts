import type { Headers } from '../engine/call.ts';
import type { Caller } from '../engine/caller.ts';
import type { Fault } from '../engine/fault/fault.ts';
import type { Database } from '../storage/database.ts';
import { toDatabaseError } from '../storage/database-error.ts';
import { changesSince, lastChange } from './audit.ts';
import type { Organisation, SubjectKind, Tenant, VirtualKey, Workload } from './entities.ts';
import { listOrganisations, listTenants, listWorkloads } from './groups.ts';
import { Holder, type HolderDeps } from './holder.ts';
import { type HashedKey, hashedKey, listHashedKeys, saveLastUses } from './hashed-keys.ts';
import { Recent } from './recent.ts';
import { expiredKey, malformedKey, missingKey, replacedKey, revokedKey, unknownKey } from './refusals.ts';
import { hashSecret, kindOfSecret, shownPrefix } from './secret.ts';

export interface DirectoryOptions {
  readonly database: Database;
  /** The route that a model takes, for keys that are held to some. */
  readonly routeOf: (model: string | null) => string | null;
  /** Told, at most once a minute, that the database cannot be read; what was read before goes on holding. */
  readonly onTrouble: (message: string) => void;
}

/** Time between two looks for changes that other processes have made, ms: half of what people are promised. */
const LOOK_EVERY_MS = 1_000;

/** Last uses are written down this often, ms: nobody asks for them to the second. */
const SAVE_EVERY_MS = 10_000;

const TROUBLE_EVERY_MS = 60_000;

/** More changes than this at once are read by reading everything. */
const MANY_CHANGES = 200;

/** Single users that are remembered with their quotas, at about half a kilobyte each. */
const USERS = 10_000;

/** Forms in which known keys were presented; a key has two or three. */
const PRESENTED = 100_000;

/** Longer forms are not remembered: a key and `Bearer` need fewer characters, and blanks between them can be any number. */
const LONGEST_PRESENTED = 64;

/** One secret of a key, and what it leads to. */
interface Entry {
  readonly key: VirtualKey;
  readonly prefix: string;
  /** End of the grace period of a secret that was replaced. */
  readonly expiresAt: number | null;
  /** Made when it is first asked for. */
  holder: Holder | null;
  /** When its key or its secret stops working: the earliest of the reasons. */
  readonly endsAt: number;
  readonly use: Use;
}

/** When a key was last used; one for all its secrets, kept over changes. */
interface Use {
  at: number;
  savedAt: number;
}

/** A key that was found: `holder` may be used, unless `endsAt` has come. */
export type Found = Pick<Entry, 'endsAt'> & { readonly holder: Holder; readonly use: Use };

/** Headers that may carry a key, in order of preference. */
export const KEY_HEADERS = ['authorization', 'x-api-key', 'api-key', 'x-goog-api-key'] as const;

/**
 * Who holds which key, in memory. What it knows is read from the database at the start, and whatever the audit log says was
 * changed is read again: at once for changes of this process, within a second for those of others. When the database cannot
 * be read, the last that was read goes on holding.
 */
export class Directory {
  readonly #options: DirectoryOptions;
  readonly #deps: HolderDeps;
  readonly #organisations = new Map<string, Organisation>();
  readonly #tenants = new Map<string, Tenant>();
  readonly #workloads = new Map<string, Map<string, Workload>>();
  readonly #keys = new Map<string, HashedKey>();
  readonly #entries = new Map<string, Entry>();
  readonly #uses = new Map<string, Use>();
  /** Known keys in the very form in which they were presented: what spares a call the hash. */
  readonly #presented = new Map<string, Found>();
  readonly #users = new Recent<Caller>(USERS);
  #seq = 0;
  #refreshing: Promise<void> | null = null;
  #look: NodeJS.Timeout | null = null;
  #savedAt = 0;
  #troubledAt = Number.NEGATIVE_INFINITY;

  private constructor(options: DirectoryOptions) {
    this.#options = options;
    this.#deps = { routeOf: options.routeOf, users: this.#users };
  }

  /** @throws {DatabaseError} it cannot be read */
  static async open(options: DirectoryOptions): Promise<Directory> {
    const directory = new Directory(options);
    await directory.#readAll();
    return directory;
  }

  /** Nobody is told apart: there is no tenant. */
  get empty(): boolean {
    return this.#tenants.size === 0;
  }

  /** Some key could be used now. */
  hasWorkingKey(at: number): boolean {
    return [...this.#entries.values()].some(({ endsAt }) => endsAt > at);
  }

  get organisations(): readonly Organisation[] {
    return [...this.#organisations.values()];
  }

  get tenants(): readonly Tenant[] {
    return [...this.#tenants.values()];
  }

  workloadsOf(tenant: string): readonly Workload[] {
    return [...(this.#workloads.get(tenant)?.values() ?? [])];
  }

  keysOf(tenant: string): readonly VirtualKey[] {
    return [...this.#keys.values()].map(({ key }) => key).filter((key) => key.tenant === tenant);
  }

  tenantOfKey(id: string): string | null {
    return this.#keys.get(id)?.key.tenant ?? null;
  }

  /** A key by its id, for work that goes on without a request; null when it is gone or does not work any more. */
  holderOfKey(id: string, at: number): Holder | null {
    for (const entry of this.#entries.values()) {
      if (entry.key.id === id && entry.endsAt > at) return this.#hold(entry)?.holder ?? null;
    }
    return null;
  }

  /**
   * The key that came with a request: the first that works, else the first that once did; null when none is known.
   *
   * @param at wall time, ms since 1970.
   */
  find(headers: Headers, at: number): Found | null {
    const { authorization } = headers;
    if (typeof authorization === 'string') {
      // The time this takes tells a guesser nothing: a map first compares hashes made with a random seed.
      const found = this.#presented.get(authorization);
      if (found !== undefined && found.endsAt > at) return found;
    }
    return this.#search(headers, at);
  }

  /** Why nobody was found by these headers. */
  stranger(headers: Headers): { readonly fault: Fault; readonly prefix: string } {
    for (const name of KEY_HEADERS) {
      const presented = presentedIn(headers, name);
      if (presented === null) continue;
      const prefix = shownPrefix(presented);
      const kind = kindOfSecret(presented);
      return { prefix, fault: kind === 'key' ? unknownKey(prefix) : malformedKey(prefix, kind) };
    }
    return { prefix: '', fault: missingKey() };
  }

  /** Why a key that was found has stopped working. */
  ended({ holder }: Found, at: number): Fault {
    const { key, prefix } = holder;
    if (key.revokedAt !== null) return revokedKey(prefix, key.revokedAt);
    if (key.expiresAt !== null && key.expiresAt <= at) return expiredKey(prefix, key.expiresAt);
    return replacedKey(prefix, this.#keys.get(key.id)?.secrets.find((one) => one.prefix === prefix)?.expiresAt ?? at);
  }

  /** Looks for changes every second, and writes down last uses, until `close`. */
  follow(): void {
    this.#look ??= setInterval(() => void this.refresh(), LOOK_EVERY_MS).unref();
  }

  /** Reads what has changed. After it resolves, everything changed before it was called is in force. */
  async refresh(): Promise<void> {
    // A look that is under way may have read before the change that the caller knows of.
    if (this.#refreshing !== null) await this.#refreshing;
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = null));
    await this.#refreshing;
  }

  async close(): Promise<void> {
    if (this.#look !== null) clearInterval(this.#look);
    this.#look = null;
    this.#savedAt = 0;
    await this.refresh();
  }

  async #refresh(): Promise<void> {
    const { database } = this.#options;
    try {
      const changes = await changesSince(database, this.#seq);
      if (changes.length > MANY_CHANGES) await this.#readAll();
      else if (changes.length > 0) {
        const subjects = new Map(changes.map((one) => [`${one.subject} ${one.subjectId}`, one]));
        for (const { subject, subjectId } of subjects.values()) await this.#reread(subject, subjectId);
        this.#seq = changes.at(-1)?.seq ?? this.#seq;
        this.#rebuild();
      }
      const now = Date.now();
      if (now - this.#savedAt >= SAVE_EVERY_MS) {
        this.#savedAt = now;
        await this.#saveUses();
      }
    } catch (error) {
      this.#trouble(error);
    }
  }

  async #readAll(): Promise<void> {
    const { database } = this.#options;
    // Before the rest: a change made in between is read twice rather than never.
    const seq = await lastChange(database);
    const organisations = await listOrganisations(database);
    const tenants = await listTenants(database);
    const workloads = await listWorkloads(database);
    const keys = await listHashedKeys(database);
    // In one go: a call in between must not meet a tenant without the limits of its workloads.
    replace(this.#organisations, organisations);
    replace(this.#tenants, tenants);
    this.#workloads.clear();
    for (const workload of workloads) this.#workloadsOf(workload.tenant).set(workload.id, workload);
    this.#keys.clear();
    for (const key of keys) this.#keys.set(key.key.id, key);
    this.#seq = seq;
    this.#rebuild();
  }

  async #reread(subject: SubjectKind, id: string): Promise<void> {
    const { database } = this.#options;
    if (subject === 'organisation') replace(this.#organisations, await listOrganisations(database));
    if (subject === 'tenant') {
      replace(this.#tenants, await listTenants(database));
      // With a tenant go its keys and workloads, of which the log says nothing.
      if (this.#tenants.has(id)) return;
      this.#workloads.delete(id);
      for (const { key } of this.#keys.values()) if (key.tenant === id) this.#keys.delete(key.id);
    }
    if (subject === 'workload') {
      const tenant = id.slice(0, id.indexOf('/'));
      replace(this.#workloadsOf(tenant), await listWorkloads(database, tenant));
    }
    if (subject === 'key') {
      const key = await hashedKey(database, id);
      if (key === null) this.#keys.delete(id);
      else this.#keys.set(id, key);
    }
  }

  /** Makes everything anew that follows from what was read. The callers themselves are made when they are asked for. */
  #rebuild(): void {
    this.#entries.clear();
    this.#presented.clear();
    this.#users.clear();
    for (const { key, secrets } of this.#keys.values()) {
      let use = this.#uses.get(key.id);
      if (use === undefined) this.#uses.set(key.id, (use = { at: 0, savedAt: 0 }));
      for (const { hash, prefix, expiresAt } of secrets) {
        const endsAt = Math.min(key.revokedAt ?? Infinity, key.expiresAt ?? Infinity, expiresAt ?? Infinity);
        this.#entries.set(hash, { key, prefix, expiresAt, holder: null, endsAt, use });
      }
    }
    for (const id of this.#uses.keys()) if (!this.#keys.has(id)) this.#uses.delete(id);
  }

  #search(headers: Headers, at: number): Found | null {
    let ended: Found | null = null;
    for (const name of KEY_HEADERS) {
      const found = this.#foundIn(headers, name);
      if (found !== null && found.endsAt > at) return found;
      ended ??= found;
    }
    return ended;
  }

  /** By hash where a header is seen for the first time since something changed. */
  #foundIn(headers: Headers, name: (typeof KEY_HEADERS)[number]): Found | null {
    const text = headers[name];
    if (typeof text !== 'string') return null;
    const known = this.#presented.get(text);
    if (known !== undefined) return known;
    const presented = presentedIn(headers, name);
    if (presented === null || kindOfSecret(presented) !== 'key') return null;
    const entry = this.#entries.get(hashSecret(presented));
    const found = entry === undefined ? null : this.#hold(entry);
    if (found === null || text.length > LONGEST_PRESENTED) return found;
    if (this.#presented.size >= PRESENTED) this.#presented.clear();
    this.#presented.set(text, found);
    return found;
  }

  #hold(entry: Entry): Found | null {
    if (entry.holder === null) {
      const { key, prefix } = entry;
      const tenant = this.#tenants.get(key.tenant);
      const organisation = this.#organisations.get(tenant?.organisation ?? '');
      if (tenant === undefined || organisation === undefined) return null;
      const workloads = this.#workloads.get(tenant.id) ?? new Map<string, Workload>();
      entry.holder = new Holder({ key, prefix, organisation, tenant, workloads }, this.#deps);
    }
    return { holder: entry.holder, endsAt: entry.endsAt, use: entry.use };
  }

  async #saveUses(): Promise<void> {
    const fresh = [...this.#uses].filter(([, { at, savedAt }]) => at > savedAt);
    const { database } = this.#options;
    try {
      await saveLastUses(
        database,
        fresh.map(([id, { at }]) => ({ id, at })),
      );
    } catch (error) {
      // Somebody else writes just now. What was not written down this time is the next.
      if (toDatabaseError(error, database.path).kind === 'busy') return;
      throw error;
    }
    for (const [, use] of fresh) use.savedAt = use.at;
  }

  #workloadsOf(tenant: string): Map<string, Workload> {
    let workloads = this.#workloads.get(tenant);
    if (workloads === undefined) this.#workloads.set(tenant, (workloads = new Map()));
    return workloads;
  }

  #trouble(error: unknown): void {
    const now = Date.now();
    if (now - this.#troubledAt < TROUBLE_EVERY_MS) return;
    this.#troubledAt = now;
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.onTrouble(
      `changes to tenants and keys cannot be read: ${reason} What was read before goes on holding.`,
    );
  }
}

/** The secret in a header: what follows `Bearer`, or all of it where there is no such word. */
export function presentedIn(headers: Headers, name: (typeof KEY_HEADERS)[number]): string | null {
  const text = headers[name];
  if (typeof text !== 'string') return null;
  const bare = name === 'authorization' && /^bearer(?:\s|$)/i.test(text) ? text.slice(6) : text;
  const trimmed = bare.trim();
  return trimmed === '' ? null : trimmed;
}

function replace<Entity extends { readonly id: string }>(map: Map<string, Entity>, entities: readonly Entity[]): void {
  map.clear();
  for (const entity of entities) map.set(entity.id, entity);
}
