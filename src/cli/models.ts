import { Command } from 'commander';
import { ABILITIES, type Ability } from '../providers/catalogue/abilities.ts';
import { modelFacts, type ModelFacts } from '../providers/catalogue/catalogue.ts';
import { type Candidate, candidates, type Needs, ratesAt } from '../providers/catalogue/compare.ts';
import { showTold } from './models-told.ts';
import { type Column, layOut, type TableCell, tableHead, tableRow } from './table.ts';
import { suggest } from '../config/suggest.ts';
import { processTerminal, type Terminal } from './terminal.ts';

interface ModelsOptions {
  readonly for?: string;
  readonly needs?: string;
  readonly prompt: string;
  readonly output: string;
  readonly maker?: string;
  readonly refresh?: true;
  readonly config?: string;
  readonly json?: true;
}

/** `holdfast models`: what is known of models, and which of them could take another's place. */
export function modelsCommand(): Command {
  return new Command('models')
    .description('list the models that are known, or compare those that could take over from one')
    .option('--for <model>', 'the model whose place is to be taken: prices are told as multiples of its own')
    .option('--needs <abilities>', `what it has to be able to do, with commas between: ${ABILITIES.join(', ')}`)
    .option('--prompt <tokens>', 'tokens of a prompt, such as 200k', '2k')
    .option('--output <tokens>', 'tokens of an answer', '500')
    .option('--maker <name>', 'only models of openai, anthropic or google')
    .option('--refresh', 'ask the configured targets what they tell of their models, and show it beside the catalogue')
    .option('-c, --config <file>', 'with --refresh: configuration file; without one the environment alone')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Prices are list prices in US dollars per million tokens; COST is one call of that size. Models that cannot take it stand
last, and say why.

Examples:
  holdfast models --maker google
  holdfast models --for gpt-4o --needs tools,vision --prompt 200k
  holdfast models --refresh --config holdfast.yaml`,
    )
    .action((options: ModelsOptions, command: Command) =>
      options.refresh === true ? showTold(options, command) : run(options, command),
    );
}

function run(options: ModelsOptions, command: Command): void {
  const base = options.for === undefined ? null : modelFacts(options.for);
  if (options.for !== undefined && base === null) {
    const near = suggest(
      options.for,
      candidates(null, ANYTHING, Date.now()).map(({ facts }) => facts.id),
    );
    const meant = near === null ? '' : ` did you mean ${near}?`;
    command.error(`models: ${options.for} is not known;${meant} holdfast models lists those that are`);
  }
  const needs: Needs = {
    abilities: abilitiesIn(options.needs, command),
    promptTokens: tokensIn(options.prompt, '--prompt', command),
    outputTokens: tokensIn(options.output, '--output', command),
  };
  const at = Date.now();
  const { maker } = options;
  const found = candidates(base, needs, at).filter(({ facts }) => maker === undefined || facts.provider === maker);
  if (found.length === 0) command.error(`models: --maker "${maker}" is unknown; write openai, anthropic or google`);
  if (options.json === true)
    console.log(
      JSON.stringify(
        found.map((each) => shown(each, at)),
        null,
        2,
      ),
    );
  else console.log(page(found, at, base !== null, processTerminal()));
}

/** What every model can do. */
const ANYTHING: Needs = { abilities: [], promptTokens: 0, outputTokens: 0 };

function abilitiesIn(written: string | undefined, command: Command): readonly Ability[] {
  const names = written === undefined ? [] : written.split(',').map((name) => name.trim().toLowerCase());
  return names.map((name) => {
    const known = ABILITIES.find((ability) => ability === name);
    return known ?? command.error(`models: no ability is called "${name}"; write some of ${ABILITIES.join(', ')}`);
  });
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1_000, m: 1_000_000 };

function tokensIn(written: string, option: string, command: Command): number {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)([km]?)$/i.exec(written) ?? [];
  if (amount === undefined) return command.error(`models: ${option} has to be a number of tokens, such as 200k`);
  return Math.round(Number(amount) * (UNITS[unit.toLowerCase()] ?? 1));
}

function shown({ facts, abilities, misses, cost, ratio }: Candidate, at: number): Record<string, unknown> {
  const { id, provider, window, maxInput = window, maxOutput = null } = facts;
  return {
    model: id,
    maker: provider,
    from: 'catalogue',
    window,
    maxInput,
    maxOutput,
    abilities,
    rates: pricesOf(facts, at),
    cost,
    ratio,
    misses,
  };
}

function pricesOf({ prices }: ModelFacts, at: number): { readonly input: number; readonly output: number } | null {
  const rates = ratesAt(prices, 0, at);
  return rates === null ? null : { input: rates.input, output: rates.output };
}

const COLUMNS: readonly Column[] = [
  { title: 'MODEL', rank: 0 },
  { title: 'MAKER', rank: 3 },
  { title: 'PROMPT', align: 'right', rank: 1 },
  { title: 'ANSWER', align: 'right', rank: 2 },
  { title: 'IN $/M', align: 'right', rank: 2 },
  { title: 'OUT $/M', align: 'right', rank: 2 },
  { title: 'COST', align: 'right', rank: 1 },
  { title: 'CAN', rank: 4 },
  { title: '', rank: 0 },
];

function page(found: readonly Candidate[], at: number, compares: boolean, { width, paint }: Terminal): string {
  const rows = found.map((each): TableCell[] => {
    const { facts, abilities, misses } = each;
    const { id, provider, window, maxInput = window, maxOutput } = facts;
    const rates = pricesOf(facts, at);
    return [
      { text: id, ink: misses.length > 0 ? 'dim' : undefined },
      { text: provider },
      { text: showTokens(maxInput) },
      { text: maxOutput === undefined ? '' : showTokens(maxOutput) },
      { text: rates === null ? '?' : String(rates.input) },
      { text: rates === null ? '?' : String(rates.output) },
      { text: showCost(each, compares) },
      { text: abilities.join(' '), ink: 'dim' },
      { text: misses.length > 0 ? misses.join(', ') : 'fits', ink: misses.length > 0 ? 'yellow' : 'green' },
    ];
  });
  const layout = layOut(COLUMNS, rows, width);
  return [tableHead(layout, paint), ...rows.map((row) => tableRow(layout, row, paint))].join('').trimEnd();
}

function showTokens(tokens: number): string {
  if (tokens >= 1_000_000) return `${Number((tokens / 1_000_000).toFixed(2))}M`;
  return tokens >= 10_000 ? `${Math.round(tokens / 1_000)}k` : String(tokens);
}

function showCost({ cost, ratio }: Candidate, compares: boolean): string {
  if (cost === null) return '?';
  return compares && ratio !== null ? `${ratio.toPrecision(2)}x` : `$${Number(cost.toPrecision(2))}`;
}
