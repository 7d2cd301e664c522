import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Call } from '../src/engine/call.ts';
import { ANYONE, type Caller } from '../src/engine/caller.ts';
import type { Clock } from '../src/engine/clock.ts';
import type { Demands } from '../src/engine/admission/demand.ts';
import { line } from '../src/engine/line.ts';
import { Pins } from '../src/engine/pins.ts';
import {
  DEFAULT_BREAKER,
  DEFAULT_BUDGET,
  DEFAULT_FALLBACK_ON,
  DEFAULT_RETRY,
  DEFAULT_TIMEOUTS,
} from '../src/engine/policy.ts';
import type { Endpoint, Exchange, Receiver } from '../src/engine/ports.ts';
import type { Quota } from '../src/engine/admission/quota.ts';
import { seededRandom } from '../src/engine/random.ts';
import type { CallRecord } from '../src/engine/record.ts';
import { callAt } from '../src/engine/scripted.test-support.ts';
import { Target } from '../src/engine/target.ts';
import { VirtualClock } from '../src/engine/virtual-clock.ts';
import { PriceList } from '../src/providers/catalogue/price-list.ts';
import { chat } from '../src/providers/openai/chat.ts';
import { MemoryCounters } from '../src/storage/counters/memory.ts';

/** How one attempt goes at the provider. */
interface Turn {
  readonly kind: 'answer' | 'unavailable' | 'limited' | 'hang' | 'reset' | 'cut';
  /** Milliseconds to the first content, and for all of the answer after it. */
  readonly waitMs: number;
  readonly writeMs: number;
  readonly tellsUsage: boolean;
}

interface Order {
  readonly atMs: number;
  readonly stream: boolean;
  readonly promptTokens: number;
  /** By how much the estimate of the prompt is too high. */
  readonly slack: number;
  readonly outputTokens: number;
  /** Whether the request says how long the answer may be. */
  readonly states: boolean;
  /** The caller hangs up after so long; 0: it does not. */
  readonly leavesAfterMs: number;
  readonly queueMs: number;
  readonly turns: readonly Turn[];
}

const turn: fc.Arbitrary<Turn> = fc.record({
  kind: fc.constantFrom<Turn['kind'][]>('answer', 'answer', 'answer', 'unavailable', 'limited', 'hang', 'reset', 'cut'),
  waitMs: fc.integer({ min: 1, max: 8_000 }),
  writeMs: fc.integer({ min: 500, max: 30_000 }),
  tellsUsage: fc.boolean(),
});

const order: fc.Arbitrary<Order> = fc.record({
  atMs: fc.integer({ min: 0, max: 100_000 }),
  stream: fc.boolean(),
  promptTokens: fc.integer({ min: 1, max: 40 }),
  slack: fc.integer({ min: 0, max: 10 }),
  outputTokens: fc.integer({ min: 1, max: 80 }),
  states: fc.boolean(),
  leavesAfterMs: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 20_000 })),
  queueMs: fc.constantFrom(0, 0, 5_000, 60_000),
  turns: fc.array(turn, { minLength: 1, maxLength: 4 }),
});

/** What an attempt has really taken of the provider. */
interface Use {
  readonly callId: string;
  readonly target: string;
  readonly from: number;
  to: number;
  tokens: number;
  /** It began to answer, and wants money for it. */
  billed: boolean;
  /** Nobody could know it exactly. */
  guessed: boolean;
}

const MODEL = 'house-1';
/** Dollars for a million tokens: the second target is dearer. */
const PRICES: Readonly<Record<string, number>> = { near: 1, far: 3 };

/** A provider that plays each order's turns, and keeps account of what it did. */
class PlayedEndpoint implements Endpoint {
  readonly provider = 'openai';
  readonly id: string;
  readonly #clock: Clock;
  readonly #ordersById: ReadonlyMap<string, Order>;
  readonly #turnsTaken: Map<string, number>;
  readonly #uses: Use[];

  constructor(id: string, clock: Clock, orders: ReadonlyMap<string, Order>, taken: Map<string, number>, uses: Use[]) {
    this.id = id;
    this.#clock = clock;
    this.#ordersById = orders;
    this.#turnsTaken = taken;
    this.#uses = uses;
  }

