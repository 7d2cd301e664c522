import type { Clock } from '../../engine/clock.ts';
import type { Hints } from '../../engine/health/hints.ts';
import type { Cost, Counters, Quota, Reservation, Verdict } from '../../engine/admission/quota.ts';
import { Counts } from './counts.ts';
import type { RedisAddress } from './redis/client.ts';
import { Exchange } from './redis/exchange.ts';
import { RedisHints } from './redis/hints.ts';
import { Link, type LinkState } from './redis/link.ts';
import { QuotaShare, SPREAD } from './redis/quota-share.ts';
import { type Told, readTaken } from './redis/replies.ts';

export interface RedisCountersOptions {
  readonly address: RedisAddress;
  readonly clock: Clock;
  /** Begins every key: houses that share one Redis and not their limits take different ones. @default holdfast */
  readonly prefix?: string;
  /** Longest that a call waits for Redis, ms, before it is decided from what this process knows. @default 50 */
  readonly deadlineMs?: number;
  /** How many processes share the limits at least, for one that starts while Redis is away. @default 1 */
  readonly replicas?: number;
  /**
   * How many end users' shares are kept at most, at some 700 bytes each. Who is forgotten here is still counted in Redis.
   * @default 200,000
   */
  readonly users?: number;
  /** Told when counts begin to be shared and when they no longer are, and why. Must not throw. */
  readonly changed?: (state: LinkState) => void;
  /** `caller`: the time that is handed in is right for Redis too; for tests in virtual time. @default redis */
  readonly time?: 'redis' | 'caller';
}

/**
 * Counts shared by several processes through Redis. Each process holds a share of what it uses often and spends it
 * without asking; where no share suffices, one round trip takes for the whole call or refuses it. While Redis is away,
 * slow, or has lost its memory, each process goes on with its part of every quota, and tells what it spent afterwards.
 */
export class RedisCounters implements Counters {
  readonly #clock: Clock;
  readonly #deadlineMs: number;
  readonly #time: 'redis' | 'caller';
  readonly #changed: (state: LinkState) => void;
  readonly #link: Link;
  readonly #hints: RedisHints;
  readonly #shares: Counts<QuotaShare>;
  readonly #exchange: Exchange;
  /** Time as the latest caller told it, for `caller`. */
  #toldTime = 0;
  /** Since {@link start}, until it is known how Redis is: those who wait for that. */
  #introduction: { readonly over: Promise<void>; readonly end: () => void } | null = null;

  constructor(options: RedisCountersOptions) {
    const { address, clock, prefix = 'holdfast', deadlineMs = 50, replicas = 1 } = options;
    this.#clock = clock;
    this.#deadlineMs = deadlineMs;
    this.#time = options.time ?? 'redis';
    this.#shares = new Counts(options.users ?? 200_000, (quota) => new QuotaShare(quota));
    this.#changed = options.changed ?? (() => undefined);
    this.#link = new Link(
      { address, prefix, clock, deadlineMs, replicas },
      { declare: () => this.#declare(), changed: (state) => this.#linkChanged(state) },
    );
    this.#exchange = new Exchange(this.#link, clock, () => this.#now(this.#toldTime));
    this.#hints = new RedisHints(this.#link, clock);
  }

  /**
   * Connects, and waits until counts are shared or it is clear that they cannot be, at most so long. Connecting goes on
   * in the background for as long as it takes.
   */
  async start(withinMs: number): Promise<void> {
    let end = (): void => undefined;
    const over = new Promise<void>((resolve) => (end = resolve));
    this.#introduction = { over, end };
    this.#link.start();
    // Not an alarm of the clock's: a process that only waits for this must not end.
    const patience = setTimeout(end, withinMs);
    await over;
    clearTimeout(patience);
    this.#introduction = null;
  }

  get state(): LinkState {
    return this.#link.state;
  }

  /** Processes that share the limits, as far as known. */
  get replicas(): number {
    return this.#link.replicas;
  }

  /** Word between the same processes. */
  get hints(): Hints {
    return this.#hints;
  }

  reserve(quotas: readonly Quota[], cost: Cost, at: number): Verdict | Promise<Verdict> {
    return this.#introduction === null ? this.#decide(quotas, cost, at) : this.#introduced(quotas, cost, at);
  }

