import type { Alarm, Clock, Random } from '../engine/clock.ts';
import { seededRandom } from '../engine/random.ts';
import type { Latency } from './latency.ts';
import { CALM, conditionsAt, faultFor } from './weather.ts';
import type { Conditions, Weather } from './weather.ts';
import { Workers } from './workers.ts';

/** How much a provider can do at once. */
export interface Capacity {
  /** Calls worked on at the same time. */
  readonly workers: number;
  /** Calls that may wait for a worker; more are turned away as `overloaded`. @default 128 */
  readonly queue?: number;
  /** Work before an answer begins, in ms, taken literally; the answer's own time comes on top. @default 0 */
  readonly serviceMs?: number;
  /**
   * What becomes of a call whose client has left. Most servers only notice when they try to answer: `worked` keeps its place
   * in the line and its worker at it, which is what makes a retry storm feed itself. @default 'dropped'
   */
  readonly abandoned?: 'worked' | 'dropped';
}

const USUAL_QUEUE = 128;

/** The weather over one simulator: keeps the latency and the workers in step with the timeline. */
export class Climate {
  readonly #clock: Clock;
  readonly #latency: Latency;
  readonly #usual: Capacity | null;
  #weather: Weather | null = null;
  #since = 0;
  #dice: Random = seededRandom(1);
  #workers: Workers | null = null;
  #size = 0;
  #serviceMs = 0;
  #change: Alarm | null = null;

  constructor(clock: Clock, latency: Latency, capacity: Capacity | null) {
    this.#clock = clock;
    this.#latency = latency;
    this.#usual = capacity;
    this.set(null);
  }

  get weather(): Weather | null {
    return this.#weather;
  }

  get elapsedMs(): number {
    return this.#clock.now() - this.#since;
  }

  /** Null when any number of calls can be worked on at once. */
  get workers(): Workers | null {
    return this.#workers;
  }

  /** Work before the next answer can begin, ms. */
  get serviceMs(): number {
    return this.#serviceMs * this.#latency.factor;
  }

  /** Begins a timeline now, or calm with null. Calls that wait for the workers of before are all let in. */
  set(weather: Weather | null): void {
    this.#workers?.resize(Number.POSITIVE_INFINITY);
    this.#weather = weather;
    this.#since = this.#clock.now();
    this.#dice = seededRandom(weather?.seed ?? 1);
    const usual = this.#usual;
    this.#size = weather?.workers ?? usual?.workers ?? Number.POSITIVE_INFINITY;
    this.#serviceMs = weather?.serviceMs ?? usual?.serviceMs ?? 0;
    const queue = weather === null || weather.workers === null ? (usual?.queue ?? USUAL_QUEUE) : weather.queue;
    this.#workers = Number.isFinite(this.#size) ? new Workers(this.#size, queue) : null;
    this.#follow();
  }

  /** Is what a client has abandoned worked on all the same? */
  get worksOn(): boolean {
    return this.#usual?.abandoned === 'worked';
  }

  conditions(): Conditions {
    return this.#weather === null ? CALM : conditionsAt(this.#weather, this.elapsedMs);
  }

  /** The fault that the weather has for the next call; null when it is spared. */
  strike(): string | null {
    return this.#weather === null ? null : faultFor(this.conditions(), this.#dice());
  }

  close(): void {
    this.#change?.cancel();
  }

  /** Applies what the timeline says now, and comes back when it says something else. */
  #follow(): void {
    this.#change?.cancel();
    const { capacity, latency } = this.conditions();
    this.#latency.factor = latency;
    this.#workers?.resize(Math.floor(this.#size * capacity));
    const elapsed = this.elapsedMs;
    const changes = (this.#weather?.timeline ?? [])
      .flatMap((spell) => [spell.atMs, spell.atMs + spell.forMs])
      .filter((at) => at > elapsed && Number.isFinite(at));
    if (changes.length > 0) this.#change = this.#clock.after(Math.min(...changes) - elapsed, () => this.#follow());
  }
}
