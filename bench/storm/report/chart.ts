import type { Series } from '../../../src/simulator/virtual/tally.ts';

const WIDTH = 380;
const HEIGHT = 150;
const LEFT = 38;
const BOTTOM = 18;
const TOP = 6;

/** The lines of a chart, back to front. */
export const LINES = [
  { key: 'attempts', name: 'attempts', colour: '#d1495b' },
  { key: 'offered', name: 'offered', colour: '#7a8190' },
  { key: 'errors', name: 'errors', colour: '#edae49' },
  { key: 'goodput', name: 'answered', colour: '#2e9e6b' },
] as const;

/** What is drawn of a series: a stretch of time, and the bad part of it. Times in seconds. */
export interface Frame {
  readonly from: number;
  readonly to: number;
  readonly badFrom: number;
  readonly badTo: number;
  /** The top of the scale, per second; what is higher leaves the chart. */
  readonly most: number;
}

/** One client's counts over time, per second, as an SVG picture. */
export function chart(series: Series, frame: Frame, title: string): string {
  const x = (seconds: number): number => LEFT + ((seconds - frame.from) / (frame.to - frame.from)) * (WIDTH - LEFT);
  const y = (perSecond: number): number => TOP + (1 - Math.min(1.03, perSecond / frame.most)) * (HEIGHT - TOP - BOTTOM);
  const bad = `<rect class="bad" x="${n(x(frame.badFrom))}" y="${TOP}" width="${n(x(Math.min(frame.to, frame.badTo)) - x(frame.badFrom))}" height="${HEIGHT - TOP - BOTTOM}"/>`;
  const lines = LINES.map(
    ({ key, colour }) => `<path d="${path(series[key], series.binMs / 1000, frame, x, y)}" stroke="${colour}"/>`,
  );
  return [
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escape(title)}">`,
    bad,
    ...levels(frame.most).map(
      (level) =>
        `<line class="grid" x1="${LEFT}" x2="${WIDTH}" y1="${n(y(level))}" y2="${n(y(level))}"/><text x="${LEFT - 5}" y="${n(y(level) + 3.5)}" text-anchor="end">${level}</text>`,
    ),
    ...times(frame).map(
      (time) => `<text x="${n(x(time))}" y="${HEIGHT - 4}" text-anchor="middle">${clock(time)}</text>`,
    ),
    `<clipPath id="plot"><rect x="${LEFT}" y="0" width="${WIDTH - LEFT}" height="${HEIGHT - BOTTOM + 1}"/></clipPath>`,
    `<g clip-path="url(#plot)">${lines.join('')}</g>`,
    '</svg>',
  ].join('');
}

function path(
  counts: readonly number[],
  binSeconds: number,
  { from, to }: Frame,
  x: (seconds: number) => number,
  y: (perSecond: number) => number,
): string {
  const points: string[] = [];
  for (let bin = Math.floor(from / binSeconds); bin < Math.ceil(to / binSeconds); bin += 1) {
    points.push(`${n(x((bin + 0.5) * binSeconds))} ${n(y((counts[bin] ?? 0) / binSeconds))}`);
  }
  return `M${points.join('L')}`;
}

function levels(most: number): number[] {
  return [0, most / 2, most].map((level) => Number(level.toPrecision(3)));
}

function times({ from, to }: Frame): number[] {
  const span = to - from;
  return [0.05, 0.35, 0.65, 0.95].map((share) => from + share * span);
}

function clock(seconds: number): string {
  return seconds >= 3600 ? `${(seconds / 3600).toFixed(1)} h` : `${Math.round(seconds)} s`;
}

/** Tenths of a pixel are enough. */
function n(value: number): string {
  return Number(value.toFixed(1)).toString();
}

export function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
