import { type Json, list, number, numberOrNull, object, oneOf, text, textOrNull } from '../read.ts';
import { type Quantiles, readQuantiles, readSteps, type Steps } from './overview.ts';

export const BREAKERS = ['closed', 'open', 'half-open', 'unknown'] as const;
export type Breaker = (typeof BREAKERS)[number];

export interface MatrixTarget {
  readonly id: string;
  readonly provider: string;
  readonly breaker: Breaker;
  readonly waiting: number;
  readonly headroom: readonly { readonly model: string; readonly share: number }[];
}

export interface MatrixCell {
  readonly target: string;
  readonly model: string | null;
  readonly attempts: number;
  readonly errors: number;
  readonly share: number | null;
  readonly interval: readonly [low: number, high: number] | null;
  readonly firstContentMs: Quantiles | null;
  readonly durationMs: Quantiles | null;
  readonly faults: readonly { readonly kind: string; readonly attempts: number }[];
  readonly attemptSteps: Steps;
  readonly errorSteps: Steps;
}

export interface Matrix {
  readonly targets: readonly MatrixTarget[];
  readonly cells: readonly MatrixCell[];
}

export function readMatrix(answer: Json): Matrix {
  return { targets: list(answer['targets'], readTarget), cells: list(answer['cells'], readCell) };
}

function readTarget(value: unknown): MatrixTarget {
  const target = object(value);
  return {
    id: text(target['id']),
    provider: text(target['provider']),
    breaker: oneOf(target['breaker'], BREAKERS, 'unknown'),
    waiting: number(target['waiting']),
    headroom: list(target['headroom'], object).map(({ model, share }) => ({
      model: text(model),
      share: number(share),
    })),
  };
}

function readCell(value: unknown): MatrixCell {
  const cell = object(value);
  const [low, high] = list(cell['interval'], numberOrNull);
  const series = object(cell['series']);
  return {
    target: text(cell['target']),
    model: textOrNull(cell['model']),
    attempts: number(cell['attempts']),
    errors: number(cell['errors']),
    share: numberOrNull(cell['share']),
    interval: typeof low === 'number' && typeof high === 'number' ? [low, high] : null,
    firstContentMs: readQuantiles(cell['firstContentMs']),
    durationMs: readQuantiles(cell['durationMs']),
    faults: list(cell['faults'], object).map(({ kind, attempts }) => ({
      kind: text(kind),
      attempts: number(attempts),
    })),
    attemptSteps: readSteps(series['attempts']),
    errorSteps: readSteps(series['errors']),
  };
}
