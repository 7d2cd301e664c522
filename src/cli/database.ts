import { Command } from 'commander';

import { type AdministrationOptions, CONFIG_OPTION, DATA_OPTION, JSON_OPTION } from './administration-options.ts';
import { processTerminal, type Terminal } from './terminal.ts';

/** `holdfast database`: from one gateway's own database to one that several share. */
export function databaseCommand(terminal: Terminal = processTerminal()): Command {
  return new Command('database').description('move to a database that several gateways share').addCommand(
    new Command('copy')
      .description('copy tenants, keys, admin tokens and their history from a data directory into PostgreSQL')
      .option(...JSON_OPTION)
      .option(...DATA_OPTION)
      .option(...CONFIG_OPTION)
      .addHelpText(
        'after',
        `
Stop the gateway first, or what is changed meanwhile is left behind. Callers go on with the keys they have. Records of calls
stay in the data directory. The other database has to be empty.

Example:
  HOLDFAST_DATABASE=postgres://holdfast@db.example.com/holdfast holdfast database copy --data ./data`,
      )
      .action(async (options: AdministrationOptions) => {
        const { copy } = await import('./database-work.ts');
        await copy(options, terminal);
      }),
  );
}
