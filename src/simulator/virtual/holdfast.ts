import type { BreakerState } from '../../engine/health/breaker.ts';
import { type Call, NOTHING_SAID } from '../../engine/call.ts';
import { Cancellation } from '../../engine/cancellation.ts';
import type { Fault } from '../../engine/fault/fault.ts';
import type { Hints } from '../../engine/health/hints.ts';
import { Hedger, type HedgePolicy } from '../../engine/hedge/hedger.ts';
import { line } from '../../engine/line.ts';
import { Pins } from '../../engine/pins.ts';
import {
  type BreakerPolicy,
  type BudgetPolicy,
  DEFAULT_BREAKER,
  DEFAULT_BUDGET,
  DEFAULT_FALLBACK_ON,
  DEFAULT_RETRY,
  DEFAULT_TIMEOUTS,
  type PacingPolicy,
  type RetryPolicy,
  type Timeouts,
} from '../../engine/policy.ts';
import type { Dialect, Endpoint, Exchange, Receiver } from '../../engine/ports.ts';
import type { CallRecord } from '../../engine/record.ts';
import type { Reply } from '../../engine/reply.ts';
import type { Handler } from '../../engine/route.ts';
import { sharePacing } from '../../engine/sharing/pace-word.ts';
import { Target } from '../../engine/target.ts';
import { isRightBody, isRightStream, piecesOf } from './answer.ts';
import { ANSWERED, type Client, type Order, type Verdict } from './order.ts';
import type { Service } from './provider.ts';
import type { ClientMaker, Site } from './world.ts';

/** How the engine is set up in a run; what is left out is as it ships. */
export interface HoldfastOptions {
  /** Reads the providers' wire format, which is that of chat completions. */
  readonly dialect: Dialect;
  /** For streams and whole answers alike. */
  readonly timeouts?: Partial<Timeouts>;
  readonly retry?: Partial<RetryPolicy>;
  readonly budget?: Partial<BudgetPolicy>;
  readonly breaker?: Partial<BreakerPolicy>;
  readonly pacing?: Partial<PacingPolicy>;
  /** Word between engines that are to pace themselves together. @default they know nothing of each other */
  readonly hints?: { readonly self: string; readonly hints: Hints } | null;
  /** The providers are replicas: one rung, instead of one each. @default false */
  readonly replicas?: boolean;
  /** When a second attempt runs beside a slow first. @default never */
  readonly hedge?: HedgePolicy;
  /** Hears of each order's record, for measures that the tale does not hold. */
  readonly told?: (order: Order, record: CallRecord) => void;
}

/** The engine itself, between the callers and the providers of a world: each provider is one rung, unless they are replicas. */
export function holdfast(options: HoldfastOptions): ClientMaker {
  return (site) => new Holdfast(site, options);
}

interface Guarded {
  readonly target: Target;
  readonly endpoint: WatchedEndpoint;
  readonly budget: BudgetPolicy;
  retries: number;
  successes: number;
  /** Of the breaker, as it was seen last. */
  state: BreakerState['name'];
}

class Holdfast implements Client {
  readonly #site: Site;
  readonly #handle: Handler;
  readonly #targets: Map<string, Guarded>;
  readonly #live = new Berths();
  readonly #told: HoldfastOptions['told'];
  readonly #stopSharing: () => void;
  #records = 0;
  #made = 0;

