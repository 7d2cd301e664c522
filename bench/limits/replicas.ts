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
    },
  });
  try {
    const load = new Load(house);
    load.begin('overRequests', (1.5 * REQUESTS) / 60);
    load.begin('overTokens', (1.5 * TOKENS) / TOKENS_A_CALL / 60);
    load.begin('under', (0.67 * REQUESTS) / 60);
    await sleep(quick ? 65_000 : 130_000);
    const killedAt = Date.now();
    await house.redis.kill();
    await sleep(quick ? 10_000 : 30_000);
    await house.redis.restart();
    const rightAfterMs = await untilRight(house, load);
    await sleep(quick ? 10_000 : 70_000);
    const answers = await load.end();
    return sectionOf(answers, killedAt, rightAfterMs);
  } finally {
    await house.close();
  }
}

function sectionOf(answers: readonly Answer[], killedAt: number, rightAfterMs: number): Section {
  const of = (tenant: string): Answer[] => answers.filter((answer) => answer.tenant === tenant);
  const before = (all: readonly Answer[]): Answer[] => all.filter(({ endedAt }) => endedAt < killedAt);
  const requests = { all: of('overRequests'), amount: () => 1, limit: REQUESTS };
  const tokens = { all: of('overTokens'), amount: (answer: Answer) => answer.tokens, limit: TOKENS };
  const failed = answers.filter(({ status }) => status !== 200 && status !== 429).length;
  const refused = of('under').filter(({ status }) => status === 429).length;
  const figures = [];
  const rows: string[][] = [];
  for (const [name, { all, amount, limit }] of Object.entries({ requests, tokens })) {
    const shared = mostInAMinute(before(all), amount) / limit;
    const whole = mostInAMinute(all, amount) / limit;
    figures.push(
      figure(`replicas.${name}.most_in_a_minute`, shared, 'of the limit', { atMost: 1.01 }, 4),
      figure(`replicas.${name}.let_through`, shared, 'of the limit', { atLeast: 0.99 }, 4),
      figure(`replicas.${name}.most_with_redis_away`, whole, 'of the limit', { atMost: BOUND }, 4),
    );
    rows.push([name, ...[shared, whole].map((share) => `${(share * 100).toFixed(1)} %`)]);
  }
  figures.push(
    figure('replicas.failed', failed, 'calls', { atMost: 0 }, 0),
    figure('replicas.refused_below_the_limit', refused, 'calls', { atMost: 0 }, 0),
    figure('replicas.right_again', rightAfterMs / 1000, 's', { atMost: 10 }, 1),
  );
  const counts = `${answers.length} calls, ${failed} failed; ${refused} of a tenant below its limit were refused. Counts were right again ${(rightAfterMs / 1000).toFixed(1)} s after Redis was back, empty.`;
  return {
    figures,
    page: `${table(['limit', 'most in a minute', 'the same with Redis away'], rows)}\n\n${counts}`,
  };
}

/** See docs/replicas.md: where calls are spread evenly, as here, parts add up to the whole, less what has not been heard yet. */
const BOUND = 1.05;

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
