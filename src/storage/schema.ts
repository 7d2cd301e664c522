import type { Generated } from 'kysely';

/**
 * What calls have in common. Nearly all calls of an hour are of a handful of kinds: told once and referred to by number, they
 * leave a third of the bytes, and of the work, to each row.
 *
 * Kinds are never changed, and may be told twice: every process that writes tells its own.
 */
export interface CallKindsTable {
  id: Generated<number>;
  /** Calls written after this `seq` do not refer to it: once they are all that is left, the kind can go. */
  last_seq: number;
  door: string;
  operation: string;
  method: string;
  path: string;
  model: string | null;
  /** 1 for a stream, else 0. */
  stream: number;
  route: string | null;
  target: string | null;
  outcome: string;
  status: number;
  fault_kind: string | null;
  caller_retries: number;
  attempt_count: number;
  attempt_model: string | null;
  organisation: string | null;
  tenant: string | null;
  workload: string | null;
  key_id: string | null;
  lane: string;
}

/** What the ids of one process begin with; a line for each start of one, and never deleted. */
interface IdPrefixesTable {
  id: Generated<number>;
  prefix: string;
}

/**
 * One row per call. Times are whole microseconds: exact enough for people, and a third of the bytes of a float.
 *
 * A call answered by its one attempt, which nearly every call is, keeps that attempt in the `attempt_*` columns and needs no
 * JSON. Every other call keeps its attempts in `attempts`, and those columns are null: `attempts is not null` is what finds
 * the calls that something happened to, and has an index of its own.
 */
interface CallRowsTable {
  /** In order of writing, which is the order of ending; `at` is the order of arrival. Never given twice. */
  seq: Generated<number>;
  /** The id as its beginning and its count, where the house has made it; else null, both. */
  id_prefix: number | null;
  id_count: number | null;
  /** An id of any other shape; else null. */
  id: string | null;
  kind: number;
  /** Milliseconds since 1970. */
  at: number;
  duration_us: number;
  first_content_us: number | null;
  overhead_us: number;
  input_tokens: number | null;
  output_tokens: number | null;
  cached_tokens: number | null;
  reasoning_tokens: number | null;
  /** Millionths of a US dollar; null when no price is known. */
  cost: number | null;
  attempt_started_us: number | null;
  attempt_duration_us: number | null;
  attempt_upstream_id: string | null;
  /** The fault told to the caller, as JSON. */
  fault: string | null;
  /** Every attempt, as JSON. */
  attempts: string | null;
  /** The tenant's own user, by its pseudonym. */
  end_user: string | null;
  /** What was noticed or changed about the request, as a list in JSON. */
  notes: string | null;
  /** What the caller itself calls its request. */
  caller_id: string | null;
  /** Where the call stands in a trace: `traceId-spanId-parentId-sampled`, empty where there is none. */
  trace: string | null;
}

/** The calls put together again: what everybody reads, here and with SQLite's own shell. */
export type CallsView = Omit<CallRowsTable, 'seq' | 'id' | 'id_prefix' | 'id_count' | 'kind'> &
  Omit<CallKindsTable, 'id' | 'last_seq'> & {
    readonly seq: number;
    readonly id: string;
  };

/** JSON texts and 0/1 flags, as the entities of the tenants' room read them. */
export interface OrganisationsTable {
  id: string;
  name: string;
  limits: string;
  declared: number;
  created_at: number;
}

export interface TenantsTable {
  id: string;
  organisation: string;
  name: string;
  limits: string;
  user_limits: string;
  weight: number | null;
  lane: string | null;
  declared: number;
  created_at: number;
}

export interface WorkloadsTable {
  tenant: string;
  id: string;
  name: string;
  limits: string;
  weight: number | null;
  lane: string | null;
  declared: number;
  created_at: number;
}

export interface VirtualKeysTable {
  id: string;
  tenant: string;
  workload: string | null;
  name: string;
  models: string | null;
  routes: string | null;
  addresses: string | null;
  interactive: number;
  passthrough: number;
  weight: number | null;
  lane: string | null;
  limits: string;
  created_at: number;
  created_by: string;
  expires_at: number | null;
  revoked_at: number | null;
  used_at: number | null;
}

