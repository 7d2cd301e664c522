import { Command, Option } from 'commander';
import { DATA_OPTION, JSON_OPTION } from './administration-options.ts';
import type { JobOptions, ListJobsOptions } from './job-work.ts';
import { processTerminal, type Terminal } from './terminal.ts';

const STATES = ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'expired', 'dead'];

/** `holdfast jobs`: the calls that run in the background, where they are kept. */
export function jobsCommand(terminal: Terminal = processTerminal()): Command {
  return new Command('jobs')
    .description('list, show, cancel and retry jobs: calls that run in the background')
    .addOption(new Option('--status <state>', 'only in this state').choices(STATES))
    .option('--tenant <id>', 'only of this tenant')
    .option('--limit <number>', 'as many at most', '20')
    .option(...JSON_OPTION)
    .option(...DATA_OPTION)
    .option('-c, --config <file>', 'configuration file, for jobs that are kept in PostgreSQL')
    .addHelpText(
      'after',
      `
Jobs are in the data directory, or in PostgreSQL where the configuration says so (jobs.database). A running gateway takes
changes up within some seconds.

Examples:
  holdfast jobs --status dead
  holdfast jobs show job_ab12
  holdfast jobs retry job_ab12
  holdfast jobs cancel job_ab12 -c holdfast.yaml`,
    )
    .action(async (options: ListJobsOptions) => {
      const { listTable } = await import('./job-work.ts');
      await listTable(options, terminal);
    })
    .addCommand(
      one('show', 'show how a job stands and how it came to', async (id, options) => {
        const { show } = await import('./job-work.ts');
        await show(id, options, terminal);
      }),
    )
    .addCommand(
      one('cancel', 'cancel a job that has not ended; what is under way for it is stopped', async (id, options) => {
        const { cancel } = await import('./job-work.ts');
        await cancel(id, options, terminal);
      }),
    )
    .addCommand(
      one('retry', 'let a dead job run again, from its first attempt', async (id, options) => {
        const { retry } = await import('./job-work.ts');
        await retry(id, options, terminal);
      }),
    );
}

function one(name: string, description: string, work: (id: string, options: JobOptions) => Promise<void>): Command {
  return new Command(name)
    .description(description)
    .argument('<id>', 'id of the job: job_...')
    .addHelpText('after', `\nExample:\n  holdfast jobs ${name} job_ab12`)
    .action(async (id: string, _options: JobOptions, command: Command) => {
      await work(id, command.optsWithGlobals<JobOptions>());
    });
}
