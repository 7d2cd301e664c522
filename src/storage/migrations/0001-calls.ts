import type { Migration } from './migration.ts';

export const calls: Migration = {
  number: 1,
  name: 'calls',
  sqlite: `
    create table calls (
      seq integer primary key,
      id text not null,
      at integer not null,
      door text not null,
      operation text not null,
      method text not null,
      path text not null,
      model text,
      stream integer not null,
      route text,
      target text,
      outcome text not null,
      status integer not null,
      fault_kind text,
      fault text,
      duration_us integer not null,
      first_content_us integer,
      overhead_us integer not null,
      input_tokens integer,
      output_tokens integer,
      cached_tokens integer,
      reasoning_tokens integer,
      caller_retries integer not null,
      attempt_count integer not null,
      attempt_model text,
      attempt_upstream_id text,
      attempt_started_us integer,
      attempt_duration_us integer,
      attempts text
    );
    create index calls_at on calls (at);
    -- The calls that something happened to: few, and most often asked for.
    create index calls_eventful on calls (at) where attempts is not null;
    -- Unique together, so that a batch written twice after a crash is stored once; not the id alone, which a caller may have chosen.
    create unique index calls_id on calls (id, at);
  `,
};