  open(call: Call, _model: string | null, receiver: Receiver): Exchange {
    const order = this.#ordersById.get(call.id) as Order;
    const number = this.#turnsTaken.get(call.id) ?? 0;
    this.#turnsTaken.set(call.id, number + 1);
    const turn = order.turns[Math.min(number, order.turns.length - 1)] as Turn;
    const now = this.#clock.wall();
    // While it is under way, nobody on this side can know.
    const use: Use = { callId: call.id, target: this.id, from: now, to: now, tokens: 0, billed: false, guessed: true };
    this.#uses.push(use);
    const state = { live: true };
    const later = (ms: number, then: () => void): void => {
      this.#clock.after(ms, () => {
        if (!state.live) return;
        use.to = this.#clock.wall();
        then();
      });
    };
    const end = (): void => void (state.live = false);
    // The cap that admission has written, as a provider would obey it.
    const most = outputCap(call);
    const output = Math.min(order.outputTokens, most);
    receiver.onSent();
    if (turn.kind === 'unavailable' || turn.kind === 'limited') {
      later(turn.waitMs, () => {
        end();
        use.guessed = false;
        const code = turn.kind === 'limited' ? 'rate_limit_exceeded' : 'server_is_overloaded';
        receiver.onHead(turn.kind === 'limited' ? 429 : 503, JSON_HEADERS);
        receiver.onData(Buffer.from(JSON.stringify({ error: { message: code, type: code, code, param: null } })));
        receiver.onEnd();
      });
    } else {
      use.tokens = order.promptTokens;
      if (turn.kind === 'reset') {
        later(turn.waitMs, () => {
          end();
          receiver.onError(Object.assign(new Error('other side closed'), { code: 'ECONNRESET' }));
        });
      } else if (turn.kind !== 'hang') this.#write(turn, order, output, { use, receiver, later, end });
    }
    return { abort: end, pause: () => undefined, resume: () => undefined };
  }

  #write(
    turn: Turn,
    { stream, promptTokens }: Order,
    output: number,
    wire: { use: Use; receiver: Receiver; later: (ms: number, then: () => void) => void; end: () => void },
  ): void {
    const { use, receiver, later, end } = wire;
    const usage = { prompt_tokens: promptTokens, completion_tokens: output };
    const madeIn = Math.max(turn.waitMs, output * MS_PER_TOKEN);
    const cutAt = turn.kind === 'cut' ? Math.floor(output / 2) : output;
    if (!stream) {
      later(madeIn, () => {
        end();
        use.billed = true;
        const text = JSON.stringify({
          choices: [{ index: 0, message: { content: 'x'.repeat(output * 4) }, finish_reason: 'stop' }],
          ...(turn.tellsUsage ? { usage } : {}),
        });
        use.tokens += cutAt;
        use.guessed = turn.kind === 'cut' || !turn.tellsUsage;
        receiver.onHead(200, JSON_HEADERS);
        receiver.onData(Buffer.from(turn.kind === 'cut' ? text.slice(0, -5) : text));
        receiver.onEnd();
      });
      return;
    }
    later(turn.waitMs, () => {
      use.billed = true;
      receiver.onHead(200, { 'content-type': 'text/event-stream' });
    });
    for (let token = 0; token < cutAt; token += 1) {
      later(turn.waitMs + ((token + 1) * turn.writeMs) / output, () => {
        use.tokens += 1;
        receiver.onData(event({ choices: [{ index: 0, delta: { content: 'x' }, finish_reason: null }] }));
      });
    }
    later(turn.waitMs + turn.writeMs + 1, () => {
      end();
      if (turn.kind !== 'cut') {
        use.guessed = !turn.tellsUsage;
        receiver.onData(event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }));
        if (turn.tellsUsage) receiver.onData(event({ choices: [], usage }));
        receiver.onData(Buffer.from('data: [DONE]\n\n'));
      }
      receiver.onEnd();
    });
  }
}

/** A fast model. */
const MS_PER_TOKEN = 4;

