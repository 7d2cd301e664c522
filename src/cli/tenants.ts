import { Command } from 'commander';

import { processTerminal, type Terminal } from './terminal.ts';
// What does the work is loaded when it is asked for: it has no place in the memory of a gateway.
import type { ChangeOptions, CreateOptions } from './tenant-work.ts';
import {
  type AdministrationOptions,
  CONFIG_OPTION,
  DATA_OPTION,
  JSON_OPTION,
  several,
} from './administration-options.ts';

const LIMIT_OPTION = [
  '--limit <name=amount>',
  'a limit, several times: requestsPerMinute=600, budgetPerMonth=500, budgetPerMonth.warn=400; none takes all away',
  several,
] as const;

/** `holdfast tenants`: tenants and their workloads, on the data directory itself. */
export function tenantsCommand(terminal: Terminal = processTerminal()): Command {
  return new Command('tenants')
    .description('list, create, change and delete tenants and their workloads')
    .option(...JSON_OPTION)
    .option(...DATA_OPTION)
    .option(...CONFIG_OPTION)
    .addHelpText(
      'after',
      `
A workload is written TENANT/WORKLOAD. A running gateway takes changes up within two seconds.

Examples:
  holdfast tenants
  holdfast tenants create shop --limit requestsPerMinute=600 --limit budgetPerMonth=500
  holdfast tenants create shop/nightly --lane background
  holdfast tenants change shop --user-limit tokensPerDay=100000
  holdfast tenants delete shop`,
    )
    .action(async (options: AdministrationOptions) => {
      const { listAll } = await import('./tenant-work.ts');
      await listAll(options, terminal);
    })
    .addCommand(
      withLimits(new Command('create').description('create a tenant, or a workload of one'))
        .argument('<id>', 'id of the tenant, or TENANT/WORKLOAD')
        .option('--organisation <id>', 'organisation of the tenant; left out: default')
        .option('--name <name>', 'what people call it')
        .addHelpText('after', '\nExample:\n  holdfast tenants create shop --limit requestsPerMinute=600')
        .action(async (id: string, _options: CreateOptions, command: Command) => {
          const { create } = await import('./tenant-work.ts');
          await create(id, command.optsWithGlobals<CreateOptions>(), terminal);
        }),
    )
    .addCommand(
      withLimits(new Command('change').description('change a tenant or a workload; limits are replaced as a whole'))
        .argument('<id>', 'id of the tenant, or TENANT/WORKLOAD')
        .option('--name <name>', 'what people call it')
        .addHelpText('after', '\nExample:\n  holdfast tenants change shop --limit none')
        .action(async (id: string, _options: ChangeOptions, command: Command) => {
          const { change } = await import('./tenant-work.ts');
          await change(id, command.optsWithGlobals<ChangeOptions>(), terminal);
        }),
    )
    .addCommand(
      new Command('delete')
        .description('delete a tenant whose keys are all revoked, or a workload')
        .argument('<id>', 'id of the tenant, or TENANT/WORKLOAD')
        .addHelpText('after', '\nExample:\n  holdfast tenants delete shop/nightly')
        .action(async (id: string, _options: AdministrationOptions, command: Command) => {
          const { remove } = await import('./tenant-work.ts');
          await remove(id, command.optsWithGlobals<AdministrationOptions>(), terminal);
        }),
    );
}

/** `holdfast organisations`: those who pay together. */
export function organisationsCommand(terminal: Terminal = processTerminal()): Command {
  return new Command('organisations')
    .description('list, create, change and delete organisations')
    .option(...JSON_OPTION)
    .option(...DATA_OPTION)
    .option(...CONFIG_OPTION)
    .addHelpText(
      'after',
      '\nExamples:\n  holdfast organisations\n  holdfast organisations create acme --limit budgetPerMonth=500',
    )
    .action(async (options: AdministrationOptions) => {
      const { listOrganisationTable } = await import('./tenant-work.ts');
      await listOrganisationTable(options, terminal);
    })
    .addCommand(
      new Command('create')
        .description('create an organisation')
        .argument('<id>', 'its id')
        .option('--name <name>', 'what people call it')
        .option(...LIMIT_OPTION)
        .addHelpText('after', '\nExample:\n  holdfast organisations create acme --name "Acme Inc."')
        .action(async (id: string, _options: CreateOptions, command: Command) => {
          const { createOne } = await import('./tenant-work.ts');
          await createOne(id, command.optsWithGlobals<CreateOptions>(), terminal);
        }),
    )
    .addCommand(
      new Command('change')
        .description('change an organisation; limits are replaced as a whole')
        .argument('<id>', 'its id')
        .option('--name <name>', 'what people call it')
        .option(...LIMIT_OPTION)
        .addHelpText('after', '\nExample:\n  holdfast organisations change acme --limit budgetPerMonth=1000')
        .action(async (id: string, _options: ChangeOptions, command: Command) => {
          const { changeOne } = await import('./tenant-work.ts');
          await changeOne(id, command.optsWithGlobals<ChangeOptions>(), terminal);
        }),
    )
    .addCommand(
      new Command('delete')
        .description('delete an organisation that has no tenants')
        .argument('<id>', 'its id')
        .addHelpText('after', '\nExample:\n  holdfast organisations delete acme')
        .action(async (id: string, _options: AdministrationOptions, command: Command) => {
          const { removeOne } = await import('./tenant-work.ts');
          await removeOne(id, command.optsWithGlobals<AdministrationOptions>(), terminal);
        }),
    );
}

function withLimits(command: Command): Command {
  return command
    .option(...LIMIT_OPTION)
    .option('--user-limit <name=amount>', "the same for each of the tenant's own users", several)
    .option('--weight <number>', 'share of a scarce target, relative to the others')
    .option('--lane <lane>', 'lane of calls that name none: interactive or background');
}
