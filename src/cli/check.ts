import { Command, Option } from 'commander';
import { carryWarnings } from '../config/carry.ts';
import { keeperFor } from '../config/keys/for-config.ts';
import { LimitsRefresh, tellingTargets } from '../config/limits/refresh.ts';
import type { KeyReport } from '../config/keys/report.ts';
import { loadConfig } from '../config/load.ts';
import { SystemClock } from '../engine/system-clock.ts';
import { type Column, layOut, type TableCell, tableHead, tableRow } from './table.ts';
import { processTerminal, showMoment, type Terminal } from './terminal.ts';

interface CheckOptions {
  readonly config?: string;
  readonly policy?: 'require' | 'warn';
  readonly json?: true;
}

/** `holdfast check`: are the keys in order? For continuous integration and before a release. */
export function checkCommand(): Command {
  return new Command('check')
    .description(
      'ask every provider whether the keys are in order, and look for rungs that fall short, without starting anything',
    )
    .option('-c, --config <file>', 'configuration file; without one the environment alone is checked')
    .addOption(
      new Option('--policy <policy>', 'require: any problem is a failure; warn: problems are only told')
        .choices(['require', 'warn'])
        .default('require'),
    )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Nobody bills what is asked (a list of models), and nothing shows more of a key than its last four characters.
Exit code 1 when a key cannot be read or something is wrong with one. Rungs that cannot take over all that the first one of
their route takes (a smaller window, no tools, no pictures, no embeddings) are warned of.

Example:
  holdfast check --config holdfast.yaml`,
    )
    .action(check);
}

async function check({ config: file, policy, json }: CheckOptions, command: Command): Promise<void> {
  const config = await loadConfig({ file, env: process.env });
  if (config.needsSimulator) {
    command.error('holdfast: there is nothing to check: set OPENAI_API_KEY, or name a configuration with --config');
  }
  const clock = new SystemClock();
  const unheard: string[] = [];
  const limits = new LimitsRefresh(tellingTargets(config), { clock, say: (words) => unheard.push(words) });
  const hear = limits.hear.bind(limits);
  const keeper = keeperFor(config, clock, { tell: () => undefined, remember: false, hear });
  const [reports] = await Promise.all([keeper.checkAll(), limits.askRest()]);
  const troubled = reports.filter(({ problems }) => problems.length > 0);
  const short = carryWarnings(config.routes, config.targets, limits.told);
  const warnings = [...config.warnings, ...short, ...unheard];
  if (json === true) {
    console.log(JSON.stringify({ good: troubled.length === 0, keys: reports.map(shown), warnings }, null, 2));
  } else {
    console.log(page(reports, clock.wall(), processTerminal()));
    for (const warning of warnings) console.log(`warning: ${warning}`);
  }
  if (troubled.length > 0 && policy !== 'warn') {
    command.error(`holdfast: ${troubled.length} of ${reports.length} key(s) not in order`, { exitCode: 1 });
  }
}

/** Moments as dates, for whoever reads the JSON. */
function shown({ since, rotateBy, ...report }: KeyReport): Record<string, unknown> {
  const date = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());
  return { ...report, since: date(since), rotateBy: date(rotateBy) };
}

const COLUMNS: readonly Column[] = [
  { title: 'TARGET', rank: 0 },
  { title: 'KEY', rank: 1 },
  { title: 'ENDS IN', rank: 3 },
  { title: 'STATUS', rank: 0 },
  { title: 'AGE', align: 'right', rank: 2 },
  { title: 'ROTATE BY', rank: 2 },
];

const DAY_MS = 86_400_000;

function page(reports: readonly KeyReport[], wall: number, { width, paint }: Terminal): string {
  if (reports.length === 0) return 'No target holds a key of its own: callers bring theirs, or none is wanted.';
  const rows = reports.map(({ target, reference, ending, status, since, rotateBy, problems }): TableCell[] => [
    { text: target },
    { text: reference, ink: 'dim' },
    { text: ending === null ? '' : `…${ending}` },
    { text: status, ink: problems.length > 0 ? 'red' : status === 'accepted' ? 'green' : 'yellow' },
    { text: since === null ? '' : `${Math.floor((wall - since) / DAY_MS)} d` },
    { text: rotateBy === null ? '' : showMoment(rotateBy).slice(0, 10) },
  ]);
  const layout = layOut(COLUMNS, rows, width);
  const problems = reports.flatMap((report) => report.problems.map((problem) => `${report.target}: ${problem}`));
  return [
    tableHead(layout, paint),
    ...rows.map((row) => tableRow(layout, row, paint)),
    ...(problems.length > 0 ? ['\n', problems.join('\n')] : []),
  ].join('');
}
