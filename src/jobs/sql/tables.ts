/** The words in which the two databases differ. */
export interface Words {
  /** A number that the database gives to each new row. */
  readonly serial: string;
  readonly bytes: string;
}

export const SQLITE_WORDS: Words = { serial: 'integer primary key autoincrement', bytes: 'blob' };
export const POSTGRES_WORDS: Words = { serial: 'bigserial primary key', bytes: 'bytea' };

/**
 * The tables of jobs. What was asked and answered stands apart from how a job stands, because the latter is read and written
 * often and the former may be megabytes.
 */
export function tablesSql({ serial, bytes }: Words): string {
  return `
    create table jobs (
      seq ${serial},
      id text not null unique,
      owner text not null,
      key_id text,
      status text not null,
      origin text not null,
      path text not null,
      model text,
      stream integer not null,
      priority integer not null,
      attempts integer not null,
      max_attempts integer not null,
      losses integer not null,
      created_at bigint not null,
      started_at bigint,
      ended_at bigint,
      run_at bigint not null,
      deadline_at bigint,
      kept_until bigint,
      metadata text not null,
      fault text,
      call_id text,
      history text not null,
      token text,
      lease_until bigint,
      bytes bigint not null,
      webhook_url text,
      webhook_state text not null,
      webhook_attempts integer not null,
      webhook_error text,
      webhook_at bigint
    );
    create index jobs_waiting on jobs (owner, priority desc, run_at) where status = 'queued';
    create index jobs_due on jobs (run_at) where status = 'queued';
    create index jobs_leases on jobs (lease_until) where status = 'running';
    create index jobs_deadlines on jobs (deadline_at) where ended_at is null and deadline_at is not null;
    create index jobs_kept on jobs (kept_until) where kept_until is not null;
    create index jobs_of_owner on jobs (owner, seq);
    create index jobs_use on jobs (owner, ended_at, bytes);
    create index jobs_webhooks on jobs (webhook_at) where webhook_at is not null;

    create table job_requests (
      id text primary key,
      method text not null,
      headers text not null,
      body ${bytes} not null
    );

    create table job_answers (
      id text primary key,
      status integer not null,
      headers text not null,
      body ${bytes} not null
    );

    create table idempotency_keys (
      owner text not null,
      key text not null,
      fingerprint text not null,
      token text,
      lease_until bigint,
      created_at bigint not null,
      kept_until bigint not null,
      status integer,
      headers text,
      body ${bytes},
      primary key (owner, key)
    );
    create index idempotency_keys_kept on idempotency_keys (kept_until);
    create index idempotency_keys_under_way on idempotency_keys (token) where token is not null;

    create table webhook_secrets (
      owner text not null,
      secret text not null,
      created_at bigint not null,
      replaced_at bigint,
      primary key (owner, secret)
    );
  `;
}
