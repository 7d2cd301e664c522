import type { Clock, Random } from '../../engine/clock.ts';
import { seededRandom } from '../../engine/random.ts';
import { VirtualClock } from '../../engine/virtual-clock.ts';
import { type Client, type Order, PLAIN, type Verdict } from './order.ts';
import { Provider, type ProviderSpec, type Service } from './provider.ts';
import { Rules } from './rules.ts';
import { Tally, type Tale } from './tally.ts';

/** Everything a run is made of: the same scene and seed give the same tale to the byte. */
export interface Scene {
  readonly providers: readonly ProviderSpec[];
  /** Mean arrivals a second, as a Poisson stream that does not care how it is answered. */
  readonly callsPerSecond: number;
  /** How long calls arrive, ms of virtual time. */
  readonly forMs: number;
  /** How long a caller waits for its answer; null for as long as it takes. */
  readonly deadlineMs: number | null;
  /** Share of calls that stream. */
  readonly streamShare: number;
  /** Length of an answer. */
  readonly tokens: (random: Random) => number;
  /** Width of one entry of the tale's series, ms. */
  readonly binMs: number;
  /** Others who call besides, each in its own rhythm. */
  readonly crowds?: readonly Crowd[];
}

/** Calls of one kind, from one caller. */
export interface Crowd extends Pick<Order, 'caller' | 'charged'> {
  /** Draws the time until the next call, ms, from the time now. */
  readonly gapMs: (random: Random, now: number) => number;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly streamShare: number;
  readonly tokens: (random: Random) => number;
  readonly deadlineMs: number | null;
}

/** What a client finds in the world. */
export interface Site {
  readonly clock: Clock;
  /** The client's own chance: how often it asks changes nothing for the others. */
  readonly random: Random;
  readonly providers: readonly Service[];
  readonly scene: Scene;
  readonly rules: Rules;
  /** Puts a remark into the tale, with the time. */
  readonly note: (text: string) => void;
}

export type ClientMaker = (site: Site) => Client;

/** Virtual time between two looks at whether something has gone wrong. */
const LOOK_EVERY_MS = 60_000;

/** A scene of many months is looked at no more often than this: most of its minutes are empty. */
const MOST_LOOKS = 50_000;

/** Timers that one thing under way may have: its caller's, its attempt's, its provider's. */
const MOST_TIMERS = 3;

/** Longest virtual time in which a world has to come to rest once no more calls arrive. */
const REST_WITHIN_MS = 30 * 24 * 3_600_000;

/**
 * Runs a scene from its first call until the last has ended and every provider is idle.
 *
 * @throws {Error} that names the seed and the call, when one of the rules of {@link Rules} was broken
 */
export function run(scene: Scene, seed: number, makeClient: ClientMaker): Promise<Tale> {
  return new World(scene, seed, makeClient).run();
}

class World {
  readonly #scene: Scene;
  readonly #clock = new VirtualClock();
  readonly #rules: Rules;
  readonly #tally: Tally;
  readonly #providers: readonly Provider[];
  readonly #client: Client;
  readonly #arrivals: Random;
  readonly #kinds: Random;
  readonly #seed: number;
  #nextId = 0;
  #live = 0;