const JSON_HEADERS = { 'content-type': 'application/json' };

function event(data: object): Buffer {
  return Buffer.from(`data: ${JSON.stringify(data)}\n\n`);
}

function outputCap(call: Call): number {
  const { cap } = JSON.parse(Buffer.from(call.body as Uint8Array).toString()) as { cap?: number };
  return cap ?? Number.POSITIVE_INFINITY;
}

/** Reads an order as a request would be read: the prompt on the high side, the output as far as it is stated. */
function demandsOf(orders: ReadonlyMap<string, Order>): Demands {
  return {
    read: ({ id }) => {
      const { promptTokens, slack, outputTokens, states } = orders.get(id) as Order;
      return {
        promptTokens: promptTokens + slack,
        promptMember: 'messages',
        continues: false,
        outputTokens: states ? outputTokens : null,
        outputMember: states ? 'max_completion_tokens' : null,
        unattended: false,
        hidesUsage: false,
        costsUnread: false,
        generates: true,
      };
    },
    cap: (_, tokens) => Buffer.from(JSON.stringify({ cap: tokens })),
    askUsage: ({ body }) => body as Uint8Array,
    mostOutput: () => 500,
    thinks: () => false,
  };
}

function quota(measure: Quota['measure'], period: Quota['period'], amount: number): Quota {
  const id = `tenant:t ${measure}/${period}`;
  return { id, level: 'tenant', holder: 't', measure, period, amount, warnAt: null, refuses: true };
}

interface Played {
  readonly uses: readonly Use[];
  readonly records: readonly CallRecord[];
  readonly counters: MemoryCounters;
  readonly quotas: readonly Quota[];
  readonly clock: VirtualClock;
  readonly admittedAt: readonly number[];
}

async function play(orders: readonly Order[], seed: number): Promise<Played> {
  const clock = new VirtualClock(Date.UTC(2026, 4, 14, 12));
  const byId = new Map(orders.map((each, index) => [`hf-${index}`, each] as const));
  const taken = new Map<string, number>();
  const uses: Use[] = [];
  const targets = Object.keys(PRICES).map((id) => {
    const endpoint = new PlayedEndpoint(id, clock, byId, taken, uses);
    const adaptive = { suspicion: false, throttle: false, concurrency: false, keys: false };
    return new Target(endpoint, { budget: DEFAULT_BUDGET, breaker: DEFAULT_BREAKER, adaptive });
  });
  const counters = new MemoryCounters();
  const quotas = [
    quota('tokens', 'minute', 100),
    quota('requests', 'minute', 6),
    quota('calls', 'moment', 3),
    quota('money', 'month', 100_000),
  ];
  const caller: Caller = { ...ANYONE, tenant: 't', quotas };
  const records: CallRecord[] = [];
  const admittedAt: number[] = [];
  const timeouts = {
    ...DEFAULT_TIMEOUTS.stream,
    firstContentMs: 10_000,
    idleMs: 20_000,
    headersMs: 10_000,
    totalMs: 60_000,
  };
  const handle = line({
    clock,
    random: seededRandom(seed),
    pins: new Pins(),
    emit: (record) => {
      records.push(record);
      if (record.attempts.length > 0) admittedAt.push(record.at + (record.attempts[0]?.startedMs ?? 0));
    },
    dialectOf: () => chat,
    routeOf: () => ({
      id: 'r',
      ladder: targets.map((target) => [{ target, model: null, weight: 1 }]),
      timeouts,
      wholeTimeouts: timeouts,
      retry: DEFAULT_RETRY,
      fallbackOn: DEFAULT_FALLBACK_ON,
    }),
    admit: {
      counters,
      demands: demandsOf(byId),
      prices: new PriceList(
        targets.map(({ id }) => ({ id, maker: null })),
        targets.map(({ id }) => {
          const dollars = PRICES[id] as number;
          return { fits: (target) => target === id, price: { input: dollars, output: dollars } };
        }),
      ),
      tell: () => undefined,
    },
  });
  for (const [id, { atMs, stream, queueMs, leavesAfterMs }] of byId) {
    clock.after(atMs, () => {
      const body = Buffer.from('{}');
      const call = callAt(clock, { id, caller, stream, queueMs, body, model: MODEL });
      if (leavesAfterMs > 0) clock.after(leavesAfterMs, () => call.cancellation.cancel('hung up'));
      void handle(call).then((reply) => {
        if (reply.kind === 'stream')
          reply.stream.start({ write: () => true, end: () => undefined, fail: () => undefined });
      });
    });
  }
  await clock.advance(400_000);
  return { uses, records, counters, quotas, clock, admittedAt };
}

