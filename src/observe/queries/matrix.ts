import type { Database } from '../../storage/database.ts';
import type { Stepped } from './queries.ts';
import { gridOf } from './steps.ts';
import type { FaultKind } from '../../engine/fault/fault.ts';
import type { Quantiles } from './overview.ts';

/** How one model does at one target. */
export interface MatrixCell {
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

export function answerMatrix(_database: Database, { step, ...asked }: Stepped, now: number): Promise<Matrix> {
  return Promise.resolve({ ...gridOf(asked, step, now, 40), cells: [] });
}
