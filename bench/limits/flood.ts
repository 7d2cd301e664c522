import { seededRandom } from '../../src/engine/random.ts';
import { exponential } from '../../src/simulator/virtual/pace.ts';
import { EASY, type ProviderSpec } from '../../src/simulator/virtual/provider.ts';
import type { Crowd } from '../../src/simulator/virtual/world.ts';
import { quantile } from '../statistics.ts';
import { shown, table } from '../storm/yardsticks/yardstick.ts';
import { poisson } from './arrivals.ts';
import { clientsLike } from './clients.ts';
import { type Entry, keep, type Ledger } from './ledger.ts';
import { type Extent, held, type Line, samples } from './line.ts';
import { bySecond, crowd, limited, PLENTY, sceneOf } from './scenes.ts';
import { fairWorld, type FairWorld, jain } from './shares.ts';

const TENANTS = 20;

/** What a victim asks for, as a share of a twentieth of all there is; the flood asks for fifty times as much. */
const MODEST = 0.5;
const FLOOD = 50;

/** Of the replay. */
const CLIENTS = 100;

/** So long the engine lets people wait for a rate limit. */
const PATIENCE_MS = 60_000;

/** Until the limits of a provider, or its number of workers, are known. */
const UNKNOWN_S = 30;

interface Case {
  readonly id: string;
  readonly name: string;
  readonly provider: ProviderSpec;
  /** What there is to share, a second, in the unit of {@link Case.amountOf}. */
  readonly perSecond: number;
  /** What one call of a tenant takes of it. */
  readonly amountOf: (tenant: number) => number;
  readonly chargeOf: (tenant: number) => number;
}

const REQUESTS_PER_SECOND = 10;
const TOKENS_PER_SECOND = 7_000;
const SERVED_PER_SECOND = 100;

/** Calls of some hundred tokens for most, of thousands for whoever floods. */
function mixed(tenant: number): number {
  return tenant === 0 ? 2_000 : 300 + 40 * tenant;
}

const CASES: readonly Case[] = [
  {
    id: 'requests',
    name: 'a limit of requests',
    provider: limited({ atMs: 0, limits: bySecond(60 * REQUESTS_PER_SECOND, PLENTY) }),
    perSecond: REQUESTS_PER_SECOND,
    amountOf: () => 1,
    chargeOf: () => 500,
  },
  {
    id: 'tokens',
    name: "a limit of tokens, the flood's calls being the largest",
    provider: limited({ atMs: 0, limits: bySecond(PLENTY, 60 * TOKENS_PER_SECOND) }),
    perSecond: TOKENS_PER_SECOND,
    amountOf: mixed,
    chargeOf: mixed,
  },
  {
    id: 'workers',
    name: 'ten workers before an endless queue, and no limit told',
    provider: { ...EASY, id: 'a', workers: 10, pace: exponential(100) },
    perSecond: SERVED_PER_SECOND,
    amountOf: () => 1,
    chargeOf: () => 500,
  },
];

/** One of many tenants asks for far more than its share: what do the others notice? */
export const flood: Line = {
  title: '20 tenants, one of which floods with 50 times what the others ask for',

  async measure(extent) {
    const figures = [];
    const rows: string[][] = [];
    for (const each of CASES) {
      const found = await samples(extent, (seed) => measureFlood(each, seed, extent));
      const id = `flood.${each.id}`;
      figures.push(
        ...held(found, 'jain', `${id}.jain`, 'index', { atLeast: 0.99 }, 4),
        ...held(found, 'slower', `${id}.victim_p99_to_solo`, 'ratio', { atMost: 1.2 }, 2),
        ...held(found, 'failed', `${id}.victims_failed`, 'of calls', { atMost: 0.001 }, 4),
      );
      rows.push(rowOf(each.name, found));
    }
    const found = await samples(extent, (seed) => measureReplay(seed, extent));
    figures.push(
      ...held(found, 'jain', 'flood.replay.jain', 'index', { atLeast: 0.99 }, 4),
      ...held(found, 'slower', 'flood.replay.victim_p99_to_solo', 'ratio', { atMost: 1.2 }, 2),
      ...held(found, 'failed', 'flood.replay.victims_failed', 'of calls', { atMost: 0.001 }, 4),
    );
    rows.push(rowOf('100 clients with the rates of production, asking for half as much again as there is', found));
    const heads = [
      'what is scarce',
      'Jain index of share ÷ max-min share',
      "victims' p99 to first content ÷ solo",
      'failed, %',
    ];
    return { figures, page: table(heads, rows) };
  },
};

function rowOf(name: string, found: ReadonlyMap<string, readonly number[]>): string[] {
  const failed = (found.get('failed') ?? []).map((share) => share * 100);
  return [
    name,
    shown(found.get('jain') ?? [], 'more', 4),
    shown(found.get('slower') ?? [], 'less', 2),
    shown(failed, 'less', 2),
  ];
}

