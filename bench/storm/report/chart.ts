import type { Series } from '../../../src/simulator/virtual/tally.ts';

const WIDTH = 400;
const HEIGHT = 158;
const LEFT = 30;
/** Room for the lines' names beside their ends. */
const RIGHT = 56;
const BOTTOM = 18;
const TOP = 8;
const PLOT = { width: WIDTH - LEFT - RIGHT, height: HEIGHT - TOP - BOTTOM } as const;

/** Names may not come nearer to one another than this. */
const LABEL_HEIGHT = 10;

/** Counts are averaged over so many entries: arrivals are drawn by chance, and their noise is not the subject. */
const SMOOTH = 3;

/** The lines of a chart, back to front; colours are in the page's style, one for light and one for dark. */
export const LINES = [
  { key: 'goodput', name: 'answered' },
  { key: 'offered', name: 'offered' },
  { key: 'errors', name: 'errors' },
  { key: 'attempts', name: 'attempts' },
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
  const scale = new Scale(frame);
  const lines = LINES.map(({ key, name }) => ({ name, points: scale.points(series[key], series.binMs / 1000) }));
  const badTo = scale.x(Math.min(frame.to, frame.badTo));
  const badFrom = scale.x(frame.badFrom);
  return [
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escape(title)}">`,
    `<rect class="bad" x="${n(badFrom)}" y="${TOP}" width="${n(badTo - badFrom)}" height="${PLOT.height}"/>`,
    ...[0, frame.most / 2, frame.most].map((level) => gridLine(scale.y(level), Number(level.toPrecision(3)))),
    ...times(frame).map((time) => timeMark(scale.x(time), time)),
    `<clipPath id="plot"><rect x="${LEFT}" y="0" width="${PLOT.width}" height="${HEIGHT - BOTTOM + 1}"/></clipPath>`,
    `<g clip-path="url(#plot)">${lines.map(({ name, points }) => drawn(name, points, scale.y(0))).join('')}</g>`,
    ...labels(lines),
    '</svg>',
  ].join('');
}

interface Point {
  readonly x: number;
  readonly y: number;
}

class Scale {
  readonly #frame: Frame;

  constructor(frame: Frame) {
    this.#frame = frame;
  }

  x(seconds: number): number {
    const { from, to } = this.#frame;
    return LEFT + ((seconds - from) / (to - from)) * PLOT.width;
  }

  y(perSecond: number): number {
    // A little above the top is where lines go that leave the chart.
    return TOP + (1 - Math.min(1.04, perSecond / this.#frame.most)) * PLOT.height;
  }

  points(counts: readonly number[], binSeconds: number): Point[] {
    const { from, to } = this.#frame;
    const points: Point[] = [];
    for (let bin = Math.floor(from / binSeconds); bin < Math.ceil(to / binSeconds); bin += 1) {
      const around = Array.from({ length: SMOOTH }, (_, at) => counts[bin + at - (SMOOTH >> 1)]);
      // At either end of the run there is less to average over.
      const known = around.filter((count) => count !== undefined);
      const mean = known.reduce((sum, count) => sum + count, 0) / Math.max(1, known.length);
      points.push({ x: this.x((bin + 0.5) * binSeconds), y: this.y(mean / binSeconds) });
    }
    return points;
  }
}

function drawn(name: string, points: readonly Point[], floor: number): string {
  const path = points.map(({ x, y }) => `${n(x)} ${n(y)}`).join('L');
  const line = `<path class="${name}" d="M${path}"/>`;
  if (name !== 'answered') return line;
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return line;
  return `<path class="area" d="M${path}L${n(last.x)} ${n(floor)}L${n(first.x)} ${n(floor)}Z"/>${line}`;
}

/** Each line's name beside its end, moved apart where ends are close. */
function labels(lines: readonly { readonly name: string; readonly points: readonly Point[] }[]): string[] {
  const wanted = lines
    .map(({ name, points }) => ({ name, y: endOf(points) }))
    .sort((a, b) => a.y - b.y || a.name.localeCompare(b.name));
  let free = TOP;
  const placed = wanted.map(({ name, y }) => {
    const at = Math.max(free, y);
    free = at + LABEL_HEIGHT;
    return { name, at };
  });
  // What was pushed below the chart moves up, and everything above it as far as it must.
  let floor = HEIGHT - BOTTOM;
  for (const label of placed.reverse()) {
    label.at = Math.min(label.at, floor);
    floor = label.at - LABEL_HEIGHT;
  }
  return placed.map(({ name, at }) => `<text class="${name}" x="${WIDTH - RIGHT + 4}" y="${n(at + 3)}">${name}</text>`);
}

/** Where a line is in the mean of its last part: one value may be an outlier. */
function endOf(points: readonly Point[]): number {
  const last = points.slice(-8);
  return last.reduce((sum, { y }) => sum + y, 0) / Math.max(1, last.length);
}

function gridLine(y: number, level: number): string {
  const text = `<text x="${LEFT - 4}" y="${n(y + 3.5)}" text-anchor="end">${level}</text>`;
  return `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${n(y)}" y2="${n(y)}"/>${text}`;
}

function timeMark(x: number, seconds: number): string {
  const label = seconds >= 3600 ? `${Number((seconds / 3600).toFixed(1))} h` : `${Math.round(seconds)} s`;
  return `<text x="${n(x)}" y="${HEIGHT - 4}" text-anchor="middle">${label}</text>`;
}

/** Round times, three to six of them. */
function times({ from, to }: Frame): number[] {
  const step = [5, 10, 20, 30, 60, 600, 1800, 3600, 7200].find((each) => (to - from) / each <= 6) ?? 86_400;
  const marks: number[] = [];
  for (let at = Math.ceil((from + step / 8) / step) * step; at <= to - step / 8; at += step) marks.push(at);
  return marks;
}

/** Tenths of a pixel are enough. */
function n(value: number): string {
  return Number(value.toFixed(1)).toString();
}

export function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
