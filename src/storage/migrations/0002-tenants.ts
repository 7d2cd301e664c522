import type { Migration } from './migration.ts';

/**
 * Who may call and what they may take; who changed that, and what came of it. Limits and restrictions are JSON, as people
 * wrote them.
 */
export const tenants: Migration = {
  number: 2,
  name: 'tenants',
  sqlite: `
    create table organisations (
      id text primary key,
      name text not null,
      limits text not null,
      declared integer not null,
      created_at integer not null
    );

    create table tenants (
      id text primary key,
      organisation text not null references organisations (id),
      name text not null,
      limits text not null,
      user_limits text not null,
      weight real,
      lane text,
      declared integer not null,
      created_at integer not null
    );
    create index tenants_of_organisation on tenants (organisation);

    create table workloads (
      tenant text not null references tenants (id) on delete cascade,
      id text not null,
      name text not null,
      limits text not null,
      weight real,
      lane text,
      declared integer not null,
      created_at integer not null,
      primary key (tenant, id)
    );

    create table virtual_keys (
      id text primary key,
      tenant text not null references tenants (id) on delete cascade,
      workload text,
      name text not null,
      models text,
      routes text,
      addresses text,
      interactive integer not null,
      passthrough integer not null,
      weight real,
      lane text,
      limits text not null,
      created_at integer not null,
      created_by text not null,
      expires_at integer,
      revoked_at integer,
      used_at integer
    );
    create index virtual_keys_of_tenant on virtual_keys (tenant);

    -- Apart from the keys, because a key that is being replaced has two. The secret itself is nowhere.
    create table key_secrets (
      hash text primary key,
      virtual_key text not null references virtual_keys (id) on delete cascade,
      prefix text not null,
      created_at integer not null,
      expires_at integer
    );
    create index key_secrets_of_key on key_secrets (virtual_key);

    create table admin_tokens (
      id text primary key,
      name text not null,
      role text not null,
      hash text not null unique,
      prefix text not null,
      created_at integer not null,
      created_by text not null,
      expires_at integer,
      revoked_at integer,
      used_at integer
    );

    -- Numbers are never given twice: who follows the changes goes by them.
    create table audit_log (
      seq integer primary key autoincrement,
      at integer not null,
      via text not null,
      actor text not null,
      address text,
      action text not null,
      subject text not null,
      subject_id text not null,
      before text,
      after text
    );
    create index audit_log_of_subject on audit_log (subject, subject_id);

    create table events (
      seq integer primary key autoincrement,
      at integer not null,
      kind text not null,
      level text,
      holder text,
      organisation text,
      tenant text,
      message text not null,
      detail text
    );
    create index events_at on events (at);
  `,
  // Ids stand in the order of their characters, whatever language the server speaks.
  postgres: `
    create table organisations (
      id text collate "C" primary key,
      name text not null,
      limits text not null,
      declared integer not null,
      created_at bigint not null
    );

    create table tenants (
      id text collate "C" primary key,
      organisation text collate "C" not null references organisations (id),
      name text not null,
      limits text not null,
      user_limits text not null,
      weight double precision,
      lane text,
      declared integer not null,
      created_at bigint not null
    );
    create index tenants_of_organisation on tenants (organisation);

    create table workloads (
      tenant text collate "C" not null references tenants (id) on delete cascade,
      id text collate "C" not null,
      name text not null,
      limits text not null,
      weight double precision,
      lane text,
      declared integer not null,
      created_at bigint not null,
      primary key (tenant, id)
    );

    create table virtual_keys (
      id text collate "C" primary key,
      tenant text collate "C" not null references tenants (id) on delete cascade,
      workload text collate "C",
      name text not null,
      models text,
      routes text,
      addresses text,
      interactive integer not null,
      passthrough integer not null,
      weight double precision,
      lane text,
      limits text not null,
      created_at bigint not null,
      created_by text not null,
      expires_at bigint,
      revoked_at bigint,
      used_at bigint
    );
    create index virtual_keys_of_tenant on virtual_keys (tenant);

    -- Apart from the keys, because a key that is being replaced has two. The secret itself is nowhere.
    create table key_secrets (
      hash text collate "C" primary key,
      virtual_key text collate "C" not null references virtual_keys (id) on delete cascade,
      prefix text not null,
      created_at bigint not null,
      expires_at bigint
    );
    create index key_secrets_of_key on key_secrets (virtual_key);

    create table admin_tokens (
      id text collate "C" primary key,
      name text not null,
      role text not null,
      hash text collate "C" not null unique,
      prefix text not null,
      created_at bigint not null,
      created_by text not null,
      expires_at bigint,
      revoked_at bigint,
      used_at bigint
    );

    -- Numbers are never given twice: who follows the changes goes by them.
    create table audit_log (
      seq bigint generated always as identity primary key,
      at bigint not null,
      via text not null,
      actor text not null,
      address text,
      action text not null,
      subject text not null,
      subject_id text not null,
      before text,
      after text
    );
    create index audit_log_of_subject on audit_log (subject, subject_id);

    create table events (
      seq bigint generated always as identity primary key,
      at bigint not null,
      kind text not null,
      level text,
      holder text,
      organisation text collate "C",
      tenant text collate "C",
      message text not null,
      detail text
    );
    create index events_at on events (at);
  `,
};