  constructor(scene: Scene, seed: number, makeClient: ClientMaker) {
    this.#scene = scene;
    this.#seed = seed;
    this.#rules = new Rules(seed);
    this.#tally = new Tally(scene.binMs, seed);
    // Each part of the world has dice of its own, so that what a client does leaves the weather and the callers alone.
    this.#arrivals = seededRandom(seed * 8 + 1);
    this.#kinds = seededRandom(seed * 8 + 2);
    this.#providers = scene.providers.map(
      (spec, at) => new Provider(spec, this.#clock, seededRandom(seed * 8 + 4 + at * 1_000_003)),
    );
    const clock = this.#clock;
    for (const provider of this.#providers) {
      provider.onAttempt = () => this.#tally.attempted(clock.now(), provider.spec.id);
    }
    this.#client = makeClient({
      clock,
      random: seededRandom(seed * 8 + 3),
      providers: this.#providers,
      scene,
      rules: this.#rules,
      note: (text) => this.#tally.note(clock.now(), text),
    });
  }

  async run(): Promise<Tale> {
    this.#arriveLater();
    for (const [at, crowd] of (this.#scene.crowds ?? []).entries()) {
      this.#gather(crowd, seededRandom(this.#seed * 8 + 5 + at * 1_000_003));
    }
    const lookMs = Math.max(LOOK_EVERY_MS, this.#scene.forMs / MOST_LOOKS);
    for (let at = 0; at < this.#scene.forMs; at += lookMs) await this.#pass(lookMs);
    for (let rested = 0; this.#live > 0; rested += LOOK_EVERY_MS) {
      await this.#pass(LOOK_EVERY_MS);
      if (rested > REST_WITHIN_MS) this.#rules.broken(null, `${this.#live} calls never ended`);
    }
    for (const provider of this.#providers) provider.close();
    for (let rested = 0; this.#providers.some(({ busy, waiting }) => busy + waiting > 0); rested += LOOK_EVERY_MS) {
      await this.#pass(LOOK_EVERY_MS);
      if (rested > REST_WITHIN_MS) this.#rules.broken(null, 'a provider never came to rest');
    }
    this.#client.close?.();
    const { pending } = this.#clock;
    if (pending !== 0) this.#rules.broken(null, `${pending} timers were never given back`);
    this.#rules.look();
    return this.#tally.tell(this.#providers);
  }

  async #pass(ms: number): Promise<void> {
    await this.#clock.advance(ms);
    const underWay = this.#providers.reduce((sum, { busy, waiting }) => sum + busy + waiting, this.#live);
    const { pending } = this.#clock;
    const crowds = this.#scene.crowds?.length ?? 0;
    if (pending > MOST_TIMERS * (underWay + this.#providers.length + 1) + crowds) {
      this.#rules.broken(null, `${pending} timers are set for ${underWay} things under way`);
    }
    this.#rules.look();
  }

  #arriveLater(): void {
    if (this.#scene.callsPerSecond === 0) return;
    const gapMs = (-Math.log(1 - this.#arrivals()) / this.#scene.callsPerSecond) * 1000;
    if (this.#clock.now() + gapMs >= this.#scene.forMs) return;
    this.#clock.after(gapMs, () => this.#arrive());
  }

  #arrive(): void {
    const { streamShare, tokens, deadlineMs } = this.#scene;
    const at = this.#clock.now();
    this.#offer({
      ...PLAIN,
      id: this.#nextId,
      at,
      stream: this.#kinds() < streamShare,
      tokens: tokens(this.#kinds),
      deadlineAt: deadlineMs === null ? Number.POSITIVE_INFINITY : at + deadlineMs,
    });
    this.#arriveLater();
  }

  #gather(crowd: Crowd, random: Random): void {
    const { caller, charged, gapMs, fromMs, untilMs, streamShare, tokens, deadlineMs } = crowd;
    const next = (from: number): void => {
      const at = from + gapMs(random, from);
      if (at < Math.min(untilMs, this.#scene.forMs)) this.#clock.after(at - this.#clock.now(), () => come(at));
    };
    const come = (at: number): void => {
      const deadlineAt = deadlineMs === null ? Number.POSITIVE_INFINITY : at + deadlineMs;
      const stream = random() < streamShare;
      this.#offer({ id: this.#nextId, at, stream, tokens: tokens(random), deadlineAt, caller, charged });
      next(at);
    };
    next(fromMs);
  }

  #offer(order: Order): void {
    this.#nextId += 1;
    this.#live += 1;
    this.#tally.offered(order.at, this.#live, this.#clock.pending);
    void this.#client.make(order).then(
      (verdict) => this.#ended(order, verdict),
      (error: unknown) => this.#rules.broken(order.id, `the client threw: ${String(error)}`),
    );
  }

  #ended(order: Order, verdict: Verdict): void {
    this.#live -= 1;
    this.#tally.ended(order, this.#clock.now(), verdict);
  }
}
