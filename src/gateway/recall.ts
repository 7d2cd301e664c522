import { type Limits, quotasOf } from '../engine/admission/limits.ts';
import type { Level, Quota } from '../engine/admission/quota.ts';
import { type PastUse, pastUse } from '../observe/past-use.ts';
import type { Database } from '../storage/database.ts';
import type { Directory } from '../tenants/directory.ts';

export interface RecallOptions {
  readonly database: Database;
  readonly directory: Directory;
  /** Takes use of a quota into account that was settled before. */
  readonly recall: (quota: Quota, amount: number, at: number) => void;
  /** Wall time, ms since 1970. */
  readonly at: number;
}

const DAY_MS = 86_400_000;

/** Pieces in which the use of a day that slides is kept. */
const PIECE_MS = 300_000;

/**
 * Brings back what the records say was used of limits of days and months: a restart must not give a budget twice. Records
 * that are no longer kept, or were never written, are forgotten here, too.
 */
export async function recallUse({ database, directory, recall, at }: RecallOptions): Promise<void> {
  const limited = new LastingQuotas(directory);
  if (limited.none) return;
  const today = Math.floor(at / DAY_MS) * DAY_MS;
  const date = new Date(at);
  const month = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
  const { users } = limited;
  for (const use of await pastUse(database, { since: month, pieceMs: DAY_MS, users })) {
    for (const quota of limited.of(use)) {
      const counts = quota.measure === 'money' && (quota.period === 'month' || use.at === today);
      if (counts) recall(quota, use.microdollars, at);
    }
  }
  for (const use of await pastUse(database, { since: at - DAY_MS, pieceMs: PIECE_MS, users })) {
    for (const quota of limited.of(use)) {
      if (quota.measure === 'requests') recall(quota, use.requests, use.at);
      if (quota.measure === 'tokens') recall(quota, use.tokens, use.at);
    }
  }
}

/** The quotas of days and months that anybody has. */
class LastingQuotas {
  readonly #directory: Directory;
  readonly #known = new Map<string, readonly Quota[]>();
  /** Single users are limited somewhere. */
  readonly users: boolean;
  readonly none: boolean;

  constructor(directory: Directory) {
    this.#directory = directory;
    const { organisations, tenants } = directory;
    for (const { id, limits } of organisations) this.#add('organisation', id, limits);
    for (const { id, limits } of tenants) {
      this.#add('tenant', id, limits);
      for (const workload of directory.workloadsOf(id)) this.#add('workload', `${id}/${workload.id}`, workload.limits);
      for (const key of directory.keysOf(id)) this.#add('key', key.id, key.limits);
    }
    this.users = tenants.some(({ perUser }) => lasting('user', '', perUser).length > 0);
    this.none = this.#known.size === 0 && !this.users;
  }

  of({ organisation, tenant, workload, keyId, endUser }: PastUse): readonly Quota[] {
    return [
      ...this.#get('organisation', organisation ?? ''),
      ...this.#get('tenant', tenant),
      ...this.#get('workload', `${tenant}/${workload ?? ''}`),
      ...this.#get('key', keyId ?? ''),
      ...(endUser === null ? [] : this.#ofUser(tenant, endUser)),
    ];
  }

  #ofUser(tenant: string, user: string): readonly Quota[] {
    const found = this.#directory.tenants.find(({ id }) => id === tenant);
    return found === undefined ? [] : lasting('user', `${tenant}/${user}`, found.perUser);
  }

  #add(level: Level, holder: string, limits: Limits): void {
    const quotas = lasting(level, holder, limits);
    if (quotas.length > 0) this.#known.set(`${level} ${holder}`, quotas);
  }

  #get(level: Level, holder: string): readonly Quota[] {
    return this.#known.get(`${level} ${holder}`) ?? [];
  }
}

function lasting(level: Level, holder: string, limits: Limits): readonly Quota[] {
  return quotasOf(level, holder, limits).filter(({ period }) => period === 'day' || period === 'month');
}
