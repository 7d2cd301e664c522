import { Command } from 'commander';

// Loaded when it is asked for: it brings the whole line with it.
import type { BulkOptions } from './bulk/bulk-work.ts';
import { keepSmall } from './v8-settings.ts';
import { whole } from './numbers.ts';
import { processTerminal, type Terminal } from './terminal.ts';

/** `holdfast bulk`: the requests of a file, sent as fast as the provider's limits allow and no faster. */
export function bulkCommand(terminal: Terminal = processTerminal()): Command {
  return new Command('bulk')
    .description("send the requests of a file (OpenAI's batch format) in the background lane, and write their answers")
    .argument('<input>', 'JSON lines: {"custom_id", "method": "POST", "url": "/v1/chat/completions", "body"}')
    .option('-o, --out <file>', 'where the answers go, in the order of the input; needed unless for --dry-run')
    .option('-c, --config <file>', 'configuration of the line to send through; left out, the environment is enough')
    .option('--url <url>', 'send through a running gateway instead: its base URL, with its /v1')
    .option('--key <reference>', 'key for that gateway: env:NAME or file:PATH')
    .option('--concurrency <number>', 'requests under way at most', whole(1, 10_000), 256)
    .option('--attempts <number>', 'how often a request is sent that time may heal', whole(1, 1_000), 10)
    .option('--dry-run', 'reckon tokens, cost and time, and send nothing')
    .option('--expect-output <tokens>', 'for --dry-run: output of a request that does not bound it', whole(0, 1e9), 500)
    .option('--requests-per-minute <number>', "for --dry-run: the provider's limit", whole(1, 1e12))
    .option('--tokens-per-minute <number>', "for --dry-run: the provider's limit", whole(1, 1e12))
    .option('--data <dir>', 'data directory for the records; left out: HOLDFAST_DATA, then ./data')
    .option('--json', 'print the outcome as JSON')
    .addHelpText(
      'after',
      `
Interrupted (Ctrl-C, a crash, a full disk), it goes on with the same command: what is done stands in FILE.journal and is not
sent again. What failed for good stands in FILE.failed.jsonl, as an input for another time. While one process is at work on an
output, FILE.lock keeps a second one from it.

Examples:
  holdfast bulk in.jsonl --dry-run
  holdfast bulk in.jsonl --out out.jsonl --config holdfast.yaml
  holdfast bulk in.jsonl --out out.jsonl --url http://127.0.0.1:4141/v1 --key env:HOLDFAST_KEY`,
    )
    .action(async (input: string, options: BulkOptions) => {
      // Before anything is loaded: what the heap has grown by then, it keeps.
      keepSmall();
      const { bulk } = await import('./bulk/bulk-work.ts');
      process.exitCode = await bulk(input, options, terminal);
    });
}
