import { createClient } from 'redis';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { figure } from '../figures.ts';
import { table } from '../storm/yardsticks/yardstick.ts';
import { type Answer, House, Load, mostInAMinute } from './house.ts';
import type { Extent, Line, Section } from './line.ts';

const GATEWAYS = 3;

/** Limits a minute. Calls come to `over*` at one and a half times the limit, to `under` at two thirds of it. */
const REQUESTS = 600;
const TOKENS = 30_000;
const TOKENS_A_CALL = 50;

/** Redis and the callers see the end of a call at slightly different moments: that many calls are no difference. */
const SAME = 0.02;

/** Three gateways and one Redis, over real HTTP: how well limits hold, with Redis there and with Redis killed under load. */
export const replicas: Line = {
  title: 'Three gateways that share their limits through Redis, which is killed for half a minute under load',
  measure,
};

async function measure({ quick }: Extent): Promise<Section> {
  const house = await House.open({
    main: join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js'),
    gateways: GATEWAYS,
    tenants: {
      overRequests: { requestsPerMinute: REQUESTS },
      overTokens: { tokensPerMinute: TOKENS },
      under: { requestsPerMinute: REQUESTS },
      moving: { requestsPerMinute: REQUESTS },
    },
  });
  try {
    const load = new Load(house);
    const [first, ...others] = house.gateways;
    load.begin('overRequests', (1.5 * REQUESTS) / 60);
    load.begin('overTokens', (1.5 * TOKENS) / TOKENS_A_CALL / 60);
    load.begin('under', (0.67 * REQUESTS) / 60);
    load.begin('moving', (1.5 * REQUESTS) / 60, first === undefined ? [] : [first]);
    // At one and a half times its limit, a tenant has used it up after some forty seconds and begins anew after sixty:
    // Redis is killed when each has just had everything.
    await sleep(quick ? 0 : 75_000);
    await allRefused(load, Date.now());
    const away: Away = { from: Date.now(), to: Number.POSITIVE_INFINITY, rightAfterMs: 0 };
    await house.redis.kill();
    load.begin('moving', (1.5 * REQUESTS) / 60, others);
    await sleep(quick ? 10_000 : 30_000);
    away.to = Date.now();
    await house.redis.restart();
    away.rightAfterMs = await untilRight(house, load);
    await sleep(quick ? 10_000 : 70_000);
    return sectionOf(await load.end(), away);
  } finally {
    await house.close();
  }
}

/** Resolves when each tenant that comes to its limit has been refused since then. */
async function allRefused(load: Load, since: number): Promise<void> {
  const patience = Date.now() + 120_000;
  const refused = (tenant: string): boolean =>
    load.answers.some((answer) => answer.tenant === tenant && answer.status === 429 && answer.sentAt >= since);
  while (!WATCHED.every(({ tenant }) => refused(tenant))) {
    if (Date.now() > patience) throw new Error('the machine is too slow to bring tenants to their limits');
    await sleep(50);
  }
}

/** When Redis was away, and how long it took afterwards until counts were right. */
interface Away {
  from: number;
  to: number;
  rightAfterMs: number;
}

/**
 * What may be let through in a minute at most when Redis goes, of the limit; docs/replicas.md has the reasons. The share
 * on top is for calls that callers and gateways date differently.
 */
const BOUND_EVEN = 1.05;
const BOUND_MOVED = Number((2 - 1 / GATEWAYS + 0.01).toFixed(2));

interface Watched {
  readonly name: string;
  readonly tenant: string;
  readonly limit: number;
  readonly bound: number;
  readonly amount: (answer: Answer) => number;
}

const one = (): number => 1;
const WATCHED: readonly Watched[] = [
  { name: 'requests', tenant: 'overRequests', limit: REQUESTS, bound: BOUND_EVEN, amount: one },
  { name: 'tokens', tenant: 'overTokens', limit: TOKENS, bound: BOUND_EVEN, amount: ({ tokens }) => tokens },
  { name: 'moved_requests', tenant: 'moving', limit: REQUESTS, bound: BOUND_MOVED, amount: one },
];

