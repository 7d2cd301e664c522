import { Command, Option } from 'commander';

import { CONFIG_OPTION, DATA_OPTION, JSON_OPTION } from './administration-options.ts';
import type { AuditOptions, EventOptions } from './history-work.ts';
import { processTerminal, type Terminal } from './terminal.ts';

/** `holdfast audit`: who changed what. */
export function auditCommand(terminal: Terminal = processTerminal()): Command {
  return new Command('audit')
    .description('list the changes to organisations, tenants, keys, admin tokens and targets, newest first')
    .addOption(
      new Option('--subject <kind>', 'only changes of this kind of thing').choices([
        'organisation',
        'tenant',
        'workload',
        'key',
        'admin-token',
        'capture',
        'target',
      ]),
    )
    .option('--since <when>', 'made since: a duration such as 2h, 7d, or a date such as 2026-03-09T14:00')
    .option('--limit <number>', 'as many at most', '50')
    .option(...JSON_OPTION)
    .option(...DATA_OPTION)
    .option(...CONFIG_OPTION)
    .addHelpText('after', '\nExamples:\n  holdfast audit --since 7d\n  holdfast audit --subject key --json')
    .action(async (options: AuditOptions) => {
      const { listChanges } = await import('./history-work.ts');
      await listChanges(options, terminal);
    });
}

/** `holdfast events`: what happened beside the calls. */
export function eventsCommand(terminal: Terminal = processTerminal()): Command {
  return new Command('events')
    .description('list what happened beside the calls, newest first: budgets that run out, keys that are guessed at')
    .option('--kind <kind>', 'only of this kind, such as budget-warned or wrong-keys')
    .option('--tenant <id>', 'only about this tenant')
    .option('--since <when>', 'since: a duration such as 2h, 7d, or a date such as 2026-03-09T14:00')
    .option('--limit <number>', 'as many at most', '50')
    .option(...JSON_OPTION)
    .option(...DATA_OPTION)
    .option(...CONFIG_OPTION)
    .addHelpText('after', '\nExamples:\n  holdfast events --since 1d\n  holdfast events --kind budget-warned --json')
    .action(async (options: EventOptions) => {
      const { listHappenings } = await import('./history-work.ts');
      await listHappenings(options, terminal);
    });
}
