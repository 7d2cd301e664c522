/** Calls that make a measurement; fewer do after a while, where calls are slow. */
const SAMPLES = 150;
const LEAST_SAMPLES = 40;
const LONG_MS = 10_000;

/** The first step down is judged by more of them: it is what a provider that has no queue would have to suffer for. */
const CAREFUL = 2;

/** A probe allows this share of the calls that there were. */
const PROBE = 0.6;

/**
 * If throughput stays above this share when the calls fall to {@link PROBE}, and each takes less than this share of the time,
 * the rest of them had only waited.
 */
const UNHARMED = 0.8;
const SOONER = 0.85;

/** Below this share it is plain after {@link LEAST_SAMPLES}. */
const HARMED = 0.6;

/** Below so many calls there is nothing to be learnt, and nobody in the way. */
const FEW = 4;

/** What is allowed beyond the knee, so that no worker waits for work. */
const MARGIN = 1.1;

/** A trial allows this many times the calls, and has to bring this many times the throughput. */
const TRIAL = 1.25;
const WORTH = 1.1;

/** Content that takes this many times the shortest time that was seen may have waited in a queue. */
const SLOW = 2;

/** The same for calls that are held to a bound already: it may be too high. */
const CROWDED = 1.6;

/** A bound that was not reached in so many measurements is none that anybody needs. */
const IDLE = 3;

/** How the shortest time that was seen is forgotten, by measurement. */
const FORGET = 1.01;

/** Between two looks whether a provider has a queue, or room for more, ms; doubled each time that it has not. */
const LOOK_MS = { again: 500, trial: 5_000, most: 600_000 } as const;

/** How things went with so many calls under way. */
interface Level {
  readonly calls: number;
  /** Until first content, in the mean. */
  readonly ms: number;
  /** Calls that had their first content, a ms. */
  readonly throughput: number;
  /** As many were under way as might be, nearly all the time. */
  readonly full: boolean;
}

/** What is known of the bound that the calls under way are held to. */
type State =
  /** None. */
  | { readonly name: 'free' }
  /** Fewer and fewer calls, for as long as that does no harm. */
  | { readonly name: 'probing'; readonly most: number; readonly from: Level; readonly queued: boolean }
  /** About as many as the provider works on at once. */
  | { readonly name: 'held'; readonly most: number; readonly throughput: number; readonly idle: number }
  /** More than that, to see whether more can be worked on by now. */
  | { readonly name: 'trial'; readonly most: number; readonly before: number; readonly throughput: number };

/**
 * Finds how many calls a provider works on at once, beyond which they only wait in its own queue: where the first who came
 * is served, and not whose turn it would be here. Sends fewer calls for a moment: if as many get done, the others had only
 * waited. Throughput, times the time that a call takes when nobody is in its way, makes the bound (as in BBR: Cardwell and
 * others, 2016); now and then more are tried.
 *
 * Pure: time is handed in. Only used while several tenants are after one target, for a lone one is its own queue; and
 * for background work always.
 */
export class Knee {
  readonly #start: number | null;
  #state: State;
  #lookAt = 0;
  #everyMs: number = LOOK_MS.again;
  #shortestMs = Number.POSITIVE_INFINITY;
  #since = 0;
  #firstAt = 0;
  #count = 0;
  #full = 0;
  #calls = 0;
  #ms = 0;

  /** @param start calls to begin with, for who has to be gentle always; null: no bound until there is a reason for one */
  constructor(start: number | null) {
    this.#start = start;
    this.#state = start === null ? { name: 'free' } : { name: 'held', most: start, throughput: 0, idle: 0 };
  }

  /** Most calls under way; infinite where there is no reason to bound them. */
  get most(): number {
    return this.#state.name === 'free' ? Number.POSITIVE_INFINITY : this.#state.most;
  }

