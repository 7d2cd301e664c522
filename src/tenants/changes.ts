import { setTimeout as sleep } from 'node:timers/promises';

import { type Kysely, sql } from 'kysely';

import type { Database } from '../storage/database.ts';
import { toDatabaseError } from '../storage/database-error.ts';
import type { Schema } from '../storage/schema.ts';
import type { Actor, AuditAction, SubjectKind } from './entities.ts';

/**
 * Why a change cannot be made.
 *
 * - `unknown`: what it is about does not exist.
 * - `exists`: the id is taken.
 * - `declared`: it stands in the configuration file, which goes before the database.
 * - `in-use`: others depend on it.
 * - `invalid`: it contradicts itself or what there is.
 */
export type RefusalKind = 'unknown' | 'exists' | 'declared' | 'in-use' | 'invalid';

/** A change that was not made; the message says what is in the way, `fix` what to do. */
export class ChangeRefused extends Error {
  override readonly name: string = 'ChangeRefused';
  readonly kind: RefusalKind;
  /** The field of the change that is at fault; null: the change as a whole. */
  readonly field: string | null;
  readonly fix: string;

  constructor(kind: RefusalKind, message: string, fix: string, field: string | null = null) {
    super(message);
    this.kind = kind;
    this.fix = fix;
    this.field = field;
  }
}

/** A change under way: everything in it happens, or nothing. */
export interface Change {
  readonly query: Kysely<Schema>;
  /** Wall time, ms since 1970. */
  readonly now: number;
  readonly actor: Actor;
  /** Writes the audit log's line. Every change has one: it is also how other processes hear of it. */
  note(action: AuditAction, subject: SubjectKind, id: string, before: unknown, after: unknown): Promise<void>;
}

/** Longest wait for others who write to the same database, ms. */
const PATIENCE_MS = 5_000;

/** Makes a change, waiting for its turn to write without holding up the thread. */
export async function change<Result>(
  database: Database,
  actor: Actor,
  work: (change: Change) => Promise<Result>,
): Promise<Result> {
  const giveUpAt = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await database.query.transaction().execute(async (query) => {
        await database.takeTurn(query);
        return work(changeBy(query, actor));
      });
    } catch (error) {
      if (error instanceof ChangeRefused) throw error;
      const trouble = toDatabaseError(error, database.path);
      if (trouble.kind !== 'busy' || Date.now() > giveUpAt) throw trouble;
      await sleep(5 + Math.random() * 20);
    }
  }
}

/**
 * Keeps a statement from waiting long for another process's lock on the thread that carries calls; {@link change} waits in
 * its place.
 */
export async function waitBriefly({ query }: Database): Promise<void> {
  await sql`pragma busy_timeout = 5`.execute(query);
}

function changeBy(query: Kysely<Schema>, actor: Actor): Change {
  const now = Date.now();
  return {
    query,
    now,
    actor,
    async note(action, subject, id, before, after) {
      const { via, name, address } = actor;
      await query
        .insertInto('audit_log')
        .values({
          at: now,
          via,
          actor: name,
          address,
          action,
          subject,
          subject_id: id,
          before: before === null ? null : JSON.stringify(before),
          after: after === null ? null : JSON.stringify(after),
        })
        .execute();
    },
  };
}
