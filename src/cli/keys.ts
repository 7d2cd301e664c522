import { Command } from 'commander';

import {
  type AdministrationOptions,
  CONFIG_OPTION,
  DATA_OPTION,
  JSON_OPTION,
  several,
} from './administration-options.ts';
// What does the work is loaded when it is asked for: it has no place in the memory of a gateway.
import type { ExpireOptions, KeyOptions, ListKeysOptions, RotateOptions } from './key-work.ts';
import { drillCommand } from './keys-drill.ts';
import { processTerminal, type Terminal } from './terminal.ts';

/** `holdfast keys`: the virtual keys that callers show, on the data directory itself. */
export function keysCommand(terminal: Terminal = processTerminal()): Command {
  return new Command('keys')
    .description('list, create, rotate, expire and revoke the keys that callers show (hf_...)')
    .option('--tenant <id>', 'only keys of this tenant')
    .option('--working', 'without those revoked')
    .option(...JSON_OPTION)
    .option(...DATA_OPTION)
    .option(...CONFIG_OPTION)
    .addHelpText(
      'after',
      `
A key is named by its id (key_...), or by the beginning of its secret (hf_ab12cd). A running gateway takes changes up within
two seconds. The keys of providers are another matter: holdfast check.

Examples:
  holdfast keys --tenant shop
  KEY=$(holdfast keys create shop)
  holdfast keys create shop/nightly --model 'gpt-4o*' --address 10.0.0.0/8 --expires 90d
  holdfast keys rotate key_0123 --grace 24h
  holdfast keys revoke hf_ab12cd`,
    )
    .action(async (options: ListKeysOptions) => {
      const { listTable } = await import('./key-work.ts');
      await listTable(options, terminal);
    })
    .addCommand(createCommand(terminal))
    .addCommand(changeCommand(terminal))
    .addCommand(rotateCommand(terminal))
    .addCommand(expireCommand(terminal))
    .addCommand(revokeCommand(terminal))
    .addCommand(drillCommand());
}

function createCommand(terminal: Terminal): Command {
  return withRestrictions(new Command('create'))
    .description('create a key; its secret is printed once and stored nowhere')
    .argument('<tenant>', 'tenant it is for, or TENANT/WORKLOAD')
    .option('--expires <when>', 'stops working: after a duration such as 90d, or at a date such as 2027-01-31T12:00')
    .addHelpText('after', '\nExample:\n  KEY=$(holdfast keys create shop --name ci)')
    .action(async (tenant: string, _options: KeyOptions, command: Command) => {
      const { create } = await import('./key-work.ts');
      await create(tenant, command.optsWithGlobals<KeyOptions>(), terminal);
    });
}

function changeCommand(terminal: Terminal): Command {
  return withRestrictions(new Command('change'))
    .description('change what a key may do; lists and limits are replaced as a whole, by none if told so')
    .argument('<key>', 'its id, or the beginning of its secret')
    .addHelpText('after', "\nExample:\n  holdfast keys change key_0123 --model 'gpt-4o*' --model o3")
    .action(async (key: string, _options: KeyOptions, command: Command) => {
      const { change } = await import('./key-work.ts');
      await change(key, command.optsWithGlobals<KeyOptions>(), terminal);
    });
}

function rotateCommand(terminal: Terminal): Command {
  return new Command('rotate')
    .description('give a key a new secret; the one in force works on for a while')
    .argument('<key>', 'its id, or the beginning of its secret')
    .option('--grace <time>', 'how long the one in force works on: 0s, 30m, 24h, 7d', '24h')
    .addHelpText('after', '\nExample:\n  KEY=$(holdfast keys rotate key_0123 --grace 7d)')
    .action(async (key: string, _options: RotateOptions, command: Command) => {
      const { rotate } = await import('./key-work.ts');
      await rotate(key, command.optsWithGlobals<RotateOptions>(), terminal);
    });
}

function expireCommand(terminal: Terminal): Command {
  return new Command('expire')
    .description('say when a key stops working, or that it does not')
    .argument('<key>', 'its id, or the beginning of its secret')
    .option('--at <when>', 'a duration such as 7d, a date such as 2027-01-31T12:00, now, or never', 'now')
    .addHelpText('after', '\nExample:\n  holdfast keys expire key_0123 --at 7d')
    .action(async (key: string, _options: ExpireOptions, command: Command) => {
      const { expire } = await import('./key-work.ts');
      await expire(key, command.optsWithGlobals<ExpireOptions>(), terminal);
    });
}

function revokeCommand(terminal: Terminal): Command {
  return new Command('revoke')
    .description('end a key at once and for good')
    .argument('<key>', 'its id, or the beginning of its secret')
    .addHelpText('after', '\nExample:\n  holdfast keys revoke key_0123')
    .action(async (key: string, _options: AdministrationOptions, command: Command) => {
      const { revoke } = await import('./key-work.ts');
      await revoke(key, command.optsWithGlobals<AdministrationOptions>(), terminal);
    });
}

function withRestrictions(command: Command): Command {
  return command
    .option('--name <name>', 'what people call it')
    .option('--model <glob>', 'a model it may ask for, several times', several)
    .option('--route <id>', 'a route its calls may take, several times', several)
    .option('--address <range>', 'an address or CIDR range it may be used from, several times', several)
    .option('--limit <name=amount>', 'a limit of its own, several times: requestsPerMinute=60', several)
    .option('--lane <lane>', 'lane of calls that name none: interactive or background')
    .option('--weight <number>', 'share of a scarce target, relative to the others')
    .option('--no-interactive', 'may not use the interactive lane')
    .option('--no-passthrough', 'may not use paths carried unread (files, batches, images, ...)');
}
