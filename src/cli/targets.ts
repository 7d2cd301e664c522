import { Command } from 'commander';

import { JSON_OPTION } from './administration-options.ts';
// What does the work is loaded when it is asked for: it has no place in the memory of other commands.
import type { TargetOptions } from './target-work.ts';
import { processTerminal, type Terminal } from './terminal.ts';

const ENVIRONMENT = `
How targets stand is in the memory of the gateway that calls them, so it is asked over its admin API.

Environment: HOLDFAST_URL (where the gateway is), HOLDFAST_ADMIN_TOKEN (an admin token; holdfast admin reset-token makes one).`;

/** `holdfast targets`: how the targets of a running gateway stand, and a hand on them. */
export function targetsCommand(terminal: Terminal = processTerminal()): Command {
  return new Command('targets')
    .description('how the targets of a running gateway stand: breakers, keys, limits; take one out, or let it back in')
    .enablePositionalOptions()
    .addCommand(listCommand(terminal), { isDefault: true })
    .addCommand(clearCommand(terminal))
    .addCommand(breakerCommand(terminal))
    .addHelpText(
      'after',
      `${ENVIRONMENT}

Examples:
  holdfast targets
  holdfast targets clear openai-eu
  holdfast targets breaker openai-eu open`,
    );
}

function listCommand(terminal: Terminal): Command {
  return gatewayFlags(new Command('list'))
    .description('list the targets: breaker, error share, key, calls under way, what is left of the limits')
    .addHelpText('after', `${ENVIRONMENT}\n\nExample:\n  holdfast targets list --json`)
    .action(async (options: TargetOptions) => {
      const { listTargets } = await import('./target-work.ts');
      await listTargets(options, terminal);
    });
}

function clearCommand(terminal: Terminal): Command {
  return gatewayFlags(new Command('clear'))
    .description('forget that the key of a target was refused, once it has been put right: it is tried again at once')
    .argument('<target>', 'id of the target')
    .addHelpText('after', `${ENVIRONMENT}\n\nExample:\n  holdfast targets clear openai-eu`)
    .action(async (target: string, options: TargetOptions) => {
      const { clearTarget } = await import('./target-work.ts');
      await clearTarget(target, options, terminal);
    });
}

function breakerCommand(terminal: Terminal): Command {
  return gatewayFlags(new Command('breaker'))
    .description('open: no call goes to the target; closed: calls go there at once; auto: it finds out for itself')
    .argument('<target>', 'id of the target')
    .argument('<state>', 'open, closed or auto')
    .addHelpText('after', `${ENVIRONMENT}\n\nExample:\n  holdfast targets breaker openai-eu open`)
    .action(async (target: string, state: string, options: TargetOptions) => {
      const { turnBreaker } = await import('./target-work.ts');
      await turnBreaker(target, state, options, terminal);
    });
}

function gatewayFlags(command: Command): Command {
  return command
    .option('--url <url>', 'where the gateway is (HOLDFAST_URL, default http://127.0.0.1:4141)')
    .option(...JSON_OPTION);
}
