import { COUNT_IN_BASE_36 } from './0001-calls.ts';
import { RECORDS } from './0006-records-postgres.ts';
import type { Migration } from './migration.ts';

/** What is added up of calls, wherever they are added up. */
const SUMS = `
      calls integer not null,
      answered integer not null,
      failed integer not null,
      interrupted integer not null,
      cancelled integer not null,
      attempts integer not null,
      retries integer not null,
      fallbacks integer not null,
      hedges integer not null,
      input_tokens integer not null,
      output_tokens integer not null,
      cached_tokens integer not null,
      reasoning_tokens integer not null,
      cost real not null,
      unpriced integer not null,
      wasted_attempts integer not null,
      waste_failed_attempts real not null,
      waste_failed_calls real not null,
      waste_interrupted real not null,
      waste_abandoned real not null,
      waste_hedges real not null`;

/**
 * Calls added up by the minute, the hour and the day, so that a month can be drawn without reading its calls; and an index of
 * the ids that others gave them. All of it can be made again from the calls, as long as these are kept.
 */
export const rollups: Migration = {
  number: 6,
  name: 'rollups',
  sqlite: `
    alter table call_rows add column caller_id text;
    -- As traceId-spanId-parentId-sampled.
    alter table call_rows add column trace text;

    drop view calls;
    create view calls as
    select
      r.seq,
      coalesce(r.id, p.prefix || '-' || ${COUNT_IN_BASE_36}) as id,
      r.at, k.door, k.operation, k.method, k.path, k.model, k.stream, k.route, k.target, k.outcome, k.status, k.fault_kind,
      k.organisation, k.tenant, k.workload, k.key_id, k.lane, r.end_user,
      r.fault, r.duration_us, r.first_content_us, r.overhead_us,
      r.input_tokens, r.output_tokens, r.cached_tokens, r.reasoning_tokens, r.cost,
      k.caller_retries, k.attempt_count, k.attempt_model,
      r.attempt_upstream_id, r.attempt_started_us, r.attempt_duration_us, r.attempts, r.notes, r.caller_id, r.trace
    from call_rows r cross join call_kinds k on k.id = r.kind left join id_prefixes p on p.id = r.id_prefix;

    -- The last call that has been added up: written in one transaction with the sums, so that none is counted twice or left out.
    create table rollup_progress (
      one integer primary key check (one = 1),
      seq integer not null
    );
    insert into rollup_progress values (1, 0);

    -- What the calls of one sum have in common, of the names that the facet looks at. May be told twice, as kinds may.
    create table rollup_series (
      id integer primary key,
      facet text not null,
      tenant text,
      workload text,
      route text,
      model text,
      target text
    );

    -- Ordered by series before time: a chart reads a few series over a long time. span is 60, 3600 or 86400 seconds.
    create table call_rollups (
      span integer not null,
      series integer not null,
      at integer not null,${SUMS},
      duration blob,
      first_content blob,
      overhead blob,
      primary key (span, series, at)
    ) without rowid;

    create table attempt_rollups (
      span integer not null,
      series integer not null,
      at integer not null,
      attempts integer not null,
      retries integer not null,
      fallbacks integer not null,
      hedges integer not null,
      duration blob,
      first_content blob,
      primary key (span, series, at)
    ) without rowid;

    create table fault_rollups (
      span integer not null,
      series integer not null,
      at integer not null,
      kind text not null,
      party text not null,
      calls integer not null,
      attempts integer not null,
      first_at integer not null,
      last_at integer not null,
      -- The last call that met it.
      last_seq integer not null,
      primary key (span, series, at, kind, party)
    ) without rowid;

    -- A tenant's users may be many: they are told apart here alone, by the day.
    create table user_rollups (
      at integer not null,
      series integer not null,
      end_user text not null,${SUMS},
      primary key (at, series, end_user)
    ) without rowid;

    -- Ids that callers, providers and traces gave: 32 bits of their hash, below the number of a slot of calls. New ones fall
    -- into the newest slot, a few pages that stay in memory, and a search asks each slot.
    create table call_ids (
      place integer not null,
      seq integer not null,
      primary key (place, seq)
    ) without rowid;
  `,
  postgres: RECORDS,
};
