import type { Simulator, SimulatorStats } from '../../../src/simulator/index.ts';
import { quantile } from '../../statistics.ts';
import type { Books, OverviewTotal, ShownCall } from './books.ts';
import type { Seen } from './callers.ts';
import type { Json } from './house.ts';

/** A number that is not the same everywhere. */
interface Difference {
  readonly what: string;
  /** What it is in each place. */
  readonly values: Readonly<Record<string, number>>;
}

/** What came of comparing. */
export interface Reckoning {
  /** Numbers shown that were compared with another count of the same. */
  readonly compared: number;
  readonly differences: readonly Difference[];
}

/** All who kept count of a run. */
export interface Witnesses {
  readonly seen: Seen;
  readonly providers: Readonly<Record<string, Pick<Simulator, 'stats'>>>;
  readonly books: Books;
  /** What the frames came to that were told while it ran. */
  readonly live: Readonly<Record<string, number>>;
}

/** Faults that are no status: the answer breaks off, or never begins. */
const BREAKING: ReadonlySet<string> = new Set(['cut', 'cut-before-headers']);

/** Sums of money are added up in different orders. */
const ROUNDING = 1e-9;

/** What is shown of latencies is within one per cent; their true value is told in whole microseconds. */
const SKETCH_ERROR = 0.0101;

/** Compares every number that is shown of a run with every other count of the same thing. */
export function reckon(witnesses: Witnesses): Reckoning {
  const book = new Comparison();
  compareCalls(witnesses, book);
  compareAttempts(witnesses, book);
  compareFaults(witnesses, book);
  compareTokensAndMoney(witnesses, book);
  compareSeries(witnesses, book);
  compareLatencies(witnesses, book);
  return book;
}

class Comparison implements Reckoning {
  compared = 0;
  readonly differences: Difference[] = [];

  /** All have to be the same. */
  same(what: string, values: Readonly<Record<string, number>>, tolerance: number = ROUNDING): void {
    const all = Object.values(values);
    this.compared += all.length - 1;
    const [least, most] = [Math.min(...all), Math.max(...all)];
    // Not the other way round: what is no number differs from everything.
    if (!(most - least <= tolerance * Math.max(1, Math.abs(most)))) this.differences.push({ what, values });
  }
}

function compareCalls({ seen, books, live }: Witnesses, book: Comparison): void {
  const { total } = books.overview;
  const { metric } = books;
  book.same('calls', {
    callers: sum(Object.values(seen.endings)),
    overview: numberOf(total, 'calls'),
    metrics: metric('holdfast_calls_total'),
    'metrics, durations': metric('holdfast_call_duration_seconds_count'),
    'list of calls': new Set(books.calls.map(({ id }) => id)).size,
    costs: numberOf(books.costs.total, 'calls'),
    live: live['calls'] ?? NaN,
  });
  for (const [outcome, callers] of Object.entries(seen.endings)) {
    const listed = books.calls.filter((call) => call.outcome === outcome).length;
    const shown = numberOf(total, outcome);
    const metrics = metric('holdfast_calls_total', { outcome });
    book.same(`calls ${outcome}`, {
      callers,
      overview: shown,
      metrics,
      'list of calls': listed,
      live: live[outcome] ?? NaN,
    });
  }
  for (const [tenant, callers] of Object.entries(seen.byTenant)) {
    const overview = numberOf(books.ofTenants.get(tenant), 'calls');
    const metrics = metric('holdfast_calls_total', { tenant });
    const listed = books.calls.filter((call) => call.tenant === tenant).length;
    book.same(`calls of ${tenant}`, { callers, overview, metrics, 'list of calls': listed });
  }
  for (const [model, callers] of Object.entries(seen.byModel)) {
    const listed = books.calls.filter((call) => call.model === model).length;
    book.same(`calls for ${model}`, {
      callers,
      metrics: metric('holdfast_calls_total', { model }),
      'list of calls': listed,
    });
  }
}

function compareAttempts({ seen, providers, books, live }: Witnesses, book: Comparison): void {
  const { total } = books.overview;
  const { metric, cells } = books;
  book.same('attempts', {
    providers: sum(Object.values(providers).map(({ stats }) => stats.requests)),
    overview: numberOf(total, 'attempts'),
    metrics: metric('holdfast_attempts_total'),
    live: live['attempts'] ?? NaN,
  });
  for (const [name, reason] of [
    ['retries', 'retry'],
    ['fallbacks', 'fallback'],
  ] as const) {
    const metrics = metric('holdfast_attempts_total', { reason });
    const matrix = sum(cells.map((cell) => cell[name]));
    book.same(name, { overview: numberOf(total, name), metrics, matrix, live: live[name] ?? NaN });
  }
  for (const [target, { stats }] of Object.entries(providers)) {
    for (const [model, requests] of Object.entries(stats.byModel)) {
      // What follows the @ asks the simulator for a fault, and is no part of the name to it.
      const names = new Set([model, ...Object.keys(seen.byModel).filter((name) => name.startsWith(`${model}@`))]);
      const matching = cells.filter((cell) => cell.target === target && names.has(cell.model ?? ''));
      book.same(`attempts for ${model} at ${target}`, {
        provider: requests,
        matrix: sum(matching.map(({ attempts }) => attempts)),
        metrics: sum([...names].map((name) => metric('holdfast_attempts_total', { target, model: name }))),
      });
    }
  }
  const left = sum(Object.values(providers).map(({ stats }) => stats.aborted));
  book.same('calls that were left', { providers: left, overview: numberOf(total, 'cancelled') });
}

