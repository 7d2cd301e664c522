import { addUp } from '../observe/add-up.ts';
import { answer } from '../observe/queries/answer.ts';
import type { CostBy, CostRow, Costs, CostSums } from '../observe/queries/costs.ts';
import { unknownNames } from './call-names.ts';
import { withRecords } from './recorded.ts';
import { type Column, layOut, type TableCell, tableHead, tableRow } from './table.ts';
import type { Terminal } from './terminal.ts';
import { readSpan, readWord } from './typed.ts';

/** What `holdfast costs` takes, as it was typed. */
export interface CostOptions {
  readonly by: string;
  readonly since?: string;
  readonly until?: string;
  readonly tenant?: string;
  readonly workload?: string;
  readonly route?: string;
  readonly model?: string;
  readonly json?: true;
  readonly data?: string;
  readonly config?: string;
}

const WAYS: readonly CostBy[] = ['tenant', 'user', 'workload', 'model', 'route'];

/** Lists what calls cost, and what the month will come to. */
export function listCosts(options: CostOptions, terminal: Terminal): Promise<void> {
  const now = Date.now();
  const by = readWord('--by', options.by, WAYS) ?? 'tenant';
  const { since: from, until: to } = readSpan(options, now);
  return withRecords(options, async (database, place) => {
    await addUp(place);
    const { tenant, workload, route, model } = options;
    const costs = await answer(database, 'costs', { by, from, to, tenant, workload, route, model }, now);
    terminal.write(options.json === true ? `${JSON.stringify(shown(costs))}\n` : tableOf(costs, terminal));
    if (costs.total.calls === 0) terminal.note(await unknownNames(database, { tenant, workload, route, model }));
  });
}

function shown({ from, to, at, ...costs }: Costs): object {
  const moment = (one: number): string => new Date(one).toISOString();
  return { from: moment(from), to: moment(to), at: at.map(moment), ...costs };
}

function tableOf(costs: Costs, { width, paint }: Terminal): string {
  const columns: readonly Column[] = [
    { title: costs.by, rank: 0 },
    ...(costs.by === 'user' || costs.by === 'workload' ? [{ title: 'tenant', rank: 2 }] : []),
    { title: 'calls', rank: 3, align: 'right' },
    { title: 'input', rank: 5, align: 'right' },
    { title: 'output', rank: 5, align: 'right' },
    { title: 'cost', rank: 0, align: 'right' },
    { title: 'for nothing', rank: 1, align: 'right' },
    { title: 'unpriced', rank: 4, align: 'right' },
  ];
  const named = (row: CostRow): string[] =>
    costs.by === 'user' || costs.by === 'workload' ? [row.id ?? '-', row.tenant ?? '-'] : [row.id ?? '-'];
  const rows = [
    ...costs.rows.map((row) => cells(named(row), row)),
    ...(costs.others === null ? [] : [cells(columns.length === 8 ? ['others', ''] : ['others'], costs.others)]),
    cells(columns.length === 8 ? ['all', ''] : ['all'], costs.total),
  ];
  const layout = layOut(columns, rows, width);
  const { forecast } = costs;
  return [
    tableHead(layout, paint),
    ...rows.map((row) => tableRow(layout, row, paint)),
    forecast === null
      ? ''
      : `${forecast.month}: ${dollars(forecast.spent)} so far, about ${dollars(forecast.expected)} by its end ` +
        `(${dollars(forecast.low)} to ${dollars(forecast.high)}, from ${forecast.basisDays} days)\n`,
  ].join('');
}

function cells(names: readonly string[], sums: CostSums): TableCell[] {
  return [
    ...names.map((text) => ({ text })),
    { text: sums.calls.toLocaleString('en') },
    { text: sums.inputTokens.toLocaleString('en'), ink: 'dim' },
    { text: sums.outputTokens.toLocaleString('en'), ink: 'dim' },
    { text: dollars(sums.cost), ink: 'bold' },
    { text: dollars(sums.waste.total), ink: sums.waste.total > 0 ? 'yellow' : undefined },
    { text: sums.unpriced === 0 ? '' : sums.unpriced.toLocaleString('en'), ink: 'yellow' },
  ];
}

/** Cents for people, more digits where there are no cents yet. */
function dollars(amount: number): string {
  if (amount === 0 || amount >= 1)
    return `$${amount.toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
  return `$${amount.toPrecision(2)}`;
}