  /** The first calls wait for the first word from Redis, as long as any call waits for it. */
  #introduced(quotas: readonly Quota[], cost: Cost, at: number): Promise<Verdict> {
    return new Promise((resolve) => {
      const patience = this.#clock.after(this.#deadlineMs, () => this.#introduction?.end());
      void this.#introduction?.over.then(() => {
        patience.cancel();
        this.#introduction = null;
        resolve(this.#decide(quotas, cost, at));
      });
    });
  }

  #decide(quotas: readonly Quota[], cost: Cost, at: number): Verdict | Promise<Verdict> {
    const now = this.#now(at);
    this.#shares.tidy(now);
    const shares: QuotaShare[] = [];
    let covered = this.#link.trusted;
    for (let index = 0; index < quotas.length; index += 1) {
      const quota = quotas[index] as Quota;
      const share = this.#shareOf(quota);
      shares.push(share);
      const wanted = wantedOf(share, cost);
      covered &&= share.covers(wanted);
      if (share.neverFits(wanted)) return { kind: 'refused', quota, used: share.used(now), freeInMs: null };
    }
    const wish: Wish = { quotas, shares, cost, now };
    if (covered) return this.#grant(wish);
    return this.#link.trusted && this.#link.state.kind === 'shared' ? this.#ask(wish) : this.#decideAlone(wish);
  }

  used(quota: Quota, at: number): number {
    return this.#shares.find(quota)?.used(this.#now(at)) ?? 0;
  }

  settled(quota: Quota, at: number): number {
    return this.#shares.find(quota)?.settled(this.#now(at)) ?? 0;
  }

  /** Resolves when Redis knows all that was used up to now, or cannot be told. */
  told(): Promise<void> {
    return this.#exchange.told();
  }

  /** Tells what is still to be told, and goes. */
  async close(): Promise<void> {
    this.#exchange.stop();
    await this.told();
    await this.#link.close();
  }

  /** A reservation has ended. @internal */
  settle(shares: readonly QuotaShare[], alone: boolean, reserved: Cost, real: Cost, at: number): void {
    const now = this.#now(at);
    for (const share of shares) {
      const [had, took] = [wantedOf(share, reserved), wantedOf(share, real)];
      if (alone) share.settleAlone(had, took, now);
      else share.settle(had, took, now);
      this.#exchange.stir(share);
      if (share.tight && (had > took || share.measure === 'calls')) this.#exchange.hurry(share);
    }
  }

  #grant({ shares, cost, now }: Wish): Verdict {
    for (const share of shares) {
      share.take(wantedOf(share, cost), now);
      this.#exchange.stir(share);
    }
    return { kind: 'granted', reservation: new RedisReservation(this, shares, cost, false) };
  }

  /** One round trip: everything that is lacking, or a refusal. */
  #ask(wish: Wish): Promise<Verdict> {
    const { shares, cost, now } = wish;
    const keys: string[] = [];
    const args: string[] = [String(SPREAD)];
    const asked: Asked[] = [];
    for (const share of shares) {
      const wanted = wantedOf(share, cost);
      const need = share.needFor(wanted);
      if (need > 0) {
        const owed = share.owe();
        keys.push(this.#link.key('quota', share.id));
        args.push(String(share.amount), String(share.oldestAt(now)), String(need), String(share.wantedAhead));
        args.push(String(owed), String(share.lifetimeMs));
        asked.push({ share, need });
        share.ask(need);
      }
      share.hold(wanted);
      this.#exchange.stir(share);
    }
    const { session } = this.#link;
    return new Promise((resolve) => {
      let waiting = true;
      // What is answered later is still counted; only the call waits no longer.
      const stop = (): void => {
        waiting = false;
        patience.cancel();
        for (const { share, need } of asked) share.answer(need);
      };
      const giveUp = (): void => {
        stop();
        for (const share of shares) share.drop(wantedOf(share, cost));
        resolve(this.#decideAlone(wish));
      };
      const patience = this.#clock.after(this.#deadlineMs, () => {
        this.#link.missed();
        giveUp();
      });
      this.#link.run('take', keys, args, now).then(
        (reply) => {
          const { granted, told } = readTaken(reply);
          if (granted && session === this.#link.session) {
            for (const [index, { share, need }] of asked.entries()) share.leased(need + (told[index]?.granted ?? 0));
          }
          if (!waiting) return;
          stop();
          this.#link.answered();
          this.#hear(asked, told, now);
          resolve(granted ? this.#granted(wish) : this.#refused(wish, asked, told));
        },
        () => {
          if (waiting) giveUp();
        },
      );
    });
  }

  #hear(asked: readonly Asked[], told: readonly Told[], now: number): void {
    for (const [index, { share }] of asked.entries()) {
      const news = told[index];
      if (news === undefined) continue;
      if (news.pieces.length > 0) share.toldPieces(news.pieces, now);
      share.told(news, now);
    }
  }

  #granted({ shares, cost, now }: Wish): Verdict {
    for (const share of shares) share.grant(wantedOf(share, cost), now);
    return { kind: 'granted', reservation: new RedisReservation(this, shares, cost, false) };
  }

  #refused(wish: Wish, asked: readonly Asked[], told: readonly Told[]): Verdict {
    const { shares, cost } = wish;
    for (const share of shares) share.drop(wantedOf(share, cost));
    // While it was asked, a call has ended here, or more came than another one needed.
    if (shares.every((share) => share.covers(wantedOf(share, cost)))) return this.#grant(wish);
    const lacking = new Set(asked.flatMap(({ share }, index) => (told[index]?.lacks === true ? [share] : [])));
    return refusal(wish, (share, wanted) => (lacking.has(share) ? share.freeInMs(wanted, wish.now) : undefined));
  }

  /** From what this process knows: its shares, and its part of the room there was. */
  #decideAlone(wish: Wish): Verdict {
    const { shares, cost, now } = wish;
    const { trusted, replicas } = this.#link;
    const covered = (share: QuotaShare, wanted: number): boolean =>
      (trusted && share.covers(wanted)) || share.coversAlone(wanted, replicas, now);
    if (!shares.every((share) => covered(share, wantedOf(share, cost)))) {
      return refusal(wish, (share, wanted) =>
        covered(share, wanted) ? undefined : share.freeAloneInMs(wanted, replicas, now),
      );
    }
    for (const share of shares) {
      share.takeAlone(wantedOf(share, cost), now);
      this.#exchange.stir(share);
    }
    return { kind: 'granted', reservation: new RedisReservation(this, shares, cost, true) };
  }

  #shareOf(quota: Quota): QuotaShare {
    const share = this.#shares.for(quota);
    share.resize(quota);
    return share;
  }

  /** Time of day as Redis has it: what one process counts must age alike for all, whatever their own clocks say. */
  #now(at: number): number {
    if (this.#time === 'redis') return this.#link.time() ?? at;
    this.#toldTime = at;
    return at;
  }

  async #declare(): Promise<void> {
    await this.#exchange.declare(this.#shares.all());
    await this.#hints.join();
  }

  #linkChanged(state: LinkState): void {
    if (state.kind === 'shared') for (const share of this.#shares.all()) share.rejoin();
    this.#introduction?.end();
    this.#changed(state);
  }
}

