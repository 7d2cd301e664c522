import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Outlet } from '../../engine/sharing/outlet.ts';
import type { Target } from '../../engine/target.ts';
import type { Family, Sample } from './families.ts';

/**
 * How the targets stand at the moment of a scrape.
 * @param now clock time, ms
 */
export function targetFamilies(targets: readonly Target[], now: () => number): Family[] {
  const each = (value: (target: Target) => number): (() => Sample[]) => {
    return () => targets.map((target) => ({ labels: { target: target.id }, value: value(target) }));
  };
  return [
    {
      name: 'holdfast_breaker_state',
      help: '1 for the state that the breaker of a target is in.',
      type: 'gauge',
      samples: () =>
        targets.flatMap(({ id, breaker }) =>
          (['closed', 'open', 'half-open'] as const).map((state) => ({
            labels: { target: id, state },
            value: breaker.state.name === state ? 1 : 0,
          })),
        ),
    },
    gauge(
      'holdfast_target_awaiting_content',
      'Calls that await the first content.',
      each((target) => target.concurrency.inFlight),
    ),
    gauge(
      'holdfast_target_concurrency_limit',
      'Calls that may await it at a time.',
      each((target) => target.concurrency.limit),
    ),
    gauge(
      'holdfast_target_queue_length',
      'Calls that wait for their turn.',
      each((target) => target.account.waiting),
    ),
    gauge(
      'holdfast_retry_budget_tokens',
      'Retries that the budget would pay for now.',
      each((target) => target.budget.tokens),
    ),
    gauge('holdfast_provider_limit', 'Rate limit of an account a minute, configured or learnt.', () =>
      providerLimits(targets),
    ),
    gauge(
      'holdfast_provider_headroom_ratio',
      "What is left of an account's rate limits, 0 to 1; calls wait at 0. Of limits that are known.",
      () =>
        outletsOf(targets).flatMap(({ account, model, pacer }) =>
          pacer.known ? [{ labels: { account, model }, value: Math.min(1, Math.max(0, pacer.headroom(now()))) }] : [],
        ),
    ),
  ];
}

function providerLimits(targets: readonly Target[]): Sample[] {
  return outletsOf(targets).flatMap(({ account, model, pacer }) =>
    (['requests', 'tokens'] as const)
      .map((unit): Sample => ({ labels: { account, model, unit }, value: pacer.limits[unit] }))
      .filter(({ value }) => Number.isFinite(value)),
  );
}

/** More models of an account than this are not shown: callers may ask for any name. */
const MOST_OUTLETS = 200;

function outletsOf(targets: readonly Target[]): { account: string; model: string; pacer: Outlet['pacer'] }[] {
  const accounts = new Set(targets.map(({ account }) => account));
  return Array.from(accounts).flatMap(({ id, outlets }) =>
    Array.from(outlets, ([model, { pacer }]) => ({ account: id, model, pacer })).slice(0, MOST_OUTLETS),
  );
}

/** A budget, as far as it is shown. */
export interface BudgetUse {
  readonly level: string;
  readonly holder: string;
  readonly period: string;
  /** Used of the limit. */
  readonly share: number;
}

/** More budgets than this are not shown; those nearest to their end are. */
const MOST_BUDGETS = 200;

/** Use of budgets. @param budgets the nearest to its end first */
export function budgetFamilies(budgets: () => readonly BudgetUse[]): Family[] {
  return [
    gauge('holdfast_budget_used_ratio', 'Used of a budget, as far as this process knows; 1: all of it.', () =>
      budgets()
        .slice(0, MOST_BUDGETS)
        .map(({ level, holder, period, share }) => ({ labels: { level, holder, period }, value: share })),
    ),
  ];
}

/** How jobs stand, and how many have ended, each by its status. */
export interface JobFacts {
  readonly standing: Readonly<Record<string, number>>;
  readonly endings: Readonly<Record<string, number>>;
}

/** Jobs. Those that stand in the store are the same for all gateways that share it; those that ended did so at this one. */
export function jobFamilies(facts: () => JobFacts): Family[] {
  const each = (counts: Readonly<Record<string, number>>): Sample[] =>
    Object.entries(counts).map(([status, value]) => ({ labels: { status }, value }));
  return [
    gauge('holdfast_jobs', 'Jobs that wait, run or are dead, as counted within the last seconds.', () =>
      each(facts().standing),
    ),
    counter('holdfast_jobs_ended_total', 'Jobs that ended at this gateway, by how.', () => each(facts().endings)),
  ];
}

/** What the process itself is doing. */
export interface ProcessFacts {
  /** Calls under way. */
  readonly running: () => number;
  /** Records that wait to be stored, and those that were given up. */
  readonly recordsPending: () => number;
  readonly recordsDropped: () => number;
}

/** How often the event loop is looked at, ms: often enough to see a stall of a few, too seldom to cost. */
const LOOP_RESOLUTION_MS = 20;

/** The process as a whole. The delay of the event loop is what was seen since the last scrape. */
export function processFamilies({ running, recordsPending, recordsDropped }: ProcessFacts): Family[] {
  const loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  loop.enable();
  return [
    gauge('holdfast_calls_running', 'Calls under way.', one(running)),
    gauge('holdfast_records_pending', 'Records that wait to be stored.', one(recordsPending)),
    counter(
      'holdfast_records_dropped_total',
      'Records given up because they could not be stored.',
      one(recordsDropped),
    ),
    gauge('holdfast_event_loop_delay_seconds', 'Delay of the event loop since the last scrape.', () => delays(loop)),
    gauge(
      'process_resident_memory_bytes',
      'Memory in use.',
      one(() => process.memoryUsage.rss()),
    ),
    counter('process_cpu_seconds_total', 'Processor time used.', one(cpuSeconds)),
    gauge(
      'process_start_time_seconds',
      'When the process started, seconds since 1970.',
      one(() => STARTED_SECONDS),
    ),
  ];
}

const STARTED_SECONDS = Math.round((Date.now() - process.uptime() * 1000) / 1000);

function delays(loop: ReturnType<typeof monitorEventLoopDelay>): Sample[] {
  // The histogram holds the whole interval, of which the resolution was wanted.
  const seconds = (ns: number): number => Math.max(0, ns / 1e9 - LOOP_RESOLUTION_MS / 1000);
  const samples =
    loop.count === 0
      ? []
      : [0.5, 0.99, 1].map((quantile): Sample => ({
          labels: { quantile },
          value: seconds(quantile === 1 ? loop.max : loop.percentile(quantile * 100)),
        }));
  loop.reset();
  return samples;
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function one(value: () => number): () => Sample[] {
  return () => [{ labels: {}, value: value() }];
}

function gauge(name: string, help: string, samples: () => Sample[]): Family {
  return { name, help, type: 'gauge', samples };
}

function counter(name: string, help: string, samples: () => Sample[]): Family {
  return { name, help, type: 'counter', samples };
}
