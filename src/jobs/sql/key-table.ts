import type { KeptAnswer } from '../job.ts';
import type { KeyName, KeyStanding, QueueSettings } from '../queue.ts';
import { answerOf, insert } from './job-table.ts';
import { number } from './job-row.ts';
import { type Cell, first, places, type Sql } from './sql.ts';

/** The statements about idempotency keys. */
export class KeyTable {
  readonly #settings: QueueSettings;

  constructor(settings: QueueSettings) {
    this.#settings = settings;
  }

  async begin(
    sql: Sql,
    { owner, key, fingerprint, token, now, most }: Parameters<KeyTable['taken']>[1] & { most: number },
  ): Promise<KeyStanding> {
    const { leaseMs, keepKeysMs } = this.#settings;
    const count = await first(sql, 'select count(*) as keys from idempotency_keys where owner = $1', [owner]);
    if (count !== null && number(count, 'keys') >= most) {
      // What is known is still answered; only new keys find no room.
      return this.taken(sql, { owner, key, fingerprint, token, now }, { kind: 'full' });
    }
    const rows = await sql.all(
      `insert into idempotency_keys (owner, key, fingerprint, token, lease_until, created_at, kept_until)
       values ($1, $2, $3, $4, $5, $6, $7) on conflict (owner, key) do nothing returning key`,
      [owner, key, fingerprint, token, now + leaseMs, now, now + keepKeysMs],
    );
    if (rows.length > 0) return { kind: 'begun', since: now };
    return this.taken(sql, { owner, key, fingerprint, token, now }, { kind: 'running' });
  }

  /** How a key stands that is there, taking it over from whoever lost it. @param absent said where it is not there. */
  async taken(
    sql: Sql,
    {
      owner,
      key,
      fingerprint,
      token,
      now,
    }: KeyName & { readonly fingerprint: string; readonly token: string; readonly now: number },
    absent: KeyStanding,
  ): Promise<KeyStanding> {
    const row = await first(sql, 'select * from idempotency_keys where owner = $1 and key = $2', [owner, key]);
    if (row === null) return absent;
    const over = number(row, 'kept_until') <= now;
    const begunAt = number(row, 'created_at');
    if (!over && row['fingerprint'] !== fingerprint) return { kind: 'mismatch' };
    if (!over && row['token'] === null) {
      if (row['status'] === null) return { kind: 'unkept' };
      return { kind: 'answered', answer: answerOf(row), at: begunAt };
    }
    const lost = over || number(row, 'lease_until') <= now;
    if (!lost) return { kind: 'running' };
    const { leaseMs, keepKeysMs } = this.#settings;
    const since = over ? now : begunAt;
    const values: Cell[] = [
      owner,
      key,
      row['token'] ?? null,
      fingerprint,
      token,
      now + leaseMs,
      since,
      now + keepKeysMs,
    ];
    const won = await sql.all(
      `update idempotency_keys set fingerprint = $4, token = $5, lease_until = $6, created_at = $7, kept_until = $8,
         status = null, headers = null, body = null
       where owner = $1 and key = $2 and (token = $3 or (token is null and $3 is null)) returning key`,
      values,
    );
    return won.length > 0 ? { kind: 'begun', since } : { kind: 'running' };
  }

  async answer(
    sql: Sql,
    { owner, key, token, answer, now }: KeyName & { token: string; answer: KeptAnswer | null; now: number },
  ): Promise<void> {
    await sql.all(
      `update idempotency_keys set token = null, lease_until = null, kept_until = $4, status = $5, headers = $6, body = $7
       where owner = $1 and key = $2 and token = $3`,
      [
        owner,
        key,
        token,
        now + this.#settings.keepKeysMs,
        answer?.status ?? null,
        answer === null ? null : JSON.stringify(answer.headers),
        answer?.body ?? null,
      ],
    );
  }

  async drop(sql: Sql, { owner, key, token }: KeyName & { token: string }): Promise<void> {
    await sql.all('delete from idempotency_keys where owner = $1 and key = $2 and token = $3', [owner, key, token]);
  }

  async renew(sql: Sql, tokens: readonly string[], now: number): Promise<void> {
    if (tokens.length === 0) return;
    const text = `update idempotency_keys set lease_until = $1 where token in (${places(tokens.length, 2)})`;
    await sql.all(text, [now + this.#settings.leaseMs, ...tokens]);
  }

  /** @returns how many were forgotten. */
  async forget(sql: Sql, now: number): Promise<number> {
    const rows = await sql.all(
      'delete from idempotency_keys where kept_until <= $1 and (token is null or lease_until <= $1) returning key',
      [now],
    );
    return rows.length;
  }
}

/** Puts a secret in force. */
export async function putSecret(sql: Sql, owner: string, secret: string, now: number): Promise<void> {
  await sql.all('delete from webhook_secrets where owner = $1 and replaced_at is not null', [owner]);
  await sql.all('update webhook_secrets set replaced_at = $2 where owner = $1', [owner, now]);
  await insert(sql, 'webhook_secrets', { owner, secret, created_at: now });
}
