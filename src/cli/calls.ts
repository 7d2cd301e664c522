import { Command } from 'commander';

import { CONFIG_OPTION } from './administration-options.ts';
// The listing is loaded when it is asked for: the query builder it needs has no place in the memory of a gateway.
import type { DataOptions, ExportOptions, ListOptions } from './call-listing.ts';
import type { ContentOptions } from './call-content.ts';
import { processTerminal, type Terminal } from './terminal.ts';

/** `holdfast calls`: what the calls of a gateway came to, as a list or one by one. */
export function callsCommand(terminal: Terminal = processTerminal()): Command {
  return withFilter(new Command('calls'))
    .description('list the calls that were made, newest first')
    .option('--before <id>', 'older than this call: the next page')
    .option('--limit <number>', 'as many at most', '20')
    .option('--follow', 'go on with new calls as they end, until interrupted')
    .option('--json', 'print one JSON object per line')
    .option(...CONFIG_OPTION)
    .option('--data <dir>', 'data directory; left out: HOLDFAST_DATA, then ./data')
    .addHelpText(
      'after',
      '\nExamples:\n  holdfast calls --since 1h --outcome failed\n  holdfast calls --fault rate-limit-tokens --json\n  holdfast calls --tenant shop --user alice@example.com\n  holdfast calls show ID\n  holdfast calls export --since 7d --format csv > calls.csv',
    )
    .action(async (options: ListOptions) => {
      const { listStoredCalls } = await import('./call-listing.ts');
      await listStoredCalls(options, terminal);
    })
    .addCommand(showCommand(terminal))
    .addCommand(contentCommand(terminal))
    .addCommand(exportCommand(terminal));
}

function showCommand(terminal: Terminal): Command {
  return new Command('show')
    .description('show everything known of one call, its attempts as a timeline')
    .argument('<id>', 'id of the call (the x-request-id of its answer), or its beginning')
    .option('--json', 'print JSON')
    .option(...CONFIG_OPTION)
    .option('--data <dir>', 'data directory; left out: HOLDFAST_DATA, then ./data')
    .addHelpText('after', '\nExample:\n  holdfast calls show hf-mmjbg8i3')
    .action(async (id: string, _options: DataOptions, command: Command) => {
      // `calls` itself has --json and --data too, and takes them wherever they stand.
      const options = command.optsWithGlobals<DataOptions>();
      const { showStoredCall } = await import('./call-listing.ts');
      await showStoredCall(id, options, terminal);
    });
}

function contentCommand(terminal: Terminal): Command {
  return new Command('content')
    .description('show what was asked and answered in a call, where that is captured')
    .argument('<id>', 'id of the call (the x-request-id of its answer)')
    .option('-c, --config <file>', "the gateway's configuration, where it names the key of the captures")
    .option('--json', 'print JSON')
    .option('--data <dir>', 'data directory; left out: HOLDFAST_DATA, then ./data')
    .addHelpText('after', '\nExample:\n  holdfast calls content hf-mmjbg8i3-1 --config holdfast.yaml')
    .action(async (id: string, _options: ContentOptions, command: Command) => {
      const { showContent } = await import('./call-content.ts');
      await showContent(id, command.optsWithGlobals<ContentOptions>(), terminal);
    });
}

function exportCommand(terminal: Terminal): Command {
  return withFilter(new Command('export'))
    .description('write the calls that match to stdout, newest first, as they are stored')
    .option('--format <format>', 'csv, one row a call; or jsonl, one JSON object a line with everything', 'jsonl')
    .option(...CONFIG_OPTION)
    .option('--data <dir>', 'data directory; left out: HOLDFAST_DATA, then ./data')
    .addHelpText('after', '\nExample:\n  holdfast calls export --tenant shop --since 30d --format csv > shop.csv')
    .action(async (_options: ExportOptions, command: Command) => {
      // `calls` itself has the same options, and takes them wherever they stand.
      const { exportStoredCalls } = await import('./call-listing.ts');
      await exportStoredCalls(command.optsWithGlobals<ExportOptions>(), terminal);
    });
}

/** Which calls. */
function withFilter(command: Command): Command {
  return command
    .option('--since <when>', 'arrived since: a duration such as 15m, 2h, 7d, or a date such as 2026-03-09T14:00')
    .option('--until <when>', 'arrived before: the same')
    .option('--outcome <outcome>', 'answered, failed, interrupted, cancelled or retried')
    .option('--fault <kind>', 'met this fault, in the answer or in any attempt, such as overloaded')
    .option('--model <model>', 'asked for this model')
    .option('--target <target>', 'sent to this target by any attempt')
    .option('--route <route>', 'took this route')
    .option('--tenant <tenant>', 'made for this tenant')
    .option('--organisation <organisation>', 'made for any tenant of this organisation')
    .option('--workload <workload>', 'made for this workload')
    .option('--key <id>', 'made with this key, by its id (key_...)')
    .option(
      '--user <user>',
      "made for this user of the tenant's own: as the tenant calls it (needs --tenant), or u_...",
    )
    .option('--status <status>', 'status given to the caller: 429, or a class such as 5xx')
    .option('--min-duration <time>', 'took at least this long, such as 500ms or 2s')
    .option('--id <prefix>', 'id begins with this');
}
