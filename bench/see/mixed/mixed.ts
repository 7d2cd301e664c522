import { setTimeout as sleep } from 'node:timers/promises';
import { openBooks } from './books.ts';
import { callAll, type MixedTraffic, type Seen } from './callers.ts';
import { MixedHouse, TENANTS } from './house.ts';
import { reckon, type Reckoning } from './reckoning.ts';

/** Sums are carried over within a second or two; a busy machine takes longer. */
const SETTLED_WITHIN_MS = 30_000;

/** What is told live of every second, and can be added up. */
const LIVE = [
  'calls',
  'answered',
  'failed',
  'interrupted',
  'cancelled',
  'attempts',
  'retries',
  'fallbacks',
  'inputTokens',
  'outputTokens',
  'cost',
] as const;

/** A mixed run, and whether all that is shown of it is true. */
export async function mixedRun(traffic: MixedTraffic): Promise<Reckoning & { readonly seen: Seen }> {
  const house = await MixedHouse.open();
  const over = new AbortController();
  try {
    const live: Record<string, number> = Object.fromEntries(LIVE.map((name) => [name, 0]));
    const watching = watch(house, over.signal, live);
    const seen = await callAll(house, traffic);
    const settled = async (): Promise<boolean> =>
      live['calls'] === traffic.calls &&
      (await house.admin('/overview'))['total'] !== null &&
      (await counted(house)) === traffic.calls;
    const until = performance.now() + SETTLED_WITHIN_MS;
    while (performance.now() < until && !(await settled())) await sleep(200);
    const books = await openBooks(house, TENANTS);
    over.abort();
    await watching;
    return { ...reckon({ seen, providers: house.providers, books, live }), seen };
  } finally {
    over.abort();
    await house.close();
  }
}

async function counted(house: MixedHouse): Promise<number> {
  const { total } = (await house.admin('/overview')) as { readonly total: { readonly calls: number } };
  return total.calls;
}

/** Adds up what is told live. */
async function watch(house: MixedHouse, over: AbortSignal, live: Record<string, number>): Promise<void> {
  for await (const frame of house.frames(over)) {
    for (const name of LIVE) live[name] = (live[name] ?? 0) + (frame[name] as number);
  }
}
