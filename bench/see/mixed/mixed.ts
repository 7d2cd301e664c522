import { setTimeout as sleep } from 'node:timers/promises';
import { type Figure, figure } from '../../figures.ts';
import { openBooks } from './books.ts';
import { callAll, type MixedTraffic, type Seen } from './callers.ts';
import { MixedHouse, TENANTS } from './house.ts';
import { reckon, type Reckoning } from './reckoning.ts';

/** Sums are carried over within a second or two; a busy machine takes longer. */
const SETTLED_WITHIN_MS = 30_000;

/** Calls a second: enough for several at a time, few enough that one machine plays every part. */
const PER_SECOND = 25;

/** Half as long as the gateway lets anybody listen. */
const LISTEN_ANEW_MS = 5 * 60_000;

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

/** Whether what is shown of a mixed run is true, and where it is not. */
export async function mixedFigures(seconds: number): Promise<{ readonly figures: Figure[]; readonly words: string }> {
  const { compared, differences } = await mixedRun({ calls: seconds * PER_SECOND, perSecond: PER_SECOND });
  const figures = [
    figure('mixed.numbers_compared', compared, 'numbers', { atLeast: 130 }, 0),
    figure('mixed.numbers_that_differ', differences.length, 'numbers', { atMost: 0 }, 0),
  ];
  return { figures, words: differences.map(({ what, values }) => `- ${what}: ${JSON.stringify(values)}`).join('\n') };
}

/** A mixed run, and whether all that is shown of it is true. */
export async function mixedRun(traffic: MixedTraffic): Promise<Reckoning & { readonly seen: Seen }> {
  const house = await MixedHouse.open();
  const since = Date.now();
  const over = new AbortController();
  try {
    const live: Record<string, number> = Object.fromEntries(LIVE.map((name) => [name, 0]));
    const { promise: listening, resolve } = Promise.withResolvers<void>();
    const watching = watch(house, over.signal, live, resolve);
    // Calls that end before anybody listens are told to nobody.
    await Promise.race([listening, watching]);
    const seen = await callAll(house, traffic);
    const settled = async (): Promise<boolean> =>
      live['calls'] === traffic.calls && (await counted(house, since)) === traffic.calls;
    const until = performance.now() + SETTLED_WITHIN_MS;
    while (performance.now() < until && !(await settled())) await sleep(200);
    const books = await openBooks(house, TENANTS, since);
    over.abort();
    await watching;
    return { ...reckon({ seen, providers: house.providers, books, live }), seen };
  } finally {
    over.abort();
    await house.close();
  }
}

async function counted(house: MixedHouse, since: number): Promise<number> {
  const { total } = (await house.admin(`/overview?from=${new Date(since).toISOString()}`)) as {
    readonly total: { readonly calls: number };
  };
  return total.calls;
}

/** Adds up what is told live. Whoever listens is let go after ten minutes: before that the next begins to listen. */
async function watch(
  house: MixedHouse,
  over: AbortSignal,
  live: Record<string, number>,
  onListening: () => void,
): Promise<void> {
  const heard = new Set<unknown>();
  const listen = async (): Promise<void> => {
    let first = true;
    for await (const frame of house.frames(over)) {
      // The first is for a page that has nothing to show yet, and told again with the rest of its second.
      if (first) onListening();
      const isTold = first || heard.has(frame['at']);
      first = false;
      if (isTold) continue;
      heard.add(frame['at']);
      for (const name of LIVE) live[name] = (live[name] ?? 0) + (frame[name] as number);
    }
  };
  const listening = [listen()];
  while (!over.aborted) {
    await sleep(LISTEN_ANEW_MS, undefined, { signal: over }).catch(() => undefined);
    if (!over.aborted) listening.push(listen());
  }
  await Promise.all(listening);
}