function sectionOf(answers: readonly Answer[], away: Away): Section {
  const figures = [];
  const rows: string[][] = [];
  for (const { name, tenant, limit, bound, amount } of WATCHED) {
    const all = answers.filter((answer) => answer.tenant === tenant);
    const shared = mostInAMinute(
      all.filter(({ endedAt }) => endedAt < away.from),
      amount,
    );
    // Every minute with a part of the absence in it, or with calls that were let through in it.
    const around = mostInAMinute(
      all.filter(({ endedAt }) => endedAt > away.from - 60_000 && endedAt < away.to + 60_000),
      amount,
    );
    figures.push(
      figure(`replicas.${name}.most_in_a_minute`, shared / limit, 'of the limit', { atMost: 1.01 }, 4),
      figure(`replicas.${name}.let_through`, shared / limit, 'of the limit', { atLeast: 0.99 }, 4),
      figure(`replicas.${name}.most_with_redis_away`, around / limit, 'of the limit', { atMost: bound }, 4),
    );
    rows.push([name, ...[shared / limit, around / limit].map((share) => `${(share * 100).toFixed(1)} %`)]);
  }
  const failed = answers.filter(({ status }) => status !== 200 && status !== 429).length;
  const refused = answers.filter(({ tenant, status }) => tenant === 'under' && status === 429).length;
  const seconds = away.rightAfterMs / 1000;
  figures.push(
    figure('replicas.failed', failed, 'calls', { atMost: 0 }, 0),
    figure('replicas.refused_below_the_limit', refused, 'calls', { atMost: 0 }, 0),
    figure('replicas.right_again', seconds, 's', { atMost: 10 }, 1),
  );
  const heads = ['limit', 'most in a minute', 'most in one with Redis away'];
  const counts =
    `${answers.length} calls, ${failed} failed. Of a tenant below its limit ${refused} were refused. ` +
    `Counts were right ${seconds.toFixed(1)} s after Redis was back, with nothing in it.`;
  return { figures, page: `${table(heads, rows)}\n\n${counts}` };
}

/** Looks into Redis itself until it counts what callers have had. @returns how long that took. */
async function untilRight(house: House, load: Load): Promise<number> {
  const backAt = performance.now();
  const client = createClient({ url: house.redis.url });
  await client.connect();
  try {
    while (performance.now() - backAt < 60_000) {
      const [requests, tokens] = await Promise.all([
        counted(client, 'overRequests', 'requests'),
        counted(client, 'overTokens', 'tokens'),
      ]);
      const had = (tenant: string, amount: (answer: Answer) => number): number => {
        const from = Date.now() - 60_000;
        const recent = load.answers.filter(
          (answer) => answer.tenant === tenant && answer.status === 200 && answer.endedAt > from,
        );
        return recent.reduce((sum, answer) => sum + amount(answer), 0);
      };
      const off = [
        Math.abs(requests - had('overRequests', () => 1)) / REQUESTS,
        Math.abs(tokens - had('overTokens', (answer) => answer.tokens)) / TOKENS,
      ];
      if (Math.max(...off) <= SAME) return performance.now() - backAt;
      await sleep(50);
    }
    return Number.POSITIVE_INFINITY;
  } finally {
    client.destroy();
  }
}

/** Settled use and what calls under way hold, without what no call has been given. */
async function counted(
  client: { hGetAll(key: string): Promise<Record<string, string>> },
  tenant: string,
  measure: string,
): Promise<number> {
  const { t = '0', h = '' } = await client.hGetAll(`holdfast:1:{holdfast}:quota:tenant:${tenant} ${measure}/minute`);
  const holds = h === '' ? [] : h.split(',').map((hold) => hold.split(':').map(Number));
  return Number(t) + holds.reduce((sum, [, held = 0, idle = 0]) => sum + held - idle, 0);
}
