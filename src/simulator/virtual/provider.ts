import type { Alarm, Clock, Random } from '../../engine/clock.ts';
import type { Headers } from '../../engine/call.ts';
import type { Receiver } from '../../engine/ports.ts';
import { type ChosenFault, misbehave, parseFault } from '../faults.ts';
import { Limiter, type RateLimits, type Verdict as RateVerdict } from '../limits.ts';
import { type Script, wholeScript } from '../script.ts';
import { CALM, type Conditions, conditionsAt, faultFor, type Weather } from '../weather.ts';
import { answer } from './answer.ts';
import { Delivery } from './delivery.ts';
import { Fifo } from './fifo.ts';
import { type Order, PLAIN } from './order.ts';
import type { Pacer } from './pace.ts';

/** A model provider: workers before an endless or bounded queue, under a weather. */
export interface ProviderSpec {
  readonly id: string;
  /** Orders worked on at once; null for any number. */
  readonly workers: number | null;
  /** Orders that may wait for a worker before more are refused as `overloaded`. */
  readonly queue: number;
  readonly pace: Pacer;
  readonly weather: Weather | null;
  /** Until an error that needs no work is on its way back, ms. */
  readonly refusalMs: number;
  /** What becomes of an order in the queue whose caller has left: most servers only notice when they try to answer. */
  readonly abandoned: 'worked' | 'dropped';
  /** Requests a second that are let through, and how many at once; more are refused as `rate-limit-requests`. */
  readonly limit: { readonly perSecond: number; readonly burst: number } | null;
  /** Limits a minute that are told with every answer, as the large providers do; each holds from its time on. */
  readonly rates: readonly RatesFrom[];
}

/** Rate limits from a moment on, ms of virtual time. */
export interface RatesFrom {
  readonly atMs: number;
  readonly limits: RateLimits;
  /** Nothing is told of them but with a refusal: how long to wait. @default false */
  readonly silent?: boolean;
}

/** A provider with room for everything, which never waits, never fails and answers as measured ones do. */
export const EASY: Omit<ProviderSpec, 'id' | 'pace'> = {
  workers: null,
  queue: Number.POSITIVE_INFINITY,
  weather: null,
  refusalMs: 5,
  abandoned: 'worked',
  limit: null,
  rates: [],
};

interface Job {
  readonly order: Order;
  readonly receiver: Receiver;
  readonly fault: string | null;
  left: boolean;
  delivery: Delivery | null;
  /** When the end of the delivery frees the worker; null while there is none to free, or something else will. */
  freesAt: number | null;
}

/** A request under way, as its sender holds it. */
export interface Request {
  leave(): void;
}

/** Whatever takes orders: as much of a provider as its clients see. */
export interface Service {
  readonly spec: Pick<ProviderSpec, 'id'>;
  receive(order: Order, receiver: Receiver): Request;
}

/** One provider of the model world, on the virtual clock. */
export class Provider implements Service {
  readonly spec: ProviderSpec;
  /** Requests received, whatever became of them. */
  attempts = 0;
  /** Tokens that workers have made, whether or not anybody was there to have them. */
  tokens = 0;
  /** Told of each request as it comes. */
  onAttempt: () => void = nothing;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #queue = new Fifo<Job>();
  readonly #changes: readonly number[];
  #conditions: Conditions = CALM;
  #change: Alarm | null = null;
  #size = 0;
  #busy = 0;
  #refusesUntil = 0;
  readonly #limiter: Limiter | null;
  #rates = 0;
  /** GCRA's theoretical arrival time. */
  #expectedAt = 0;

  constructor(spec: ProviderSpec, clock: Clock, random: Random) {
    this.spec = spec;
    this.#clock = clock;
    this.#random = random;
    const [first] = spec.rates;
    this.#limiter = first === undefined ? null : new Limiter(first.limits, clock);
    const edges = (spec.weather?.timeline ?? []).flatMap(({ atMs, forMs }) => [atMs, atMs + forMs]);
    this.#changes = [...new Set(edges)].filter(Number.isFinite).sort((a, b) => a - b);
    this.#follow();
  }

