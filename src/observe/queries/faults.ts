import type { Database } from '../../storage/database.ts';
import { callFromRow, type StoredCall } from '../call-row.ts';
import type { Stepped } from './queries.ts';
import type { Names } from '../rollups/facets.ts';
import { type FaultTotal, faultTotals, rollupsOf, type SeriesMap, seriesOf } from './rollup-rows.ts';
import { type Grid, gridOf, stepOf } from './steps.ts';
import { KINDS } from '../../engine/fault/index.ts';
import type { FaultKind, Party } from '../../engine/fault/fault.ts';

/** A fault at one target with one model, however often. */
interface FaultGroup {
  readonly kind: FaultKind;
  readonly party: Party;
  /** null: it never got as far as a target. */
  readonly target: string | null;
  readonly model: string | null;
  /** Calls that were told it. */
  readonly calls: number;
  /** Attempts that met it. */
  readonly attempts: number;
  /** Within the range, ms since 1970. */
  readonly firstAt: number;
  readonly lastAt: number;
  /** How many tenants were hit; calls without a tenant count as one. */
  readonly tenantCount: number;
  /** The five most hit; null: calls without one. */
  readonly tenants: readonly { readonly tenant: string | null; readonly count: number }[];
  /** What a fault of this kind is. */
  readonly meaning: string;
  /** What to do about it, in one sentence. */
  readonly remedy: string;
  /** The last call that met it, while its record is kept. */
  readonly example: {
    readonly id: string;
    readonly at: number;
    readonly message: string;
    readonly remedy: string;
  } | null;
  /** Calls and attempts together, whichever are more, step by step; 0 where there was none. */
  readonly series: readonly number[];
}

export interface FaultGroups {
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
  readonly at: readonly number[];
  /** The last seen first. */
  readonly groups: readonly FaultGroup[];
}

/** A small chart has no room for more. */
const STEPS = 40;

/** More groups nobody reads; the last seen are shown. */
const MOST_GROUPS = 300;

const MOST_TENANTS = 5;

/** One group while it is being added up. */
interface Adding {
  readonly kind: FaultKind;
  readonly party: Party;
  readonly target: string | null;
  readonly model: string | null;
  calls: number;
  attempts: number;
  firstAt: number;
  lastAt: number;
  lastSeq: number;
  readonly tenants: Map<string | null, number>;
  readonly series: number[];
}

/** Faults by kind, target and model, from the sums of their calls and attempts. */
export async function answerFaults(
  database: Database,
  { step, from, to, tenant, model, target }: Stepped,
  now: number,
): Promise<FaultGroups> {
  const grid = gridOf({ from, to }, step, now, STEPS);
  const groups = await addUp(database, grid, { tenant, model, target });
  const shown = [...groups.values()].toSorted((one, other) => other.lastAt - one.lastAt).slice(0, MOST_GROUPS);
  const examples = await callsOf(
    database,
    shown.map(({ lastSeq }) => lastSeq),
  );
  return {
    from: grid.from,
    to: grid.to,
    stepMs: grid.stepMs,
    at: grid.at,
    groups: shown.map(({ lastSeq, tenants, ...one }) => ({
      ...one,
      tenantCount: tenants.size,
      tenants: Array.from(tenants, ([tenant, count]) => ({ tenant, count }))
        .toSorted((first, second) => second.count - first.count)
        .slice(0, MOST_TENANTS),
      meaning: KINDS[one.kind].message,
      remedy: KINDS[one.kind].remedy,
      example: exampleOf(examples.get(lastSeq), one.kind),
    })),
  };
}

async function addUp(
  database: Database,
  grid: Grid,
  group: Pick<Stepped, 'tenant' | 'model' | 'target'>,
): Promise<ReadonlyMap<string, Adding>> {
  const hit = await seriesOf(database, 'hit', group);
  const groups = new Map<string, Adding>();
  for (const row of await faultTotals(database, grid, hit)) {
    // A kind of a newer version has no meaning here.
    if (!(row.kind in KINDS)) continue;
    const names = hit.get(row.series);
    const key = keyOf(row, names);
    let adding = groups.get(key);
    if (adding === undefined) groups.set(key, (adding = begun(row, names, grid)));
    const tenant = names?.tenant ?? null;
    adding.calls += row.calls;
    adding.attempts += row.attempts;
    adding.firstAt = Math.min(adding.firstAt, row.first_at);
    adding.lastAt = Math.max(adding.lastAt, row.last_at);
    adding.lastSeq = Math.max(adding.lastSeq, row.last_seq);
    adding.tenants.set(tenant, (adding.tenants.get(tenant) ?? 0) + Math.max(row.calls, row.attempts));
  }
  // Step by step tenants do not matter, unless one is asked for: then the sums of all of them are fewer to read.
  const served = group.tenant === undefined ? await seriesOf(database, 'served', group) : hit;
  // In a flood of names the two facets do not know the same ones.
  if (!(await draw(database, grid, served, groups))) await draw(database, grid, hit, groups);
  return groups;
}

/** Fills in how often in each step. @returns whether all of it belongs to a group */
async function draw(
  database: Database,
  grid: Grid,
  series: SeriesMap,
  groups: ReadonlyMap<string, Adding>,
): Promise<boolean> {
  for (const group of groups.values()) group.series.fill(0);
  let complete = true;
  for (const row of await rollupsOf(database, 'fault_rollups', grid, series)) {
    const steps = groups.get(keyOf(row, series.get(row.series)))?.series;
    if (steps === undefined) {
      complete &&= !(row.kind in KINDS);
      continue;
    }
    const place = stepOf(grid, row.at);
    steps[place] = (steps[place] ?? 0) + Math.max(row.calls, row.attempts);
  }
  return complete;
}

function keyOf({ kind, party }: Pick<FaultTotal, 'kind' | 'party'>, names: Names | undefined): string {
  return JSON.stringify([kind, party, names?.target ?? null, names?.model ?? null]);
}

function begun({ kind, party, first_at, last_at, last_seq }: FaultTotal, names: Names | undefined, grid: Grid): Adding {
  return {
    kind: kind as FaultKind,
    party: party as Party,
    target: names?.target ?? null,
    model: names?.model ?? null,
    calls: 0,
    attempts: 0,
    firstAt: first_at,
    lastAt: last_at,
    lastSeq: last_seq,
    tenants: new Map(),
    series: grid.at.map(() => 0),
  };
}

async function callsOf({ query }: Database, numbers: readonly number[]): Promise<ReadonlyMap<number, StoredCall>> {
  if (numbers.length === 0) return new Map();
  const rows = await query.selectFrom('calls').selectAll().where('seq', 'in', numbers).execute();
  return new Map(rows.map((row) => [row.seq, callFromRow(row)]));
}

/** What a call tells of a fault of this kind, in the answer or in one of its attempts. */
function exampleOf(call: StoredCall | undefined, kind: FaultKind): FaultGroup['example'] {
  if (call === undefined) return null;
  const fault = [call.fault, ...call.attempts.map((attempt) => attempt.fault)].find((one) => one?.kind === kind);
  return fault == null ? null : { id: call.id, at: call.at, message: fault.message, remedy: fault.remedy };
}
