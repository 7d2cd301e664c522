import { COUNT_IN_BASE_36 } from './0001-calls.ts';
import type { Migration } from './migration.ts';

/** What was noticed or changed about a request before it was sent, as a list in JSON; null where nothing was. */
export const notes: Migration = {
  number: 5,
  name: 'notes',
  sqlite: `
    alter table call_rows add column notes text;

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
      r.attempt_upstream_id, r.attempt_started_us, r.attempt_duration_us, r.attempts, r.notes
    from call_rows r cross join call_kinds k on k.id = r.kind left join id_prefixes p on p.id = r.id_prefix;
  `,
};
