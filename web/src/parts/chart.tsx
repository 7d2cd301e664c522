import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { duration, durationTick, momentTick } from '../format.ts';
import { theme } from '../theme.ts';
import { chooseFixed, crosshair } from '../time-range.ts';
import type { Steps } from '../shapes/overview.ts';
import { hatchGaps } from './hatch.ts';

export interface ChartSeries {
  readonly label: string;
  /** Name of the custom property that holds its colour, as in `--c1`. */
  readonly ink: string;
  readonly values: Steps;
}

interface ChartProps {
  readonly title: string;
  readonly unit: string;
  readonly at: readonly number[];
  readonly stepMs: number;
  readonly series: readonly ChartSeries[];
  /** `bars` stand on one another, `lines` are apart. */
  readonly look: 'bars' | 'lines';
  readonly format: (value: number | null) => string;
  /** What each series comes to over the whole range, told while the crosshair is nowhere. */
  readonly whole: readonly (number | null)[];
}

const HEIGHT = 132;

/** A chart over time. All charts of a page share one crosshair, and marking a stretch of one looks closer in all. */
export function Chart({ title, unit, at, stepMs, series, look, format, whole }: ChartProps): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const shape = `${look} ${theme.value} ${series.map(({ label, ink }) => label + ink).join(' ')}`;
  const drawn = look === 'bars' ? stacked(series) : series.map(({ values }) => values);
  const data = [at, ...drawn] as unknown as uPlot.AlignedData;

  useEffect(() => {
    const element = frame.current;
    if (element === null) return undefined;
    const made = new uPlot(optionsFor(element, series, look, stepMs, format), data, element);
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    watch.observe(element);
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape, stepMs]);

  useEffect(() => plot.current?.setData(data), [at, series]);

  return (
    <figure class="panel chart">
      <figcaption>
        <h2>
          {title} <small>{unit}</small>
        </h2>
        <Legend series={series} whole={whole} format={format} />
      </figcaption>
      <div class="plot" ref={frame} role="img" aria-label={inWords(title, unit, series, whole, format)} />
    </figure>
  );
}

/** Apart from the chart, so that the crosshair redraws nothing but these words. */
function Legend({ series, whole, format }: Pick<ChartProps, 'series' | 'whole' | 'format'>): JSX.Element {
  const step = crosshair.value;
  return (
    <>
      {series.map(({ label, ink, values }, index) => (
        <span class="key" key={label}>
          <i style={{ background: `var(${ink})` }} />
          {label} <b>{format((step === null ? whole[index] : values[step]) ?? null)}</b>
        </span>
      ))}
    </>
  );
}

function inWords(
  title: string,
  unit: string,
  series: readonly ChartSeries[],
  whole: ChartProps['whole'],
  format: ChartProps['format'],
): string {
  const parts = series.map(({ label }, index) => `${label} ${format(whole[index] ?? null)}`);
  return `${title}, ${unit}: ${parts.join(', ') || 'no data'}`;
}

/** Each series on top of those before it; drawn from the highest down, so that the lower ones stand in front. */
function stacked(series: readonly ChartSeries[]): Steps[] {
  const sums: Steps[] = [];
  for (const { values } of series) {
    const below = sums.at(-1);
    sums.push(values.map((value, step) => (value === null ? null : value + (below?.[step] ?? 0))));
  }
  return sums.toReversed();
}

function optionsFor(
  element: HTMLElement,
  series: readonly ChartSeries[],
  look: ChartProps['look'],
  stepMs: number,
  format: ChartProps['format'],
): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: colour('--quiet'),
    font: `11px ${style.fontFamily}`,
    grid: { stroke: colour('--grid'), width: 1 },
    ticks: { show: false },
  };
  const order = look === 'bars' ? series.toReversed() : series;
  return {
    width: Math.max(1, element.clientWidth),
    height: HEIGHT,
    ms: 1,
    padding: [8, 16, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: 'time' },
      y: false,
      points: { show: look === 'lines' },
      drag: { x: true, y: false, setScale: false },
    },
    select: { show: true, left: 0, top: 0, width: 0, height: 0 },
    scales: {
      x: { time: true, range: (_, from, to) => [from, to + (look === 'bars' ? stepMs : 0)] },
      y: { range: (_, __, most) => [0, most > 0 ? most * 1.12 : 1] },
    },
    axes: [
      {
        ...axis,
        size: 22,
        gap: 2,
        space: 64,
        values: (plot, ticks) => ticks.map((tick) => momentTick(tick, stretchOf(plot))),
      },
      {
        ...axis,
        size: 54,
        gap: 4,
        space: 28,
        values: (_, ticks) => ticks.map((tick) => (format === duration ? durationTick(tick) : format(tick))),
      },
    ],
    series: [{}, ...order.map(({ ink, label }) => oneSeries(label, colour(ink), look))],
    hooks: {
      drawAxes: [(plot) => hatchGaps(plot, stepMs, colour('--hatch'))],
      setCursor: [
        (plot) =>
          (crosshair.value = plot.cursor.left === undefined || plot.cursor.left < 0 ? null : (plot.cursor.idx ?? null)),
      ],
      setSelect: [(plot) => lookCloser(plot)],
    },
  };
}

function stretchOf({ scales }: uPlot): number {
  const { min, max } = scales['x'] ?? {};
  return (max ?? 0) - (min ?? 0);
}

function oneSeries(label: string, stroke: string, look: ChartProps['look']): uPlot.Series {
  if (look === 'lines') return { label, stroke, width: 1.5, spanGaps: false, points: { show: false } };
  const paths = uPlot.paths.bars?.({ size: [0.86, 40], align: 1 });
  return { label, stroke, fill: stroke, width: 0, points: { show: false }, ...(paths === undefined ? {} : { paths }) };
}

function lookCloser(plot: uPlot): void {
  const { left, width } = plot.select;
  // Less than this is a click that slipped.
  if (width < 6) return;
  const [from, to] = [plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')];
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  chooseFixed(from, Math.max(to, from + 60_000));
}
