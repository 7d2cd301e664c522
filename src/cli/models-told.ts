import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import { LimitsRefresh, tellingTargets } from '../config/limits/refresh.ts';
import { limitsAt, type ToldModels } from '../config/limits/told-models.ts';
import { loadConfig } from '../config/load.ts';
import { SystemClock } from '../engine/system-clock.ts';
import { modelFacts } from '../providers/catalogue/catalogue.ts';
import { ratesAt } from '../providers/catalogue/compare.ts';
import { ANY_NAME, type Told } from '../providers/catalogue/told.ts';
import { type Column, layOut, type TableCell, tableHead, tableRow } from './table.ts';
import { processTerminal, type Terminal } from './terminal.ts';

export interface ToldOptions {
  readonly config?: string;
  readonly json?: true;
}

/** One figure: what holds, who said it, and what the catalogue has. */
interface Figure {
  readonly tokens: number | null;
  readonly from: 'provider' | 'catalogue' | null;
  readonly catalogue: number | null;
}

/** A model at a target as the two know it. */
interface Line {
  readonly target: string;
  readonly model: string;
  readonly prompt: Figure;
  readonly answer: Figure;
  readonly told: Told;
}

/** Asks the configured targets for their models' limits, and shows them beside the catalogue's. */
export async function showTold({ config: file, json }: ToldOptions, command: Command): Promise<void> {
  const config = await loadConfig({ file, env: process.env });
  const troubles: string[] = [];
  // Whoever asks for this wants them asked, whatever is done at a start.
  const targets = tellingTargets({ ...config, keys: { ...config.keys, policy: null } });
  const refresh = new LimitsRefresh(targets, { clock: new SystemClock(), say: (words) => troubles.push(words) });
  await refresh.askAll();
  const lines = config.targets.flatMap(({ id }) => linesOf(id, refresh.told));
  if (json === true) console.log(JSON.stringify(lines.map(shown), null, 2));
  else console.log([page(lines, processTerminal()), ...silent(config, refresh.told)].join('\n'));
  for (const trouble of troubles) console.error(`holdfast: ${trouble}`);
  if (troubles.length > 0) command.error(`models: ${troubles.length} target(s) did not answer`, { exitCode: 1 });
}

function linesOf(target: string, told: ToldModels): readonly Line[] {
  return [...told.listOf(target)].map(([model, says]): Line => {
    const holds = limitsAt(model, says);
    const listed = limitsAt(model, null);
    const prompt = holds?.maxInput ?? holds?.window ?? null;
    return {
      target,
      model,
      prompt: figure(prompt, says.maxInput ?? says.window, listed?.maxInput ?? listed?.window ?? null),
      answer: figure(says.maxOutput ?? holds?.maxOutput ?? null, says.maxOutput, listed?.maxOutput ?? null),
      told: says,
    };
  });
}

function figure(tokens: number | null, told: number | undefined, catalogue: number | null): Figure {
  return { tokens, from: tokens === null ? null : told === undefined ? 'catalogue' : 'provider', catalogue };
}

function shown({ target, model, prompt, answer, told }: Line): Record<string, unknown> {
  const { inputs = null, tools = null, schema = null, prices = null } = told;
  return { target, model, prompt, answer, inputs, tools, schema, prices, cataloguePrices: catalogueRates(model) };
}

function catalogueRates(model: string): { readonly input: number; readonly output: number } | null {
  const rates = ratesAt(modelFacts(model)?.prices ?? [], 0, Date.now());
  return rates === null ? null : { input: rates.input, output: rates.output };
}

const COLUMNS: readonly Column[] = [
  { title: 'TARGET', rank: 0 },
  { title: 'MODEL', rank: 0 },
  { title: 'PROMPT', align: 'right', rank: 0 },
  { title: 'CATALOGUE', align: 'right', rank: 1 },
  { title: 'ANSWER', align: 'right', rank: 1 },
  { title: 'CATALOGUE', align: 'right', rank: 2 },
  { title: 'IN $/M', align: 'right', rank: 3 },
  { title: 'OUT $/M', align: 'right', rank: 3 },
  { title: 'TELLS OF', rank: 4 },
];

function page(lines: readonly Line[], { width, paint }: Terminal): string {
  if (lines.length === 0) return 'No target tells the limits of its models; the catalogue holds.';
  const rows = lines.map(({ target, model, prompt, answer, told }): TableCell[] => [
    { text: target },
    { text: model === ANY_NAME ? '(any name)' : model },
    figureCell(prompt),
    { text: tokens(prompt.catalogue), ink: 'dim' },
    figureCell(answer),
    { text: tokens(answer.catalogue), ink: 'dim' },
    { text: told.prices === undefined ? '' : String(told.prices.input) },
    { text: told.prices === undefined ? '' : String(told.prices.output) },
    { text: [...(told.tools === true ? ['tools'] : []), ...(told.inputs ?? [])].join(' '), ink: 'dim' },
  ]);
  const layout = layOut(COLUMNS, rows, width);
  return [tableHead(layout, paint), ...rows.map((row) => tableRow(layout, row, paint))].join('').trimEnd();
}

/** What the provider says otherwise than the catalogue is worth a look. */
function figureCell({ tokens: most, from, catalogue }: Figure): TableCell {
  if (from === 'catalogue') return { text: '' };
  const differs = catalogue !== null && most !== null && most !== catalogue;
  return { text: tokens(most), ink: differs ? 'yellow' : undefined };
}

function tokens(count: number | null): string {
  return count === null ? '' : String(count);
}

function silent({ targets }: Config, told: ToldModels): readonly string[] {
  const names = targets.map(({ id }) => id).filter((id) => told.listOf(id).size === 0);
  return names.length === 0 ? [] : [`Of ${names.join(', ')} nothing was told; what the catalogue has holds there.`];
}
