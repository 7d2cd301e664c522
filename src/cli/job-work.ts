import { loadConfig } from '../config/load.ts';
import { resolveJobs } from '../config/jobs.ts';
import { openQueue } from '../gateway/jobs/store.ts';
import { hasEnded, type Job, type JobStatus } from '../jobs/job.ts';
import type { JobQueue } from '../jobs/queue.ts';
import { hasJobs } from '../jobs/sqlite/file.ts';
import { dataDirectory } from '../storage/data-directory.ts';
import { requireDatabase } from '../storage/sqlite/connection.ts';
import { administer, jsonLines, printTable, requireTenant } from './administration.ts';
import type { AdministrationOptions } from './administration-options.ts';
import type { Column } from './table.ts';
import { type Ink, showDuration, showMoment, type Terminal } from './terminal.ts';
import { readLimit } from './typed.ts';

/** What the commands about jobs take, as it was typed. */
export interface JobOptions extends AdministrationOptions {
  readonly config?: string;
}

export interface ListJobsOptions extends JobOptions {
  readonly status?: JobStatus;
  readonly tenant?: string;
  readonly limit: string;
}

const COLUMNS: readonly Column[] = [
  { title: 'created', rank: 1 },
  { title: 'id', rank: 0 },
  { title: 'status', rank: 0 },
  { title: 'tenant', rank: 3 },
  { title: 'model', rank: 2 },
  { title: 'attempts', rank: 2, align: 'right' },
  { title: 'took', rank: 3, align: 'right' },
  { title: 'why', rank: 1 },
];

const INKS: Readonly<Record<JobStatus, Ink>> = {
  queued: 'dim',
  running: 'cyan',
  succeeded: 'green',
  failed: 'red',
  cancelled: 'yellow',
  expired: 'red',
  dead: 'red',
};

export async function listTable(options: ListJobsOptions, terminal: Terminal): Promise<void> {
  const most = readLimit(options.limit);
  const jobs = await withQueue(options, async (queue) => {
    const { tenant = null, status = null } = options;
    return (await queue?.list({ owner: tenant, status, after: null, most }))?.jobs ?? [];
  });
  const { tenant } = options;
  if (jobs.length === 0 && tenant !== undefined) {
    await administer(options, (database) => requireTenant(database, tenant));
  }
  if (options.json) return terminal.write(jsonLines(jobs));
  printTable(terminal, COLUMNS, jobs.map(rowOf), 'no jobs');
}

export async function show(id: string, options: JobOptions, terminal: Terminal): Promise<void> {
  const job = await withQueue(options, async (queue) => (await queue?.get({ owner: null, id })) ?? null);
  tell(job ?? unknown(id), options, terminal);
}

export async function cancel(id: string, options: JobOptions, terminal: Terminal): Promise<void> {
  const job = await withQueue(options, async (queue) => {
    const before = (await queue?.get({ owner: null, id })) ?? unknown(id);
    if (hasEnded(before.status)) throw new Error(`${id} has ended already: it is ${before.status}`);
    return queue?.cancel({ owner: null, id, now: Date.now() });
  });
  tell(job ?? unknown(id), options, terminal);
}

export async function retry(id: string, options: JobOptions, terminal: Terminal): Promise<void> {
  const job = await withQueue(options, async (queue) => {
    const before = (await queue?.get({ owner: null, id })) ?? unknown(id);
    if (before.status !== 'dead') throw new Error(`${id} is ${before.status}; only a dead job can be run again`);
    return queue?.retry({ owner: null, id, now: Date.now() });
  });
  tell(job ?? unknown(id), options, terminal);
}

/** Opens the jobs for some work; null where there have never been any. */
async function withQueue<Result>(
  { config: file, data }: JobOptions,
  work: (queue: JobQueue | null) => Promise<Result>,
): Promise<Result> {
  const named = file !== undefined || (process.env['HOLDFAST_DATABASE'] ?? '') !== '';
  const config = named ? await loadConfig({ file, env: process.env }) : null;
  const jobs = config?.jobs ?? resolveJobs(undefined, { kind: 'sqlite' });
  const directory = data === undefined && config !== null ? config.data : dataDirectory(data);
  if (jobs.database.kind === 'sqlite' && !hasJobs(directory)) {
    if (config === null) requireDatabase(directory);
    return work(null);
  }
  const queue = openQueue({ jobs, data: directory }, (line) => console.error(`holdfast: ${line}`));
  try {
    return await work(queue);
  } finally {
    await queue.close();
  }
}

function unknown(id: string): never {
  throw new Error(`there is no job ${id} here; holdfast jobs lists those that are kept`);
}

function rowOf(job: Job): readonly { readonly text: string; readonly ink?: Ink }[] {
  const { createdAt, endedAt, fault } = job;
  return [
    { text: showMoment(createdAt), ink: 'dim' },
    { text: job.id },
    { text: job.status, ink: INKS[job.status] },
    { text: job.owner === '' ? '-' : job.owner },
    { text: job.model ?? '-' },
    { text: `${job.attempts}/${job.maxAttempts}` },
    { text: endedAt === null ? '-' : showDuration(endedAt - createdAt) },
    { text: fault === null ? '' : `${fault.kind}: ${fault.message}` },
  ];
}

function tell(job: Job, options: JobOptions, terminal: Terminal): void {
  if (options.json) return terminal.write(jsonLines([job]));
  const { paint } = terminal;
  const facts: readonly (readonly [string, string])[] = [
    ['status', paint(INKS[job.status], job.status)],
    ['endpoint', `/v1${job.path}`],
    ['model', job.model ?? '-'],
    ['tenant', job.owner === '' ? '-' : job.owner],
    ['came by', job.origin],
    ['attempts', `${job.attempts} of ${job.maxAttempts}${job.losses === 0 ? '' : `, ${job.losses} lost`}`],
    ['call', job.callId ?? '-'],
    ['answer', job.answerStatus === null ? '-' : `HTTP ${job.answerStatus}`],
    ['webhook', job.webhook === null ? '-' : `${job.webhook.state}, ${job.webhook.attempts} deliveries`],
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  terminal.write(`${paint('bold', job.id)}\n`);
  for (const [name, value] of facts) terminal.write(`  ${paint('dim', name.padEnd(width))}  ${value}\n`);
  for (const { at, status, why } of job.history) {
    terminal.write(`  ${paint('dim', showMoment(at, true))}  ${status}${why === null ? '' : `  ${why}`}\n`);
  }
  if (job.fault !== null) terminal.write(`  ${paint('yellow', 'remedy')}  ${job.fault.remedy}\n`);
}
