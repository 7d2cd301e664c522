import type { Done } from '../../jobs/bulk/journal.ts';
import { clip, showDuration } from '../terminal.ts';

/** Redrawn so often on a screen, ms; elsewhere a line is written now and then. */
const SCREEN_EVERY_MS = 250;
const LINE_EVERY_MS = 10_000;

/** The rate is taken over the last so many ms: long enough to be calm, short enough to show a stall. */
const RATE_OVER_MS = 15_000;

const CLEAR_LINE = '\r\u001B[K';

export interface ProgressOptions {
  readonly total: number;
  readonly done: () => Done;
  /** Beside the output: the error stream. */
  readonly write: (text: string) => void;
  /** Columns of a screen; null elsewhere. */
  readonly screen: number | null;
}

/** Tells how far the work is until the function it returns is called. */
export function showProgress({ total, done, write, screen }: ProgressOptions): () => void {
  const rate = new Rate(countOf(done()));
  const tell = (): void => {
    const now = performance.now();
    const state = done();
    const line = progressLine(state, total, rate.at(now, countOf(state)));
    // A line that fills the screen's last column would wrap, and could not be cleared.
    if (screen !== null) write(CLEAR_LINE + clip(line, screen - 1));
    else write(`${line}\n`);
  };
  const timer = setInterval(tell, screen === null ? LINE_EVERY_MS : SCREEN_EVERY_MS);
  return () => {
    clearInterval(timer);
    if (screen !== null) write(CLEAR_LINE);
  };
}

/** How far it is, in one line. @param perSecond requests that end each second; 0 while nobody knows */
export function progressLine(state: Done, total: number, perSecond: number): string {
  const count = countOf(state);
  const percent = total === 0 ? 100 : Math.floor((count / total) * 100);
  const left = perSecond > 0 ? `, ${showDuration(((total - count) / perSecond) * 1000)} left` : '';
  return `${bar(count, total)} ${count}/${total} ${percent}%  ${perSecond.toFixed(1)}/s${left}${faultsOf(state)}${costOf(state)}`;
}

function countOf({ answered, failed }: Done): number {
  return answered + failed;
}

function bar(count: number, total: number): string {
  const width = 20;
  const full = total === 0 ? width : Math.floor((count / total) * width);
  return `[${'='.repeat(full)}${' '.repeat(width - full)}]`;
}

/** What has failed, by kind, the most frequent first. */
export function faultsOf({ faults }: Pick<Done, 'faults'>): string {
  if (faults.size === 0) return '';
  const sorted = [...faults].toSorted(([, one], [, other]) => other - one);
  return `  failed: ${sorted.map(([kind, count]) => `${count} ${kind}`).join(', ')}`;
}

export function costOf({ cost, unpriced, answered, failed }: Done): string {
  if (answered + failed === unpriced) return '';
  const dollars = `$${(cost / 1e6).toFixed(cost < 1e6 ? 4 : 2)}`;
  return unpriced > 0 ? `  ${dollars} and ${unpriced} of unknown price` : `  ${dollars}`;
}

/** Requests that ended each second of late. */
class Rate {
  readonly #points: { readonly at: number; readonly count: number }[];

  constructor(count: number) {
    this.#points = [{ at: performance.now(), count }];
  }

  at(now: number, count: number): number {
    this.#points.push({ at: now, count });
    while (this.#points.length > 2 && now - (this.#points[0]?.at ?? now) > RATE_OVER_MS) this.#points.shift();
    const first = this.#points[0];
    return first === undefined || now <= first.at ? 0 : ((count - first.count) / (now - first.at)) * 1000;
  }
}