function compareFaults({ providers, books }: Witnesses, book: Comparison): void {
  const { total } = books.overview;
  const { metric, cells, faults } = books;
  for (const [target, { stats }] of Object.entries(providers)) {
    const of = <Row extends { readonly target: string | null }>(rows: readonly Row[]): Row[] =>
      rows.filter((row) => row.target === target);
    book.same(`attempts that failed at ${target}`, {
      provider: failedAt(stats),
      matrix: sum(of(cells).map(({ failed }) => failed)),
      faults: sum(of(faults).map(({ attempts }) => attempts)),
      metrics: metric('holdfast_attempts_total', { target }) - metric('holdfast_attempts_total', { target, fault: '' }),
    });
  }
  for (const { kind, calls, attempts } of total.faults) {
    const grouped = faults.filter((group) => group.kind === kind);
    book.same(`calls told ${kind}`, {
      overview: calls,
      faults: sum(grouped.map((group) => group.calls)),
      metrics: metric('holdfast_calls_total', { fault: kind }),
    });
    book.same(`attempts that met ${kind}`, {
      overview: attempts,
      faults: sum(grouped.map((group) => group.attempts)),
      metrics: metric('holdfast_attempts_total', { fault: kind }),
    });
  }
}

/** Attempts that came to nothing at a provider: those refused, those broken off, and those whose callers left. */
function failedAt({ byStatus, byFault, aborted }: SimulatorStats): number {
  const refused = Object.entries(byStatus).filter(([status]) => Number(status) >= 400);
  const broken = Object.entries(byFault).filter(([fault]) => BREAKING.has(fault));
  return sum([...refused, ...broken].map(([, count]) => count)) + aborted;
}

function compareTokensAndMoney({ seen, books, live }: Witnesses, book: Comparison): void {
  const { total } = books.overview;
  const { metric, costs, ofTenants } = books;
  for (const [name, type] of [
    ['inputTokens', 'input'],
    ['outputTokens', 'output'],
  ] as const) {
    const metrics = metric('holdfast_tokens_total', { type });
    book.same(name, { callers: seen[name], overview: numberOf(total, name), metrics, live: live[name] ?? NaN });
  }
  book.same('cost', {
    overview: numberOf(total, 'cost'),
    metrics: metric('holdfast_cost_dollars_total'),
    costs: numberOf(costs.total, 'cost'),
    live: live['cost'] ?? NaN,
  });
  book.same('calls without a price', {
    overview: numberOf(total, 'unpriced'),
    metrics: metric('holdfast_calls_unpriced_total'),
  });
  for (const [tenant, ofTenant] of ofTenants) {
    book.same(`cost of ${tenant}`, {
      overview: numberOf(ofTenant, 'cost'),
      metrics: metric('holdfast_cost_dollars_total', { tenant }),
      costs: numberOf(
        costs.data.find(({ id }) => id === tenant),
        'cost',
      ),
    });
  }
}

/** What is drawn adds up to what stands above it. */
function compareSeries({ books: { overview } }: Witnesses, book: Comparison): void {
  for (const [name, total] of Object.entries(overview.total)) {
    if (typeof total !== 'number') continue;
    book.same(`${name}, step by step`, { total, steps: sum((overview.series[name] ?? []).map((value) => value ?? 0)) });
  }
}

function compareLatencies({ books }: Witnesses, book: Comparison): void {
  const told = (value: (call: ShownCall) => number | null): number[] =>
    books.calls.map(value).filter((ms) => ms !== null);
  const all = { durationMs: told((call) => call.durationMs), firstContentMs: told((call) => call.firstContentMs) };
  for (const [name, values] of Object.entries(all)) {
    const shown = books.overview.total[name] as Readonly<Record<string, number>> | null;
    for (const [label, q] of [
      ['p50', 0.5],
      ['p95', 0.95],
      ['p99', 0.99],
    ] as const) {
      const recounted = quantile(values, q);
      book.same(`${name}, ${label}`, { overview: shown?.[label] ?? NaN, 'list of calls': recounted }, SKETCH_ERROR);
    }
  }
}

function numberOf(from: OverviewTotal | Json | undefined, name: string): number {
  const value = from?.[name];
  return typeof value === 'number' ? value : NaN;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
