import { type Column, layOut, type TableCell, tableHead, tableRow } from '../table.ts';
import { clip, type Ink, type Paint, plain, showDuration, showMoment } from '../terminal.ts';
import type { Frame, Matrix, Overview, Verdict, View } from './view.ts';

const SIGNS: Readonly<Record<Verdict['tone'], readonly [sign: string, ink: Ink]>> = {
  harm: ['■', 'red'],
  worn: ['▲', 'yellow'],
  well: ['●', 'green'],
  unknown: ['○', 'dim'],
};

const COLUMNS: readonly Column[] = [
  { title: 'target', rank: 0 },
  { title: 'model', rank: 0 },
  { title: 'breaker', rank: 1 },
  { title: 'attempts', rank: 2, align: 'right' },
  { title: 'errors', rank: 0, align: 'right' },
  { title: 'p50', rank: 2, align: 'right' },
  { title: 'p95', rank: 3, align: 'right' },
  { title: 'waiting', rank: 4, align: 'right' },
];

const BREAKER_INKS: Readonly<Record<string, Ink>> = { open: 'red', 'half-open': 'yellow' };

/** Faults that are shown; the dashboard has the others. */
const FAULTS = 4;

/** The screen as lines, none wider and no more of them than there is room for. Pure: the same view is drawn the same. */
export function draw(view: View, width: number, height: number, paint: Paint): string[] {
  const { verdict, overview, matrix, frame } = view;
  const head = [
    header(view, width, paint),
    ...verdictLines(verdict, width, paint),
    '',
    clip(nowLine(frame), width),
    clip(hourLine(overview), width),
    ...sparkLines(overview, width, paint),
  ];
  const faults = faultLines(overview, width, paint);
  const foot = clip('q ends', width);
  const room = height - head.length - faults.length - 2;
  return [...head, '', ...targetLines(matrix, width, room - 1, paint), ...faults, paint('dim', foot)].slice(0, height);
}

/** One line about the last second, for where there is no screen. */
export function lineOf({ at, verdict, frame }: View): string {
  return `${showMoment(at)}  ${nowLine(frame)}; ${plain(verdict.sentence)}`;
}

function header({ at, root, trouble }: View, width: number, paint: Paint): string {
  const state = trouble === null ? 'live' : plain(trouble);
  const right = `${showMoment(at).slice(11)}  ${state}`;
  const left = clip(`holdfast top  ${plain(root)}`, Math.max(0, width - right.length - 2));
  const space = ' '.repeat(Math.max(1, width - left.length - right.length));
  return clip(left + space + right, width).replace(state, paint(trouble === null ? 'dim' : 'yellow', state));
}

function verdictLines({ tone, sentence, detail }: Verdict, width: number, paint: Paint): string[] {
  const [sign, ink] = SIGNS[tone];
  const said = folded(plain(sentence), width - 2);
  const lines = said.map((line, index) => `${index === 0 ? paint(ink, sign) : ' '} ${paint('bold', line)}`);
  return [...lines, paint('dim', clip(`  ${plain(detail)}`, width))];
}

/** On two lines at most. */
function folded(text: string, width: number): string[] {
  const space = text.lastIndexOf(' ', width);
  return text.length <= width || space <= 0
    ? [clip(text, width)]
    : [text.slice(0, space), clip(text.slice(space + 1), width)];
}

function nowLine(frame: Frame | null): string {
  if (frame === null) return 'now      waiting for the first second';
  const { seconds, calls, failed, interrupted, inFlight, firstContentMs } = frame;
  const rate = (count: number): string => String(Number((count / Math.max(seconds, 0.001)).toFixed(1)));
  const latency =
    firstContentMs === null
      ? 'no content'
      : `p50 ${showDuration(firstContentMs.p50)}, p95 ${showDuration(firstContentMs.p95)}`;
  return `now      ${rate(calls)} calls/s, ${rate(failed + interrupted)} failed/s, ${inFlight} under way, ${latency}`;
}

function hourLine({ total }: Overview): string {
  const { calls, answered, retries, fallbacks, cost, wastedCost } = total;
  const share = calls === 0 ? 'none' : `${percent(answered / calls)} answered`;
  return `1 hour   ${count(calls)} calls, ${share}, ${count(retries)} retries, ${count(fallbacks)} moved, $${cost.toFixed(2)} ($${wastedCost.toFixed(2)} for nothing)`;
}

const BARS = ' ▁▂▃▄▅▆▇█';

function sparkLines({ series }: Overview, width: number, paint: Paint): string[] {
  const most = Math.max(1, ...series.calls.map((value) => value ?? 0));
  const bars = (steps: readonly (number | null)[]): string =>
    steps
      // What is unknown is marked as such: an empty place would pass for nothing.
      .map((value) =>
        value === null ? '·' : value === 0 ? ' ' : (BARS[Math.max(1, Math.round((value / most) * 8))] ?? ' '),
      )
      .slice(-(width - 9))
      .join('');
  return [`calls    ${paint('cyan', bars(series.calls))}`, `failed   ${paint('red', bars(series.failed))}`];
}

function targetLines({ targets, cells }: Matrix, width: number, room: number, paint: Paint): string[] {
  const rows = targets.flatMap(({ id, breaker, waiting }) => {
    const own = cells.filter(({ target }) => target === id).toSorted((one, other) => other.attempts - one.attempts);
    const standing: TableCell = { text: breaker, ink: BREAKER_INKS[breaker] };
    if (own.length === 0) return [[{ text: id }, { text: 'no attempts', ink: 'dim' as const }, standing]];
    return own.map((cell, index): TableCell[] => [
      { text: index === 0 ? id : '' },
      { text: cell.model ?? '-' },
      index === 0 ? standing : { text: '' },
      { text: count(cell.attempts) },
      errorCell(cell),
      { text: duration(cell.firstContentMs?.p50) },
      { text: duration(cell.firstContentMs?.p95) },
      { text: index === 0 ? String(waiting) : '' },
    ]);
  });
  const layout = layOut(COLUMNS, rows, width);
  const shown = rows.slice(0, Math.max(1, room - 1)).map((row) => tableRow(layout, row, paint).trimEnd());
  return [tableHead(layout, paint).trimEnd(), ...shown];
}

function errorCell({ attempts, errors, share }: Matrix['cells'][number]): TableCell {
  if (share === null) return { text: '-' };
  // Few are counted: 3/20 says more than 15 %.
  const text = attempts < 50 ? `${errors}/${attempts}` : percent(share);
  return share > 0.05 && errors > 2 ? { text, ink: 'red' } : { text };
}

function faultLines({ total: { faults } }: Overview, width: number, paint: Paint): string[] {
  if (faults.length === 0) return [];
  const lines = faults.slice(0, FAULTS).map(({ kind, party, calls, attempts }) => {
    const told = calls === 0 ? 'all answered in the end' : `${count(calls)} calls told`;
    return clip(`${kind}: ${count(attempts)} attempts, ${told}, ${party} at fault`, width);
  });
  return ['', paint('dim', 'faults'), ...lines];
}

function duration(ms: number | undefined): string {
  return ms === undefined ? '-' : showDuration(ms);
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

function percent(share: number): string {
  const value = share * 100;
  return `${value < 10 || value > 90 ? Number(value.toFixed(1)) : Math.round(value)} %`;
}
