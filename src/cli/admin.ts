import { Command } from 'commander';

import { type AdministrationOptions, CONFIG_OPTION, DATA_OPTION, JSON_OPTION } from './administration-options.ts';
import { processTerminal, type Terminal } from './terminal.ts';

/** `holdfast admin`: the tokens of the admin API, for whoever has the machine but no token. */
export function adminCommand(terminal: Terminal = processTerminal()): Command {
  return new Command('admin')
    .description('the tokens of the admin API')
    .addCommand(
      new Command('tokens')
        .description('list the admin tokens, newest first')
        .option(...JSON_OPTION)
        .option(...DATA_OPTION)
        .option(...CONFIG_OPTION)
        .addHelpText('after', '\nExample:\n  holdfast admin tokens')
        .action(async (options: AdministrationOptions) => {
          const { listTokens } = await import('./admin-work.ts');
          await listTokens(options, terminal);
        }),
    )
    .addCommand(
      new Command('reset-token')
        .description('revoke every admin token and make a new one of role admin, printed once')
        .option(...JSON_OPTION)
        .option(...DATA_OPTION)
        .option(...CONFIG_OPTION)
        .addHelpText('after', '\nExample:\n  TOKEN=$(holdfast admin reset-token)')
        .action(async (options: AdministrationOptions) => {
          const { resetToken } = await import('./admin-work.ts');
          await resetToken(options, terminal);
        }),
    );
}