  /** Nobody is in anybody's way any more. */
  release(now: number): void {
    if (this.#state.name === 'free' || this.#start !== null) return;
    this.#enter({ name: 'free' }, now);
    this.#look(now, LOOK_MS.again);
  }

  /**
   * Content has come.
   * @param sentAt when the call was sent
   * @param calls how many were under way then, itself included
   * @param full all places are taken
   */
  content(sentAt: number, calls: number, full: boolean, now: number): void {
    // What was sent under another bound tells of that.
    if (sentAt < this.#since) return;
    if (this.#count === 0) this.#firstAt = now;
    this.#count += 1;
    this.#calls += calls;
    this.#ms += now - sentAt;
    if (full) this.#full += 1;
    if (!this.#suffices(now)) return;
    const count = this.#count;
    const level = {
      calls: this.#calls / count,
      ms: this.#ms / count,
      throughput: this.#throughput(now),
      full: this.#full > 0.8 * count,
    };
    this.#clear();
    this.#shortestMs = Math.min(this.#shortestMs * FORGET, level.ms);
    this.#judge(level, now);
  }

  /** Have enough calls been seen to judge by? */
  #suffices(now: number): boolean {
    const state = this.#state;
    const count = this.#count;
    if (count < LEAST_SAMPLES) return false;
    const tookMs = now - this.#firstAt;
    if (state.name !== 'probing' || state.queued) return count >= SAMPLES || tookMs >= LONG_MS;
    // Harm that can be seen already is not done any longer.
    const harmed = this.#throughput(now) < HARMED * state.from.throughput;
    return harmed || count >= SAMPLES * CAREFUL || (count >= LEAST_SAMPLES * CAREFUL && tookMs >= LONG_MS);
  }

  #throughput(now: number): number {
    return (this.#count - 1) / Math.max(1, now - this.#firstAt);
  }

  #judge(level: Level, now: number): void {
    const state = this.#state;
    switch (state.name) {
      case 'free':
        // Where nobody waits here, and nothing takes longer than it did, there is nothing to look for.
        if (level.calls < FEW || now < this.#lookAt) return;
        if (level.full || level.ms > SLOW * this.#shortestMs) this.#probe(level, false, now);
        return;
      case 'probing':
        return this.#judgeProbe(state, level, now);
      case 'held':
        return this.#judgeHeld(state, level, now);
      case 'trial': {
        const { most, before, throughput } = state;
        if (!level.full) return this.#enter({ name: 'held', most: before, throughput, idle: 0 }, now);
        if (level.throughput > WORTH * throughput) {
          // There is more yet: on with it, at once.
          this.#look(now, LOOK_MS.trial);
          return this.#enter({ name: 'trial', most: most * TRIAL, before: most, throughput: level.throughput }, now);
        }
        this.#look(now, this.#everyMs * 2);
        return this.#enter({ name: 'held', most: before, throughput, idle: 0 }, now);
      }
    }
  }

  #judgeProbe({ from, queued }: State & { name: 'probing' }, level: Level, now: number): void {
    // Whoever had few calls by chance, or quick ones, has shown nothing.
    const unharmed = level.full && level.throughput > UNHARMED * from.throughput && level.ms < SOONER * from.ms;
    if (unharmed && level.calls >= FEW) return this.#probe(level, true, now);
    if (!queued && !unharmed) {
      this.#look(now, this.#everyMs * 2);
      return this.#enter({ name: 'free' }, now);
    }
    const throughput = Math.max(level.throughput, from.throughput);
    const knee = MARGIN * throughput * Math.min(level.ms, from.ms);
    this.#look(now, LOOK_MS.trial);
    const most = Math.min(from.calls, Math.max(level.calls, 1, knee));
    this.#enter({ name: 'held', most, throughput, idle: 0 }, now);
  }

  #judgeHeld(state: State & { name: 'held' }, level: Level, now: number): void {
    const { most } = state;
    if (!level.full) {
      const idle = state.idle + 1;
      if (idle >= IDLE) this.release(now);
      else this.#state = { ...state, idle };
      return;
    }
    if (level.ms > CROWDED * this.#shortestMs && level.calls >= FEW) return this.#probe(level, true, now);
    const throughput = state.throughput + (level.throughput - state.throughput) / 2;
    if (now >= this.#lookAt) this.#enter({ name: 'trial', most: most * TRIAL, before: most, throughput }, now);
    else this.#state = { ...state, throughput, idle: 0 };
  }

  #probe(from: Level, queued: boolean, now: number): void {
    this.#enter({ name: 'probing', most: Math.max(1, from.calls * PROBE), from, queued }, now);
  }

  #look(now: number, everyMs: number): void {
    this.#everyMs = Math.min(LOOK_MS.most, everyMs);
    this.#lookAt = now + this.#everyMs;
  }

  #enter(state: State, now: number): void {
    this.#state = state;
    this.#since = now;
    this.#clear();
  }

  #clear(): void {
    this.#count = this.#full = this.#calls = this.#ms = 0;
  }
}
