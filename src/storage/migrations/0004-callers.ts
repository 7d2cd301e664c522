import { COUNT_IN_BASE_36 } from './0001-calls.ts';
import type { Migration } from './migration.ts';

/**
 * For whom a call was made. All but the single user are the same for many calls, and stand with what else those have in
 * common. Calls from before had nobody to tell apart.
 */
export const callers: Migration = {
  number: 4,
  name: 'callers',
  sqlite: `
    alter table call_kinds add column organisation text;
    alter table call_kinds add column tenant text;
    alter table call_kinds add column workload text;
    alter table call_kinds add column key_id text;
    alter table call_kinds add column lane text not null default 'interactive';
    alter table call_rows add column end_user text;

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
      r.attempt_upstream_id, r.attempt_started_us, r.attempt_duration_us, r.attempts
    from call_rows r cross join call_kinds k on k.id = r.kind left join id_prefixes p on p.id = r.id_prefix;
  `,
};
