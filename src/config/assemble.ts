import type { Dispatcher } from 'undici';
import type { Call } from '../engine/call.ts';
import { Room } from '../engine/admission/room.ts';
import { Account } from '../engine/sharing/account.ts';
import type { Clock, Random } from '../engine/clock.ts';
import type { Fault } from '../engine/fault/fault.ts';
import type { Fitting } from '../engine/fitting.ts';
import { Conversations } from '../engine/conversations.ts';
import { Hedger } from '../engine/hedge/hedger.ts';
import { line } from '../engine/line.ts';
import { Pins } from '../engine/pins.ts';
import type { Candidate } from '../engine/plan.ts';
import type { PacingPolicy, RoutePolicy } from '../engine/policy.ts';
import type { Emit } from '../engine/ports.ts';
import type { Counters, Tell } from '../engine/admission/quota.ts';
import type { Handler, Route } from '../engine/route.ts';
import { Target } from '../engine/target.ts';
import { PayloadThread } from '../payload/thread/payload-thread.ts';
import { makerAt } from '../providers/catalogue/catalogue.ts';
import { PriceList } from '../providers/catalogue/price-list.ts';
import { dialectOf } from '../providers/dialects.ts';
import { ownerOf } from '../providers/native-wires.ts';
import { demands } from '../providers/openai/demand.ts';
import { conversationKey } from '../providers/openai/conversation-key.ts';
import { AnswerMemory } from '../storage/answers/memory.ts';
import { MemoryCounters } from '../storage/counters/memory.ts';
import type { Config, TargetConfig } from './config.ts';
import { KeptAnswers } from './kept-answers.ts';
import { continuations } from './continuing.ts';
import { matchRoute } from './match.ts';
import { degradedRungs, type RungDeps } from './rungs.ts';
import { ownPrices } from './prices.ts';
import { endpointFor, type OpenEndpoint } from './endpoints.ts';
import type { ToldModels } from './limits/told-models.ts';
import { fittings, type SummaryCalls, summaryRoute } from './fitting.ts';
import { parsedUpTo, requestCheck } from './validation.ts';

export interface AssemblyDeps extends RungDeps {
  readonly random: Random;
  readonly emit: Emit;
  /** Whether people's calls may come, for whom background work keeps places free. @default true */
  readonly people?: boolean;
  /** A target refused its key: is another in use by now? @default never */
  readonly renewKey?: ((target: string, sentAt: number, fault: Fault) => Promise<boolean>) | undefined;
  /** Where prompts are made to fit. @default a thread of its own, if a route asks for it */
  readonly payload?: PayloadThread | undefined;
  /** What the targets tell of their models' limits. @default only the catalogue is known */
  readonly told?: ToldModels | undefined;
  /** Sends every target's calls instead of connection pools of our own. */
  readonly dispatcher?: Dispatcher;
  /** Where the use of limits is counted. @default in memory, for this line alone */
  readonly counters?: Counters | undefined;
  /** Told of limits that run out. @default nobody */
  readonly tell?: Tell | undefined;
}

/** A configuration brought to life. */
export interface Assembly {
  readonly handle: Handler;
  readonly targets: readonly Target[];
  /** Where calls wait for room in their callers' limits. */
  readonly room: Room;
  /** Bodies up to this size are best parsed where they arrive (parsedUpTo of readRequest), in bytes. */
  readonly parsedUpTo: number;
  /** Breaks every connection; for after the last call. */
  close(): Promise<void>;
}

/** Builds the line that a configuration describes. */
export function assemble(
  config: Pick<Config, 'targets' | 'routes'> & Partial<Pick<Config, 'prices'>>,
  deps: AssemblyDeps,
): Assembly {
  const endpoints = new Map(
    config.targets.map((target) => [target.id, endpointFor(target, deps.dispatcher, deps.told)]),
  );
  const accounts = accountsOf(config.targets);
  const targets = new Map(
    config.targets.map((target) => {
      const policies = { ...target, ownKey: target.key.kind !== 'caller', people: deps.people ?? true };
      const endpoint = endpoints.get(target.id) as OpenEndpoint;
      return [target.id, new Target(endpoint, policies, accounts.get(target.account))];
    }),
  );
  const { clock, random, emit } = deps;
  const thread = deps.payload ?? new PayloadThread();
  const summaries: SummaryCalls = new WeakMap();
  // Summaries pass the line that they are made for.
  const fits = fittings(
    config.routes,
    { clock, thread, handle: (call) => handle(call), told: deps.told ?? null },
    summaries,
  );
  const memory = new AnswerMemory();
  const routes = config.routes.map((policy) => routeFor(policy, targets, fits.get(policy.id) ?? null, memory, deps));
  const room = new Room(clock);
  const handle = line({
    clock,
    random,
    emit,
    check: requestCheck(config),
    pins: new Pins(),
    dialectOf,
    routeOf: fits.size === 0 ? routeOf : routeOrSummaryRoute,
    renewKey: deps.renewKey,
    continuationOf: continuations(config.targets),
    admit: {
      counters: deps.counters ?? new MemoryCounters(),
      demands,
      prices: priceList(config),
      tell: deps.tell ?? (() => undefined),
      room,
    },
  });
  return {
    handle,
    targets: [...targets.values()],
    room,
    parsedUpTo: parsedUpTo(config.routes),
    async close() {
      if (deps.payload === undefined) await thread.close();
      await Promise.all([...endpoints.values()].map((endpoint) => endpoint.close()));
    },
  };

  function routeOrSummaryRoute(call: Call): Route | null {
    const summary = summaries.get(call);
    return summary === undefined ? routeOf(call) : summaryRoute(summary, call, routeOf, targets);
  }

  function routeOf(call: Call): Route | null {
    const owner = call.operation === 'passthrough' ? ownerOf(call.path) : null;
    if (owner !== null) return routeTo(owner);
    return routes[matchRoute(config.routes, call.model)] ?? null;
  }

  /** What only one provider has goes to the first of its targets, under the rules of the route that has it. */
  function routeTo(provider: string): Route | null {
    for (const route of routes) {
      const found = route.ladder.flat().find(({ target }) => target.endpoint.provider === provider);
      if (found !== undefined) return { ...route, ladder: [[{ ...found, model: null }]] };
    }
    return null;
  }
}

