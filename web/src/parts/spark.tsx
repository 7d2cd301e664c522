import type { JSX } from 'preact';
import type { Steps } from '../shapes/overview.ts';

interface SparkProps {
  readonly values: Steps;
  /** Part of each value, drawn in front in the colour of harm. */
  readonly harm?: Steps;
  readonly label: string;
}

const WIDTH = 108;
const HEIGHT = 20;

/** A small chart in a line of text; steps of which nothing is known are hatched. */
export function Spark({ values, harm = [], label }: SparkProps): JSX.Element {
  const most = Math.max(1, ...values.map((value) => value ?? 0));
  const wide = WIDTH / Math.max(1, values.length);
  const bar = (value: number, step: number, ink: string): JSX.Element => {
    const height = Math.max(1, (value / most) * HEIGHT);
    return (
      <rect
        key={ink + step}
        x={step * wide}
        y={HEIGHT - height}
        width={Math.max(0.6, wide - 0.4)}
        height={height}
        fill={`var(${ink})`}
      />
    );
  };
  return (
    <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      {values.map((value, step) =>
        value === null ? <path key={step} d={gap(step * wide, wide)} stroke="var(--hatch)" fill="none" /> : null,
      )}
      {values.map((value, step) => (value === null || value === 0 ? null : bar(value, step, '--c1')))}
      {harm.map((value, step) => (value === null || value === 0 ? null : bar(value, step, '--c2')))}
    </svg>
  );
}

function gap(x: number, wide: number): string {
  return `M${x.toFixed(1)} ${HEIGHT}L${(x + Math.max(wide, 3)).toFixed(1)} ${HEIGHT - 5}`;
}

interface IntervalProps {
  readonly share: number;
  readonly interval: readonly [low: number, high: number];
  readonly harm: boolean;
}

/** A share with the interval in which it may well lie. */
export function Interval({ share, interval: [low, high], harm }: IntervalProps): JSX.Element {
  const ink = harm ? 'var(--c2)' : 'var(--c1)';
  return (
    <span class="interval" style={{ display: 'inline-block', '--ink': ink }} aria-hidden="true">
      <span class="span" style={{ left: `${low * 100}%`, width: `${(high - low) * 100}%` }} />
      <span class="point" style={{ left: `${share * 100}%` }} />
    </span>
  );
}
