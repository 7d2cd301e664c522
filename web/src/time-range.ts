import { computed, type ReadonlySignal, signal } from '@preact/signals';
import { query, setQuery } from './router.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The ranges that end now. */
export const RANGES = [
  { id: '15m', label: '15 min', words: 'the last 15 minutes', ms: 15 * MINUTE },
  { id: '1h', label: '1 h', words: 'the last hour', ms: HOUR },
  { id: '6h', label: '6 h', words: 'the last 6 hours', ms: 6 * HOUR },
  { id: '24h', label: '24 h', words: 'the last 24 hours', ms: DAY },
  { id: '7d', label: '7 d', words: 'the last 7 days', ms: 7 * DAY },
  { id: '30d', label: '30 d', words: 'the last 30 days', ms: 30 * DAY },
] as const;

const USUAL = RANGES[1];

/** From when to when a page looks. */
export type TimeRange =
  | { readonly kind: 'last'; readonly id: string; readonly ms: number; readonly words: string }
  | { readonly kind: 'fixed'; readonly from: number; readonly to: number; readonly words: string };

export const timeRange: ReadonlySignal<TimeRange> = computed(() => {
  const [from, to] = [Number(query('from')), Number(query('to'))];
  if (from > 0 && to > from) return { kind: 'fixed', from, to, words: 'the chosen time' };
  const { id, ms, words } = RANGES.find((range) => range.id === query('range')) ?? USUAL;
  return { kind: 'last', id, ms, words };
});

/** The range as the admin API takes it. */
export function rangeQuery(range: TimeRange): Record<string, string> {
  if (range.kind === 'last') return { from: range.id };
  return { from: new Date(range.from).toISOString(), to: new Date(range.to).toISOString() };
}

/** How often figures of this range are asked for again when nothing tells of news, ms; a fixed past does not change. */
export function freshness(range: TimeRange): { everyMs: number | null; hearsNews: boolean } {
  if (range.kind === 'fixed') return { everyMs: null, hearsNews: false };
  return range.ms <= 6 * HOUR ? { everyMs: 10_000, hearsNews: true } : { everyMs: 60_000, hearsNews: false };
}

export function chooseRange(id: string): void {
  setQuery({ range: id === USUAL.id ? null : id, from: null, to: null });
}

/** Looks closer, at what was marked in a chart. */
export function chooseFixed(from: number, to: number): void {
  setQuery({ range: null, from: String(Math.round(from)), to: String(Math.round(to)) });
}

/** Where the crosshair of all charts stands, as a step of the series; null: nowhere. */
export const crosshair = signal<number | null>(null);