/** The most that any sliding minute saw, each piece of use dated at one moment. */
function worstMinute(moments: readonly { readonly at: number; readonly amount: number }[]): number {
  let worst = 0;
  for (const { at } of moments) {
    let sum = 0;
    for (const each of moments) if (each.at > at - 60_000 && each.at <= at) sum += each.amount;
    worst = Math.max(worst, sum);
  }
  return worst;
}

/** The most calls that were under way at once. */
function mostAtOnce(records: readonly CallRecord[]): number {
  const spans = records
    .filter(({ attempts }) => attempts.length > 0)
    .map(({ at, attempts, durationMs }) => ({ from: at + (attempts[0]?.startedMs ?? 0), to: at + durationMs }));
  return Math.max(0, ...spans.map(({ from }) => spans.filter((other) => other.from <= from && from < other.to).length));
}

function checkLimits({ uses, records, admittedAt }: Played): void {
  expect(worstMinute(uses.map(({ from, tokens }) => ({ at: from, amount: tokens })))).toBeLessThanOrEqual(100);
  expect(worstMinute(uses.map(({ to, tokens }) => ({ at: to, amount: tokens })))).toBeLessThanOrEqual(100);
  expect(worstMinute(admittedAt.map((at) => ({ at, amount: 1 })))).toBeLessThanOrEqual(6);
  expect(mostAtOnce(records)).toBeLessThanOrEqual(3);
}

/** Everything was given back, and what is counted is what was used: exactly where it was told, never less where not. */
function checkAccount({ uses, records, counters, quotas, clock }: Played, orders: readonly Order[]): void {
  const [tokens, , calls, money] = quotas as [Quota, Quota, Quota, Quota];
  const now = clock.wall();
  expect(records).toHaveLength(orders.length);
  expect(counters.used(calls, now)).toBe(0);
  expect(counters.used(tokens, now)).toBe(0);
  expect(counters.used(money, now)).toBe(counters.settled(money, now));
  const cost = (use: Use): number => (use.billed ? use.tokens * (PRICES[use.target] as number) : 0);
  const real = uses.reduce((sum, use) => sum + cost(use), 0);
  const counted = counters.settled(money, now);
  expect(counted).toBeGreaterThanOrEqual(real - 1e-6);
  const guessed = new Set(uses.filter((use) => use.guessed).map(({ callId }) => callId));
  const toldReal = uses.filter(({ callId }) => !guessed.has(callId)).reduce((sum, use) => sum + cost(use), 0);
  const toldCounted = records
    .filter(({ id }) => !guessed.has(id))
    .reduce((sum, record) => sum + (record.cost ?? NaN), 0);
  expect(toldCounted).toBeCloseTo(toldReal, 6);
  expect(records.reduce((sum, record) => sum + (record.cost ?? NaN), 0)).toBeCloseTo(counted, 6);
}

test('ten thousand histories: no limit is ever exceeded, nothing leaks, and what is settled is what was used', async () => {
  let answered = 0;
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(order, { minLength: 1, maxLength: 8 }), fc.integer(), async (orders, seed) => {
      const played = await play(orders, seed);
      checkLimits(played);
      checkAccount(played, orders);
      answered += played.records.filter(({ outcome }) => outcome === 'answered').length;
      refused += played.records.filter(({ status, attempts }) => status === 429 && attempts.length === 0).length;
    }),
    { numRuns: Number(process.env['HISTORIES'] ?? 10_000) },
  );
  // A property that holds of nothing says nothing.
  expect(answered).toBeGreaterThan(1_000);
  expect(refused).toBeGreaterThan(1_000);
}, 300_000);