  constructor(site: Site, options: HoldfastOptions) {
    this.#site = site;
    this.#told = options.told;
    const budget = { ...DEFAULT_BUDGET, ...options.budget };
    const breaker = { ...DEFAULT_BREAKER, ...options.breaker };
    const guarded = site.providers.map((provider): Guarded => {
      const endpoint = new WatchedEndpoint(provider, (call) => this.#attempted(call, endpoint.id));
      return {
        target: new Target(endpoint, {
          budget,
          breaker,
          ...(options.pacing === undefined ? {} : { pacing: options.pacing }),
        }),
        endpoint,
        budget,
        retries: 0,
        successes: 0,
        state: 'closed',
      };
    });
    this.#targets = new Map(guarded.map((each) => [each.endpoint.id, each]));
    const { hints = null } = options;
    const accounts = guarded.map(({ target }) => target.account);
    this.#stopSharing = hints === null ? () => undefined : sharePacing(accounts, hints.hints, site.clock, hints.self);
    const totalMs = site.scene.deadlineMs ?? DEFAULT_TIMEOUTS.whole.totalMs;
    const candidates = guarded.map(({ target }) => ({ target, model: null, weight: 1 }));
    const route = {
      id: 'virtual',
      ladder: options.replicas === true ? [candidates] : candidates.map((candidate) => [candidate]),
      hedger: options.hedge === undefined ? null : new Hedger(options.hedge),
      timeouts: { ...DEFAULT_TIMEOUTS.stream, totalMs, ...options.timeouts },
      wholeTimeouts: { ...DEFAULT_TIMEOUTS.whole, totalMs, ...options.timeouts },
      retry: { ...DEFAULT_RETRY, ...options.retry },
      fallbackOn: DEFAULT_FALLBACK_ON,
    };
    this.#handle = line({
      clock: site.clock,
      random: site.random,
      pins: new Pins(),
      emit: (record) => this.#recorded(record),
      dialectOf: () => options.dialect,
      routeOf: () => route,
    });
  }

  get targets(): readonly Target[] {
    return [...this.#targets.values()].map(({ target }) => target);
  }

  async make(order: Order): Promise<Verdict> {
    const entry: Entry = { order, ended: false };
    const call = callOf(entry, this.#live.take(entry), this.#site);
    this.#made += 1;
    const reply = await this.#handle(call);
    const verdict = await this.#read(order, reply);
    if (!entry.ended) this.#broken(order, 'it ended and left no record');
    this.#live.leave(call.id);
    return verdict;
  }

  close(): void {
    this.#stopSharing();
    const { rules } = this.#site;
    if (this.#records !== this.#made) rules.broken(null, `${this.#made} calls left ${this.#records} records`);
    for (const { target } of this.#targets.values()) {
      const { state } = target.breaker;
      if (state.name === 'half-open' && state.busy !== 0) {
        rules.broken(null, `${target.id}: ${state.busy} probes of the breaker were never given back`);
      }
    }
  }

  // The rules ----------------------------------------------------------------------------------------------------

  #attempted(call: OrderedCall, target: string): void {
    const { clock } = this.#site;
    const { entry } = call;
    const { order } = entry;
    if (entry.ended) this.#broken(order, 'an attempt was made after its record');
    if (clock.now() >= order.deadlineAt) this.#broken(order, 'an attempt was made after its deadline');
    const attempt = call.attempts.at(-1);
    const guarded = this.#targets.get(target);
    if (guarded === undefined) return;
    this.#look();
    const { state } = guarded.target.breaker;
    if (state.name === 'open') {
      const waited = call.waitedMs > 0 ? `, after a wait of ${call.waitedMs.toFixed(1)} ms` : '';
      this.#broken(order, `an attempt was made at ${target} although its breaker is open${waited}`);
    }
    if (attempt?.reason !== 'retry') return;
    guarded.retries += 1;
    const { capacity, costPerRetry, refillPerSuccess } = guarded.budget;
    const most = (capacity + guarded.successes * refillPerSuccess) / costPerRetry;
    // The success that pays for a retry may be of the very moment, and its record still on the way.
    if (guarded.retries > most + 1) this.#broken(order, `retry ${guarded.retries} at ${target} had no budget`);
  }

  #recorded(record: CallRecord): void {
    this.#records += 1;
    const entry = this.#live.at(record.id);
    if (entry === null) return this.#site.rules.broken(null, `a record of ${record.id}, which is not under way`);
    if (entry.ended) this.#broken(entry.order, 'it left two records');
    entry.ended = true;
    this.#told?.(entry.order, record);
    this.#look();
    for (const attempt of record.attempts) {
      const guarded = this.#targets.get(attempt.target);
      if (guarded !== undefined && attempt.fault === null) guarded.successes += 1;
    }
  }

  /** Notes what the breakers have done since the last look. */
  #look(): void {
    for (const guarded of this.#targets.values()) {
      const { name } = guarded.target.breaker.state;
      if (name === guarded.state) continue;
      this.#site.note(`${guarded.endpoint.id}: ${guarded.state} → ${name}`);
      guarded.state = name;
    }
  }

  #broken(order: Order, what: string): void {
    this.#site.rules.broken(order.id, what);
  }

  // The caller ---------------------------------------------------------------------------------------------------

  #read(order: Order, reply: Reply): Verdict | Promise<Verdict> {
    switch (reply.kind) {
      case 'failed':
        return reply.fault.kind;
      case 'whole':
        if (reply.fault !== null) return reply.fault.kind;
        if (!isRightBody(piecesOf(order), reply.body)) this.#broken(order, 'it was given half an answer as whole');
        return ANSWERED;
      case 'stream':
        return new Promise((resolve) => this.#readStream(order, reply, resolve));
    }
  }

  #readStream(order: Order, reply: Reply & { kind: 'stream' }, resolve: (verdict: Verdict) => void): void {
    const chunks: Uint8Array[] = [];
    let failed: Fault | null = null;
    reply.stream.start({
      write: (chunk) => chunks.push(chunk) > 0,
      end: () => undefined,
      fail: (fault) => (failed = fault),
    });
    // The engine's own listener comes first: when the verdict is given, the record has been left.
    reply.stream.onEnding(({ fault }) => {
      if (fault === null && failed === null && !isRightStream(piecesOf(order), chunks)) {
        this.#broken(order, 'its stream claims to be complete and is not');
      }
      if (fault !== null && Buffer.concat(chunks).includes('[DONE]')) {
        this.#broken(order, 'its stream failed and yet says that it is done');
      }
      resolve(fault === null ? ANSWERED : fault.kind);
    });
  }
}

