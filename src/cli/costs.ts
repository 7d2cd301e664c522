import { Command } from 'commander';

import { CONFIG_OPTION } from './administration-options.ts';
// Loaded when it is asked for, as for the calls.
import type { CostOptions } from './cost-listing.ts';
import { processTerminal, type Terminal } from './terminal.ts';

/** `holdfast costs`: what calls cost, for whom, and how much of it was for nothing. */
export function costsCommand(terminal: Terminal = processTerminal()): Command {
  return new Command('costs')
    .description('what calls cost, by whole days in UTC, and what the month will come to')
    .option('--by <what>', 'tenant, user, workload, model or route', 'tenant')
    .option('--since <when>', 'from this day on: 7d, or 2026-03-09; left out: the month under way')
    .option('--until <when>', 'before this day: the same')
    .option('--tenant <tenant>', 'only of this tenant')
    .option('--workload <workload>', 'only of this workload')
    .option('--route <route>', 'only of this route')
    .option('--model <model>', 'only of calls that asked for this model')
    .option('--json', 'print JSON')
    .option(...CONFIG_OPTION)
    .option('--data <dir>', 'data directory; left out: HOLDFAST_DATA, then ./data')
    .addHelpText(
      'after',
      '\nExamples:\n  holdfast costs\n  holdfast costs --by model --since 30d\n  holdfast costs --by user --tenant shop --json',
    )
    .action(async (options: CostOptions) => {
      const { listCosts } = await import('./cost-listing.ts');
      await listCosts(options, terminal);
    });
}