/** What the targets' models cost: the operator's own prices, and the list prices of their makers. */
export function priceList({
  targets,
  prices = [],
}: Pick<Config, 'targets'> & Partial<Pick<Config, 'prices'>>): PriceList {
  const priced = targets.map(({ id, provider, baseUrl }) => ({ id, maker: makerAt(provider, baseUrl) }));
  return new PriceList(priced, ownPrices(prices));
}

/** The accounts that the targets' keys are of. Where several of one account state its limits, the lowest hold. */
function accountsOf(targets: readonly TargetConfig[]): ReadonlyMap<string, Account> {
  const pacing = new Map<string, PacingPolicy>();
  for (const target of targets) {
    const known = pacing.get(target.account);
    pacing.set(target.account, known === undefined ? target.pacing : stricter(known, target.pacing));
  }
  return new Map([...pacing].map(([id, policy]) => [id, new Account(id, policy)]));
}

function stricter(one: PacingPolicy, other: PacingPolicy): PacingPolicy {
  const least = (a: number | null, b: number | null): number | null => (a === null ? b : Math.min(a, b ?? a));
  return {
    enabled: one.enabled && other.enabled,
    requestsPerMinute: least(one.requestsPerMinute, other.requestsPerMinute),
    tokensPerMinute: least(one.tokensPerMinute, other.tokensPerMinute),
  };
}

function routeFor(
  policy: RoutePolicy,
  targets: ReadonlyMap<string, Target>,
  fit: Fitting | null,
  memory: AnswerMemory,
  deps: RungDeps,
): Route {
  const { id, timeouts, wholeTimeouts, retry } = policy;
  // Who asks for a larger window wants a prompt that is too long here to be taken elsewhere.
  const moves = policy.fit?.strategies.includes('larger-window') === true;
  const fallbackOn = moves ? new Set([...policy.fallbackOn, 'context-length' as const]) : policy.fallbackOn;
  const ladder = policy.ladder.map((rung) =>
    rung.targets.map(({ target: name, model, weight }): Candidate => {
      const target = targets.get(name);
      if (target === undefined) throw new Error(`route ${id} names an unknown target ${name}`);
      return { target, model, weight };
    }),
  );
  const { degraded = [] } = policy;
  const answers = keptAnswers(policy, memory, deps.clock);
  const rungs = degraded.length === 0 ? null : degradedRungs(id, degraded, answers, deps);
  const cached = (policy.cache ?? null) !== null;
  const conversations = policy.stick === 'conversation' ? new Conversations(conversationKey, deps.clock) : null;
  const hedger = policy.hedge ? new Hedger(policy.hedge) : null;
  return {
    id,
    timeouts,
    wholeTimeouts,
    retry,
    fallbackOn,
    ladder,
    fit,
    degraded: rungs,
    hedger,
    answers,
    cached,
    continues: policy.continues ?? false,
    conversations,
  };
}

/** Keeps the answers of a route that gives them again; null for one that does not. */
function keptAnswers(
  { cache = null, degraded = [] }: RoutePolicy,
  memory: AnswerMemory,
  clock: Clock,
): KeptAnswers | null {
  const stale = degraded.flatMap((rung) => (rung.rung === 'stale' ? [rung.maxAgeMs] : []));
  const policy = { ttlMs: cache?.ttlMs ?? null, staleMs: stale.length === 0 ? null : Math.max(...stale) };
  return policy.ttlMs === null && policy.staleMs === null ? null : new KeptAnswers(memory, clock, policy);
}
