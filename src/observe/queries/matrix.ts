import type { Database } from '../../storage/database.ts';
import { Sketch } from '../sketch/sketch.ts';
import type { Stepped } from './queries.ts';
import { facetOf, gridFor, rollupsOf, type SeriesMap, seriesOf } from './rollup-rows.ts';
import { type Grid, stepOf } from './steps.ts';
import { wilson } from './wilson.ts';
import type { FaultKind } from '../../engine/fault/fault.ts';
import { type Quantiles, quantilesOf } from './overview.ts';

/** How one model does at one target. */
interface MatrixCell {
  readonly target: string;
  readonly model: string | null;
  readonly attempts: number;
  /** Attempts that met a fault of any party. */
  readonly failed: number;
  /** Those of them that tell against the target: neither the caller's own doing nor Holdfast's. */
  readonly errors: number;
  /** Share of errors among the attempts that could tell; null: none could. */
  readonly share: number | null;
  /** Wilson's interval of that share, 95 %. */
  readonly interval: readonly [low: number, high: number] | null;
  readonly retries: number;
  readonly fallbacks: number;
  readonly firstContentMs: Quantiles | null;
  readonly durationMs: Quantiles | null;
  /** The most frequent first. */
  readonly faults: readonly { readonly kind: FaultKind; readonly attempts: number }[];
  /** For a small chart; null where nothing was tried. */
  readonly series: { readonly attempts: readonly (number | null)[]; readonly errors: readonly (number | null)[] };
}

export interface Matrix {
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
  /** Start of each step of the cells' series, ms since 1970. */
  readonly at: readonly number[];
  readonly cells: readonly MatrixCell[];
}

/** A small chart has no room for more. */
const STEPS = 40;

/** What tells against a target: not what its callers did wrong, nor what Holdfast refused. */
const TELLING: ReadonlySet<string> = new Set(['account', 'provider', 'network']);

/** One cell while it is being added up. */
class Cell {
  readonly target: string;
  readonly model: string | null;
  attempts = 0;
  retries = 0;
  fallbacks = 0;
  failed = 0;
  errors = 0;
  readonly duration: Sketch = new Sketch();
  readonly firstContent: Sketch = new Sketch();
  readonly faults: Map<FaultKind, number> = new Map();
  readonly tried: (number | null)[];
  readonly erred: (number | null)[];

  constructor(target: string, model: string | null, grid: Grid) {
    this.target = target;
    this.model = model;
    this.tried = grid.at.map(() => null);
    this.erred = grid.at.map(() => null);
  }

  shown(): MatrixCell {
    const { target, model, attempts, failed, errors, retries, fallbacks } = this;
    const telling = attempts - (failed - errors);
    return {
      target,
      model,
      attempts,
      failed,
      errors,
      share: telling > 0 ? errors / telling : null,
      interval: wilson(errors, telling),
      retries,
      fallbacks,
      firstContentMs: quantilesOf(this.firstContent),
      durationMs: quantilesOf(this.duration),
      faults: Array.from(this.faults, ([kind, count]) => ({ kind, attempts: count })).toSorted(
        (one, other) => other.attempts - one.attempts || (one.kind < other.kind ? -1 : 1),
      ),
      series: {
        attempts: this.tried,
        errors: this.erred.map((erred, at) => (this.tried[at] === null ? null : (erred ?? 0))),
      },
    };
  }
}

/** How each model does at each target, from the sums of their attempts. */
export async function answerMatrix(
  database: Database,
  { step, from, to, tenant, model, target }: Stepped,
  now: number,
): Promise<Matrix> {
  const group = { tenant, model, target };
  const facet = facetOf('attempt_rollups', group);
  const grid = gridFor(facet, { from, to, step }, now, STEPS);
  const tried = await seriesOf(database, facet, group);
  const faulty = await seriesOf(database, facetOf('fault_rollups', group, ['model', 'target']), group);
  const cells = new Map<string, Cell>();
  const cellOf = (series: SeriesMap, number: number): Cell | null => {
    const names = series.get(number);
    if (names === undefined || names.target === null) return null;
    const key = JSON.stringify([names.target, names.model]);
    let cell = cells.get(key);
    if (cell === undefined) cells.set(key, (cell = new Cell(names.target, names.model, grid)));
    return cell;
  };
  for (const row of await rollupsOf(database, 'attempt_rollups', grid, tried)) {
    const cell = cellOf(tried, row.series);
    if (cell === null) continue;
    cell.attempts += row.attempts;
    cell.retries += row.retries;
    cell.fallbacks += row.fallbacks;
    cell.duration.addBytes(row.duration);
    cell.firstContent.addBytes(row.first_content);
    const place = stepOf(grid, row.at);
    cell.tried[place] = (cell.tried[place] ?? 0) + row.attempts;
  }
  for (const { series, kind, party, attempts, at } of await rollupsOf(database, 'fault_rollups', grid, faulty)) {
    const cell = attempts === 0 ? null : cellOf(faulty, series);
    if (cell === null) continue;
    cell.failed += attempts;
    cell.faults.set(kind as FaultKind, (cell.faults.get(kind as FaultKind) ?? 0) + attempts);
    if (!TELLING.has(party)) continue;
    cell.errors += attempts;
    const place = stepOf(grid, at);
    cell.erred[place] = (cell.erred[place] ?? 0) + attempts;
  }
  const shown = Array.from(cells.values(), (cell) => cell.shown()).toSorted(
    (one, other) => other.attempts - one.attempts,
  );
  return { from: grid.from, to: grid.to, stepMs: grid.stepMs, at: grid.at, cells: shown };
}