/** A provider as the engine sees it; whoever watches the rules hears of each attempt as it begins. */
class WatchedEndpoint implements Endpoint {
  readonly id: string;
  readonly provider = 'openai';
  readonly #provider: Service;
  readonly #attempted: (call: OrderedCall) => void;

  constructor(provider: Service, attempted: (call: OrderedCall) => void) {
    this.id = provider.spec.id;
    this.#provider = provider;
    this.#attempted = attempted;
  }

  open(call: Call, _model: string | null, receiver: Receiver): Exchange {
    this.#attempted(call as OrderedCall);
    const request = this.#provider.receive((call as OrderedCall).entry.order, receiver);
    // A virtual caller reads at once: nobody ever asks for a pause.
    return { abort: () => request.leave(), pause: () => undefined, resume: () => undefined };
  }
}

/** An order under way, and whether it has left its record. */
interface Entry {
  readonly order: Order;
  ended: boolean;
}

/** A call that knows what it was made for. */
interface OrderedCall extends Call {
  readonly entry: Entry;
}

/**
 * The orders under way, by the berth that their call's id ends with. A Map from ids would do, but for the time it takes:
 * V8 chains a Map's old tables to its new ones, and with them every call of millions to the next, until a full collection.
 */
class Berths {
  readonly #entries: (Entry | null)[] = [];
  readonly #free: number[] = [];

  /** Gives the entry a berth, and the call an id. */
  take(entry: Entry): string {
    const berth = this.#free.pop() ?? this.#entries.length;
    this.#entries[berth] = entry;
    return `${entry.order.id}-${berth}`;
  }

  at(id: string): Entry | null {
    return this.#entries[berthOf(id)] ?? null;
  }

  leave(id: string): void {
    this.#entries[berthOf(id)] = null;
    this.#free.push(berthOf(id));
  }
}

function berthOf(id: string): number {
  return Number(id.slice(id.indexOf('-') + 1));
}

const NO_BODY = Buffer.from('{}');

function callOf(entry: Entry, id: string, { clock }: Site): OrderedCall {
  return {
    entry,
    id,
    door: 'in-process',
    caller: entry.order.caller,
    queueMs: 0,
    operation: 'chat',
    method: 'POST',
    path: '/chat/completions',
    headers: {},
    body: NO_BODY,
    model: 'gpt-4o',
    stream: entry.order.stream,
    choices: 1,
    pins: [],
    startedAt: clock.now(),
    arrivedAt: clock.wall(),
    patienceMs: null,
    callerRetries: 0,
    expectedTokens: entry.order.charged,
    admission: null,
    cancellation: new Cancellation(),
    problem: null,
    parsed: null,
    notes: NOTHING_SAID,
    told: NOTHING_SAID,
    route: null,
    attempts: [],
    waitedMs: 0,
    upstreamMs: 0,
  };
}
