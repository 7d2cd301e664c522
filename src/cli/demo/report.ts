import { layOut, tableHead, tableRow } from '../table.ts';
import type { Column, TableCell } from '../table.ts';
import { showDuration } from '../terminal.ts';
import type { Paint } from '../terminal.ts';
import type { Comparison, Measured } from './run.ts';
import { PHASES } from './sky.ts';
import type { Summary } from './tally.ts';
import type { Verdict } from './verdict.ts';

const COLUMNS: readonly Column[] = [
  { title: 'weather', rank: 0 },
  { title: 'side', rank: 0 },
  { title: 'calls', rank: 3, align: 'right' },
  { title: 'answered', rank: 0, align: 'right' },
  { title: '', rank: 1, align: 'right' },
  { title: 'failed', rank: 0, align: 'right' },
  { title: 'wrong', rank: 0, align: 'right' },
  { title: 'asked again', rank: 2, align: 'right' },
  { title: 'attempts/call', rank: 2, align: 'right' },
  { title: 'p50', rank: 1, align: 'right' },
  { title: 'p99', rank: 1, align: 'right' },
];

/** The table: for each phase and in total, what the SDK alone came to and what it came to through Holdfast. */
export function reportTable({ phases, total }: Measured, width: number, paint: Paint): string {
  const rows = [...PHASES.flatMap(({ name }, index) => rowsOf(name, phases[index])), ...rowsOf('in total', total)];
  const layout = layOut(COLUMNS, rows, width);
  return tableHead(layout, paint) + rows.map((row) => tableRow(layout, row, paint)).join('');
}

function rowsOf(name: string, compared: Comparison | undefined): TableCell[][] {
  if (compared === undefined) return [];
  return [
    rowOf({ text: name, ink: 'bold' }, 'SDK alone', compared.direct),
    rowOf({ text: '' }, 'with Holdfast', compared.holdfast),
  ];
}

function rowOf(name: TableCell, side: string, summary: Summary): TableCell[] {
  const { calls, answered, failed, wrong, askedAgain, attemptsPerCall, p50Ms, p99Ms } = summary;
  return [
    name,
    { text: side },
    { text: String(calls) },
    { text: String(answered) },
    { text: showShare(answered, calls), ink: calls > 0 && answered === calls ? 'green' : undefined },
    { text: String(failed), ink: failed > 0 ? 'yellow' : undefined },
    { text: String(wrong), ink: wrong > 0 ? 'red' : undefined },
    { text: String(askedAgain) },
    { text: attemptsPerCall === null ? '–' : attemptsPerCall.toFixed(2) },
    { text: p50Ms === null ? '–' : showDuration(p50Ms) },
    { text: p99Ms === null ? '–' : showDuration(p99Ms) },
  ];
}

/** A share of the calls in percent, never rounded up: 100 % means every one. */
export function showShare(part: number, calls: number): string {
  if (calls === 0) return '–';
  return `${Math.floor((part / calls) * 10_000 + 1e-9) / 100} %`;
}

/** What came of the promise, as one line. */
export function verdictLine(verdict: Verdict, { direct, holdfast }: Comparison, paint: Paint): string {
  const came =
    `Holdfast answered ${showShare(holdfast.answered, holdfast.calls)} of the calls with ${holdfast.wrong} wrong, ` +
    `the SDK alone ${showShare(direct.answered, direct.calls)} with ${direct.wrong} wrong`;
  switch (verdict) {
    case 'kept':
      return `${paint('green', 'Promise kept')} (99.9 % answered, none wrong): ${came}.\n`;
    case 'broken':
      return `${paint('red', 'Promise broken')} (99.9 % answered, none wrong): ${came}.\n`;
    case 'unjudged':
      return `Stopped early, so the promise is not judged. So far: ${came}.\n`;
  }
}