/** A call that wants to go ahead. */
interface Wish {
  readonly quotas: readonly Quota[];
  /** In the same order. */
  readonly shares: readonly QuotaShare[];
  readonly cost: Cost;
  readonly now: number;
}

interface Asked {
  readonly share: QuotaShare;
  readonly need: number;
}

/** Of the quotas that refuse, tells the one that frees last. @param freeInMs undefined: this one does not refuse. */
function refusal(
  { quotas, shares, cost, now }: Wish,
  freeInMs: (share: QuotaShare, wanted: number) => number | null | undefined,
): Verdict {
  let worst: { readonly quota: Quota; readonly used: number; readonly freeInMs: number | null } | null = null;
  for (const [index, share] of shares.entries()) {
    const free = freeInMs(share, wantedOf(share, cost));
    if (
      free === undefined ||
      (worst !== null && (worst.freeInMs === null || (free !== null && free <= worst.freeInMs)))
    )
      continue;
    worst = { quota: quotas[index] as Quota, used: share.used(now), freeInMs: free };
  }
  if (worst === null) throw new Error('refused by none of its quotas');
  return { kind: 'refused', ...worst };
}

function wantedOf({ measure }: QuotaShare, cost: Cost): number {
  switch (measure) {
    case 'requests':
    case 'calls':
      return 1;
    case 'tokens':
      return cost.tokens;
    case 'money':
      return cost.microdollars;
  }
}

class RedisReservation implements Reservation {
  readonly #counters: RedisCounters;
  #shares: readonly QuotaShare[] | null;
  readonly #reserved: Cost;
  readonly #alone: boolean;

  constructor(counters: RedisCounters, shares: readonly QuotaShare[], reserved: Cost, alone: boolean) {
    this.#counters = counters;
    this.#shares = shares;
    this.#reserved = reserved;
    this.#alone = alone;
  }

  settle(cost: Cost, at: number): void {
    const shares = this.#shares;
    if (shares === null) return;
    this.#shares = null;
    this.#counters.settle(shares, this.#alone, this.#reserved, cost, at);
  }
}
