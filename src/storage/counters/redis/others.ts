import type { Measure, Period } from '../../../engine/admission/quota.ts';
import { type Window, windowFor } from '../windows.ts';

/** What Redis said of a quota, in its unit. */
export interface Standing {
  /** Processes that share it, this one included. */
  readonly replicas: number;
  /** Settled use, this process's included as far as it was reported. */
  readonly settled: number;
  /** What the other processes hold, and how much of that no call has been given. */
  readonly heldByOthers: number;
  readonly idleWithOthers: number;
}

/** Number and amount of pieces, the oldest first. */
export type Pieces = readonly (readonly [piece: number, amount: number])[];

/** What others held at the last word is believed for this long, ms: by then most of their calls have ended. */
const BELIEF_MS = 60_000;

/** What is known of other processes' use of one quota: as of the last word, and ageing since. */
export class Others {
  readonly #make: () => Window | null;
  #window: Window | null;
  #held = 0;
  #idle = 0;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(measure: Measure, period: Period) {
    this.#make = () => windowFor(measure, period);
    this.#window = this.#make();
  }

  get toldAt(): number {
    return this.#toldAt;
  }

  get window(): Window | null {
    return this.#window;
  }

  settled(at: number): number {
    return this.#window?.total(at) ?? 0;
  }

  /** What calls of theirs hold; of requests, what they have used and not reported yet. */
  held(at: number): number {
    return this.#believed(at) ? this.#held - this.#idle : 0;
  }

  /** What they have leased and given to no call. */
  idle(at: number): number {
    return this.#believed(at) ? this.#idle : 0;
  }

  /** @param reported what Redis knows of this process's own use. */
  told({ settled, heldByOthers, idleWithOthers }: Standing, reported: number, at: number): void {
    this.#toldAt = at;
    this.#held = heldByOthers;
    this.#idle = idleWithOthers;
    if (this.#window === null) return;
    // Use is dated when it is heard of, which is a little late and so counts a little long.
    const news = settled - reported - this.#window.total(at);
    if (news > 0) this.#window.add(news, at);
  }

  /** Everybody's use by pieces. @param own this process's part in it. */
  toldPieces(pieces: Pieces, own: ReadonlyMap<number, number>): void {
    const window = this.#make();
    for (const [piece, amount] of pieces) {
      const theirs = amount - (own.get(piece) ?? 0);
      if (theirs > 0) window?.add(theirs, window.momentIn(piece));
    }
    this.#window = window;
  }

  #believed(at: number): boolean {
    return at - this.#toldAt < BELIEF_MS;
  }
}