async function measureFlood(each: Case, seed: number, { quick }: Extent) {
  const { provider, perSecond, amountOf, chargeOf } = each;
  const seconds = quick ? 120 : 600;
  const crowdOf = (tenant: number): Crowd => {
    const asks = ((tenant === 0 ? FLOOD : 1) * MODEST * perSecond) / TENANTS / amountOf(tenant);
    return crowd({ gap: poisson(asks), caller: { tenant: `${tenant}` }, charged: chargeOf(tenant) });
  };
  const all = await keep(
    sceneOf(
      provider,
      seconds,
      Array.from({ length: TENANTS }, (_, at) => crowdOf(at)),
    ),
    seed,
  );
  const solo = await keep(sceneOf(provider, seconds * 4, [crowdOf(TENANTS / 2)]), seed);
  const victims = all.entries.filter((entry) => tenantOf(entry) > 0 && entry.order.at > UNKNOWN_S * 1000);
  return {
    jain: evenness(all, fairly(all, TENANTS, amountOf, perSecond, seconds), amountOf, seconds),
    slower: slowest(victims) / slowest(solo.entries),
    failed: victims.filter(({ answered }) => !answered).length / victims.length,
  };
}

/** Calls as skewed and as bursty as those of production, for half as much again as there is. */
async function measureReplay(seed: number, { quick }: Extent) {
  const seconds = quick ? 240 : 1200;
  const perSecond = 5 * REQUESTS_PER_SECOND;
  const provider = limited({ atMs: 0, limits: bySecond(60 * perSecond, PLENTY) });
  const clients = clientsLike(CLIENTS, 1.5 * perSecond, seconds * 1000, seededRandom(seed));
  const crowds = clients.map(({ gapMs }, at) => ({
    ...crowd({ gap: poisson(1), caller: { tenant: `${at}` } }),
    gapMs,
  }));
  const all = await keep(sceneOf(provider, seconds, crowds), seed);
  const fair = fairly(all, CLIENTS, () => 1, perSecond, seconds);
  // Those whose calls an even sharing would serve at once: nothing that the others do should be felt by them.
  const modest = modestOf(all, fair);
  const victims = all.entries.filter((entry) => modest.has(tenantOf(entry)) && entry.order.at > UNKNOWN_S * 1000);
  const alone = crowds.filter((_, at) => modest.has(at));
  const solo = await keep(sceneOf(provider, seconds, alone), seed);
  return {
    jain: evenness(all, fair, () => 1, seconds),
    slower: slowest(victims) / slowest(solo.entries),
    failed: victims.filter(({ answered }) => !answered).length / victims.length,
  };
}

/** Tenants of whose calls an even sharing would serve 99 of 100 within a second. */
function modestOf({ entries }: Ledger, { delaysMs }: FairWorld): ReadonlySet<number> {
  const calls = Array.from({ length: CLIENTS }, () => 0);
  const late = Array.from({ length: CLIENTS }, () => 0);
  for (const [at, entry] of entries.entries()) {
    const who = tenantOf(entry);
    calls[who] = (calls[who] ?? 0) + 1;
    if ((delaysMs[at] ?? 0) > 1000) late[who] = (late[who] ?? 0) + 1;
  }
  return new Set(calls.flatMap((count, who) => (count > 0 && (late[who] ?? 0) <= count / 100 ? [who] : [])));
}

function tenantOf({ order }: Entry): number {
  return Number(order.caller.tenant);
}

function slowest(entries: readonly Entry[]): number {
  return quantile(
    entries.map(({ contentMs }) => contentMs).filter((ms) => !Number.isNaN(ms)),
    0.99,
  );
}

/** What an even sharing would have made of the same calls. */
function fairly(
  { entries }: Ledger,
  tenants: number,
  amountOf: (tenant: number) => number,
  perSecond: number,
  seconds: number,
): FairWorld {
  const asks = entries.map((entry) => {
    const who = tenantOf(entry);
    return { at: entry.order.at, who, amount: amountOf(who), patienceMs: PATIENCE_MS };
  });
  return fairWorld(asks, tenants, perSecond / 1000, seconds * 1000);
}

/** How evenly each tenant was given what it had to be given. */
function evenness({ entries }: Ledger, fair: FairWorld, amountOf: (tenant: number) => number, seconds: number): number {
  const given = fair.given.map(() => 0);
  for (const entry of entries) {
    if (!entry.answered || entry.order.at + entry.waitMs > seconds * 1000) continue;
    const who = tenantOf(entry);
    given[who] = (given[who] ?? 0) + amountOf(who);
  }
  return jain(given.map((amount, who) => (fair.given[who] === 0 ? 1 : amount / (fair.given[who] ?? 1))));
}
