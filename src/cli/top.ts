import { Command } from 'commander';

import { JSON_OPTION } from './administration-options.ts';
// What does the work is loaded when it is asked for: it has no place in the memory of other commands.
import type { TopOptions } from './top/work.ts';
import { processTerminal, type Terminal } from './terminal.ts';

/** `holdfast top`: what a running gateway is doing, in a terminal, as it happens. */
export function topCommand(terminal: Terminal = processTerminal()): Command {
  return new Command('top')
    .description('watch a running gateway: how things stand in one sentence, traffic, targets, faults')
    .option('--url <url>', 'where the gateway is (HOLDFAST_URL, default http://127.0.0.1:4141)')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `
q or Ctrl-C ends it. Where stdout is no terminal, it writes a line a second; with --json, once what there is to see.

Environment: HOLDFAST_URL (where the gateway is), HOLDFAST_ADMIN_TOKEN (an admin token; holdfast admin reset-token makes one).

Example:
  HOLDFAST_ADMIN_TOKEN=hf_admin_... holdfast top`,
    )
    .action(async (options: TopOptions) => {
      const { top } = await import('./top/work.ts');
      await top(options, terminal);
    });
}