/** The secrets of keys, hashed. */
export interface KeySecretsTable {
  hash: string;
  virtual_key: string;
  prefix: string;
  created_at: number;
  expires_at: number | null;
}

export interface AdminTokensTable {
  id: string;
  name: string;
  role: string;
  hash: string;
  prefix: string;
  created_at: number;
  created_by: string;
  expires_at: number | null;
  revoked_at: number | null;
  used_at: number | null;
}

/** One row a change; also what tells other processes on the same database that something has changed. */
export interface AuditLogTable {
  seq: Generated<number>;
  at: number;
  via: string;
  actor: string;
  address: string | null;
  action: string;
  subject: string;
  subject_id: string;
  before: string | null;
  after: string | null;
}

/** What happened beside the calls: thresholds that were passed, keys that were guessed at. */
export interface EventsTable {
  seq: Generated<number>;
  at: number;
  kind: string;
  level: string | null;
  holder: string | null;
  organisation: string | null;
  tenant: string | null;
  message: string;
  detail: string | null;
}

/** What the calls of one sum have in common, of the names that the facet looks at. Told twice now and then, as kinds are. */
interface RollupSeriesTable {
  id: Generated<number>;
  facet: string;
  tenant: string | null;
  workload: string | null;
  route: string | null;
  /** Asked for by calls, sent by attempts. */
  model: string | null;
  /** Of calls the last one tried. */
  target: string | null;
}

/** What is added up of calls. Money is in millionths of a US dollar. */
interface CallSumColumns {
  calls: number;
  answered: number;
  failed: number;
  interrupted: number;
  cancelled: number;
  attempts: number;
  retries: number;
  fallbacks: number;
  hedges: number;
  input_tokens: number;
  output_tokens: number;
  cached_tokens: number;
  reasoning_tokens: number;
  cost: number;
  unpriced: number;
  wasted_attempts: number;
  waste_failed_attempts: number;
  waste_failed_calls: number;
  waste_interrupted: number;
  waste_abandoned: number;
  waste_hedges: number;
}

/** Calls of one series in one span of time, by when they arrived. Sketches of microseconds, null when empty. */
interface CallRollupsTable extends CallSumColumns {
  /** Length, seconds: 60, 3600 or 86400. */
  span: number;
  series: number;
  /** Start, ms since 1970. */
  at: number;
  duration: Uint8Array | null;
  first_content: Uint8Array | null;
  overhead: Uint8Array | null;
}

/** Attempts, by target and the model sent, and by when their calls arrived. */
interface AttemptRollupsTable {
  span: number;
  series: number;
  at: number;
  attempts: number;
  retries: number;
  fallbacks: number;
  hedges: number;
  duration: Uint8Array | null;
  first_content: Uint8Array | null;
}

/** Faults: of attempts by target and the model sent, of calls by those of their last attempt. */
interface FaultRollupsTable {
  span: number;
  series: number;
  at: number;
  kind: string;
  party: string;
  /** Calls that were told it. */
  calls: number;
  /** Attempts that met it. */
  attempts: number;
  first_at: number;
  last_at: number;
  /** The last call that met it. */
  last_seq: number;
}

/** What single users came to in a day. */
interface UserRollupsTable extends CallSumColumns {
  at: number;
  series: number;
  end_user: string;
}

/** Ids that others gave to calls, by their hashes. */
interface CallIdsTable {
  place: number;
  seq: number;
}

/** The tables, as queries see them. */
export interface Schema {
  organisations: OrganisationsTable;
  tenants: TenantsTable;
  workloads: WorkloadsTable;
  virtual_keys: VirtualKeysTable;
  key_secrets: KeySecretsTable;
  admin_tokens: AdminTokensTable;
  audit_log: AuditLogTable;
  events: EventsTable;
  calls: CallsView;
  call_kinds: CallKindsTable;
  call_rows: CallRowsTable;
  id_prefixes: IdPrefixesTable;
  rollup_series: RollupSeriesTable;
  call_rollups: CallRollupsTable;
  attempt_rollups: AttemptRollupsTable;
  fault_rollups: FaultRollupsTable;
  user_rollups: UserRollupsTable;
  call_ids: CallIdsTable;
}
