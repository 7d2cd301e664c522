import type { Database } from '../../storage/database.ts';
import { SPANS } from '../rollups/spans.ts';
import { facetOf, seriesOf } from './rollup-rows.ts';
import type { CallSearch } from './search.ts';

/** A piece of time; ends are exclusive. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

const [, HOUR, DAY] = SPANS;

/** Calls of the last minutes may not have been added up yet, ms. */
const RECENT_MS = 2 * 60_000;

/** Numbers asked for at a time. */
const NUMBERS_AT_ONCE = 5_000;

/**
 * The times at which calls such as those looked for may have arrived, the newest first: from the sums, so that a search for
 * what is rare need not read every call in between. Says nothing of filters that the sums do not know.
 */
export async function windowsOf(database: Database, search: CallSearch, now: number): Promise<readonly Window[]> {
  const { from = 0, to = Number.MAX_SAFE_INTEGER, tenant, workload, route, model, fault, outcome } = search;
  const asked = { tenant, workload, route, model };
  const whole = { from, to };
  if (fault === undefined && Object.values(asked).every((name) => name === undefined)) return [whole];
  // Faults are told apart by the model that was sent, which is not what is asked for here.
  const table = fault === undefined ? 'call_rollups' : 'fault_rollups';
  const group = fault === undefined ? asked : { tenant };
  const series = [...(await seriesOf(database, facetOf(table, group), group)).keys()];
  // Hours are forgotten before days are.
  const hoursFrom = Math.max(from, now - HOUR.keptMs + DAY.ms);
  const starts = async (span: typeof HOUR, begin: number, end: number): Promise<Window[]> => {
    if (begin >= end) return [];
    const found: Window[] = [];
    for (let at = 0; at < series.length; at += NUMBERS_AT_ONCE) {
      let select = database.query
        .selectFrom(table)
        .select('at')
        .distinct()
        .where('span', '=', span.ms / 1000)
        .where('series', 'in', series.slice(at, at + NUMBERS_AT_ONCE))
        .where('at', '>', begin - span.ms)
        .where('at', '<', end);
      if (fault !== undefined) select = select.where('kind', '=', fault);
      // Parts of calls are not counted by how they ended.
      else if (outcome !== undefined && outcome !== 'retried') select = select.where(outcome, '>', 0);
      for (const row of await select.execute()) found.push({ from: row.at, to: row.at + span.ms });
    }
    return found;
  };
  return joined(
    [
      ...(await starts(DAY, from, Math.min(to, hoursFrom))),
      ...(await starts(HOUR, hoursFrom, to)),
      { from: now - RECENT_MS, to: Number.MAX_SAFE_INTEGER },
    ],
    whole,
  );
}

/** Joins what touches, keeps to the whole, and puts the newest first. */
function joined(windows: readonly Window[], whole: Window): readonly Window[] {
  const pieces: { from: number; to: number }[] = [];
  for (const { from, to } of windows.toSorted((one, other) => one.from - other.from)) {
    const last = pieces.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else pieces.push({ from, to });
  }
  return pieces
    .map(({ from, to }) => ({ from: Math.max(from, whole.from), to: Math.min(to, whole.to) }))
    .filter(({ from, to }) => from < to)
    .toReversed();
}