  get busy(): number {
    return this.#busy;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  get conditions(): Conditions {
    return this.#conditions;
  }

  receive(order: Order, receiver: Receiver): Request {
    this.attempts += 1;
    this.onAttempt();
    const now = this.#clock.now();
    if (now < this.#refusesUntil) return this.#instead(receiver, REFUSAL);
    receiver.onSent();
    const { limit } = this.spec;
    if (limit !== null && !this.#withinLimit(limit, now)) return this.#refuse(receiver, this.#limitFault(limit, now));
    const verdict = this.#limiter === null ? null : this.#admit(this.#limiter, order, now);
    if (verdict !== null) {
      const silent = this.spec.rates[this.#rates]?.silent === true;
      const told = silent ? receiver : new Telling(receiver, verdict.headers);
      return verdict.refused === null
        ? this.#work(order, told)
        : this.#instead(told, wholeScript(ABOUT_NOTHING.about, verdict.refused));
    }
    return this.#work(order, receiver);
  }

  #work(order: Order, receiver: Receiver): Request {
    // The dice are thrown for every order, so that one weather takes nothing from the chance of another.
    const fault = faultFor(this.#conditions, this.#random());
    if (fault !== null && isRefusal(fault)) return this.#refuse(receiver, fault);
    if (this.#busy >= this.#size && this.#queue.length >= this.spec.queue) return this.#refuse(receiver, 'overloaded');
    return this.#accept({ order, receiver, fault, left: false, delivery: null, freesAt: null });
  }

  /** The weather is over and everything is well: what is left in the queue is worked off. */
  close(): void {
    this.#change?.cancel();
    this.#conditions = CALM;
    this.#size = this.spec.workers ?? Number.POSITIVE_INFINITY;
    this.#next();
  }

  // Refusals -----------------------------------------------------------------------------------------------------

  #refuse(receiver: Receiver, fault: string): Request {
    const { refusalMs } = this.spec;
    return this.#instead(receiver, refusalOf(fault), refusalMs * this.#conditions.latency);
  }

  #instead(receiver: Receiver, script: Script, delayMs = this.spec.refusalMs): Request {
    return new Delivery(this.#clock, script, receiver, { refuse: this.#refuseAll, over: nothing }, delayMs);
  }

  readonly #refuseAll = (forMs: number): void => {
    this.#refusesUntil = Math.max(this.#refusesUntil, this.#clock.now() + forMs);
  };

  #admit(limiter: Limiter, order: Order, now: number): RateVerdict {
    const { rates } = this.spec;
    for (let next = rates[this.#rates + 1]; next !== undefined && now >= next.atMs; next = rates[this.#rates + 1]) {
      limiter.change(next.limits);
      this.#rates += 1;
    }
    return limiter.admit('key', ABOUT_NOTHING.about, order.charged);
  }

  #withinLimit({ perSecond, burst }: { perSecond: number; burst: number }, now: number): boolean {
    const gapMs = 1000 / perSecond;
    const expectedAt = Math.max(now, this.#expectedAt);
    if (expectedAt - now > gapMs * (burst - 1)) return false;
    this.#expectedAt = expectedAt + gapMs;
    return true;
  }

  #limitFault({ perSecond, burst }: { perSecond: number; burst: number }, now: number): string {
    const waitMs = this.#expectedAt - now - (1000 / perSecond) * (burst - 1);
    return `rate-limit-requests:${Math.max(1, Math.ceil(waitMs / 1000))}`;
  }

  // Work ---------------------------------------------------------------------------------------------------------

  #accept(job: Job): Request {
    if (this.#busy < this.#size) this.#begin(job);
    else this.#queue.push(job);
    return { leave: () => this.#leave(job) };
  }

  #begin(job: Job): void {
    this.#busy += 1;
    this.tokens += job.order.tokens;
    const { latency } = this.#conditions;
    const { firstMs, restMs } = this.spec.pace(job.order, this.#random);
    const pace = { firstMs: firstMs * latency, restMs: restMs * latency };
    const workMs = pace.firstMs + pace.restMs;
    const right = answer(job.order, pace);
    const script = job.fault === null ? right : misbehave(right, chosen(job.fault));
    if (job.left || script !== right) this.#clock.after(workMs, () => this.#release());
    if (job.left) return;
    const over = (): void => {
      if (job.freesAt === null) return;
      job.freesAt = null;
      this.#release();
    };
    // A right answer ends when the work does: one alarm serves both.
    if (script === right) job.freesAt = this.#clock.now() + workMs;
    job.delivery = new Delivery(this.#clock, script, job.receiver, { refuse: this.#refuseAll, over }, 0);
  }

  /** The caller has left: the work goes on although nobody waits for it. */
  #leave(job: Job): void {
    job.left = true;
    job.delivery?.leave();
    if (job.freesAt === null) return;
    this.#clock.after(job.freesAt - this.#clock.now(), () => this.#release());
    job.freesAt = null;
  }

  #release(): void {
    this.#busy -= 1;
    this.#next();
  }

  #next(): void {
    while (this.#busy < this.#size) {
      const job = this.#queue.shift();
      if (job === undefined) return;
      if (!job.left || this.spec.abandoned === 'worked') this.#begin(job);
    }
  }

