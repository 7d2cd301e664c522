import type { Migration } from './migration.ts';

/** The count of an id in base 36, of at most eight digits; SQLite has no function for it. */
export const COUNT_IN_BASE_36: string = `ltrim(${[7, 6, 5, 4, 3, 2, 1, 0]
  .map((power) => `substr('0123456789abcdefghijklmnopqrstuvwxyz', r.id_count / ${36 ** power} % 36 + 1, 1)`)
  .join(' || ')}, '0')`;

export const calls: Migration = {
  number: 1,
  name: 'calls',
  sqlite: `
    create table call_kinds (
      id integer primary key,
      last_seq integer not null,
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
      caller_retries integer not null,
      attempt_count integer not null,
      attempt_model text
    );

    create table id_prefixes (
      id integer primary key,
      prefix text not null unique
    );

    create table call_rows (
      seq integer primary key,
      id_prefix integer,
      id_count integer,
      id text,
      kind integer not null,
      at integer not null,
      duration_us integer not null,
      first_content_us integer,
      overhead_us integer not null,
      input_tokens integer,
      output_tokens integer,
      cached_tokens integer,
      reasoning_tokens integer,
      attempt_started_us integer,
      attempt_duration_us integer,
      attempt_upstream_id text,
      fault text,
      attempts text,
      check (id is not null or (id_prefix is not null and id_count is not null))
    );
    create index calls_at on call_rows (at);
    -- The calls that something happened to: few, and most often asked for.
    create index calls_eventful on call_rows (at) where attempts is not null;
    -- Unique, so that a batch written twice after a crash is stored once.
    create unique index calls_own_id on call_rows (id_prefix, id_count) where id_prefix is not null;
    -- Not the id alone, which somebody else may have chosen.
    create unique index calls_other_id on call_rows (id, at) where id is not null;

    -- Cross joins, because they keep their order: a search goes through the calls, by an index of theirs, and not through the kinds.
    create view calls as
    select
      r.seq,
      coalesce(r.id, p.prefix || '-' || ${COUNT_IN_BASE_36}) as id,
      r.at, k.door, k.operation, k.method, k.path, k.model, k.stream, k.route, k.target, k.outcome, k.status, k.fault_kind,
      r.fault, r.duration_us, r.first_content_us, r.overhead_us,
      r.input_tokens, r.output_tokens, r.cached_tokens, r.reasoning_tokens,
      k.caller_retries, k.attempt_count, k.attempt_model,
      r.attempt_upstream_id, r.attempt_started_us, r.attempt_duration_us, r.attempts
    from call_rows r cross join call_kinds k on k.id = r.kind left join id_prefixes p on p.id = r.id_prefix;
  `,
};