  /** Applies what the timeline says now, and comes back when it says something else. */
  #follow(): void {
    const { weather, workers } = this.spec;
    const now = this.#clock.now();
    this.#conditions = weather === null ? CALM : conditionsAt(weather, now);
    this.#size = workers === null ? Number.POSITIVE_INFINITY : Math.floor(workers * this.#conditions.capacity);
    this.#next();
    const next = this.#changes.find((at) => at > now);
    if (next !== undefined) this.#change = this.#clock.after(next - now, () => this.#follow());
  }
}

function nothing(): void {}

/** Adds to every answer's head what the limiter tells. */
class Telling implements Receiver {
  readonly #receiver: Receiver;
  readonly #told: Readonly<Record<string, string>>;

  constructor(receiver: Receiver, told: Readonly<Record<string, string>>) {
    this.#receiver = receiver;
    this.#told = told;
  }

  onSent(): void {
    this.#receiver.onSent();
  }

  onHead(status: number, headers: Headers): void {
    this.#receiver.onHead(status, { ...headers, ...this.#told });
  }

  onData(chunk: Buffer): void {
    this.#receiver.onData(chunk);
  }

  onEnd(): void {
    this.#receiver.onEnd();
  }

  onError(error: unknown): void {
    this.#receiver.onError(error);
  }
}

const ABOUT_NOTHING: Script = answer(
  { ...PLAIN, id: 0, at: 0, stream: false, tokens: 1, deadlineAt: 0 },
  { firstMs: 0, restMs: 0 },
);
const REFUSAL: Script = { ...ABOUT_NOTHING, steps: [{ do: 'refuse', forMs: 0, waitMs: 0 }] };

const faults = new Map<string, ChosenFault>();
const refusals = new Map<string, Script>();

function chosen(fault: string): ChosenFault {
  let known = faults.get(fault);
  if (known === undefined) faults.set(fault, (known = parseFault(fault)));
  return known;
}

/** Is it an answer that needs no work, of a whole error or a broken connection? */
function isRefusal(fault: string): boolean {
  const [first] = refusalOf(fault).steps;
  return first?.do === 'head' ? first.status >= 400 : first?.do !== 'hang';
}

function refusalOf(fault: string): Script {
  let known = refusals.get(fault);
  if (known === undefined) refusals.set(fault, (known = misbehave(ABOUT_NOTHING, chosen(fault))));
  return known;
}
