/** So many refusals in a row are compared with as many before them, and these with as many before. */
const LEAST = 4;
const MOST = 32;

/** What refuses more than this part of the calls is heeded, whether or not it follows the rate. */
const MOST_SHARE = 0.35;

/**
 * A limit that refuses a third of the calls refuses a ninth at three quarters of the rate, and one that refuses a quarter
 * refuses none there; what refuses about as many as before is something else.
 */
const LOWERED = 0.75;
const ALIKE = 2.5;

/** Evidence, in nats, that refusals have become so many more that they are a limit's after all. */
const NO_LONGER = 8;

/** Evidence to the contrary counts up to this: many calls may be sent at once, and the refusals of some of them come together. */
const CREDIT = 8;

/** What chance is taken to refuse at the most, of the share that was seen; and what is more than that. */
const SLACK = 1.6;
const MORE = { times: 2, share: 0.15 } as const;

/** One refusal: the calls that were sent since the one before, and the rate at which they were sent. */
interface Refusal {
  readonly calls: number;
  readonly rate: number;
}

/**
 * Tells refusals that come by chance from those of a limit, by what happens when fewer calls are sent: a limit's become rarer
 * and cease, and those that a provider strews among the calls go on as before. To slow down for these would only do harm.
 *
 * Once they are known to be chance they are not heeded, until they become many more.
 */
export class Chance {
  #refusals: Refusal[] = [];
  #calls = 0;
  /** Part of the calls that is refused by chance; null while refusals are heeded. */
  #share: number | null = null;
  #evidence = 0;
  /** Doubles each time that it was wrong. */
  #least = LEAST;

  /** A call is sent. (Answers would not do: refusals come at once, and they come late.) */
  sent(): void {
    this.#calls += 1;
    if (this.#share === null) return;
    const [usual, more] = this.#shares(this.#share);
    this.#evidence = Math.max(-CREDIT, this.#evidence + Math.log((1 - more) / (1 - usual)));
  }

  /**
   * A call was refused.
   * @param rate at which calls are sent, before it is lowered on account of this
   * @returns whether it is by chance, and no reason to send fewer
   */
  refused(rate: number): boolean {
    if (this.#share !== null) return this.#stillChance(this.#share);
    this.#refusals.push({ calls: this.#calls, rate });
    this.#calls = 0;
    if (this.#refusals.length < 3 * this.#least) return false;
    if (this.#refusals.length > 3 * this.#least) this.#refusals.shift();
    const thirds = [0, 1, 2].map((third) => this.#refusals.slice(third * this.#least, (third + 1) * this.#least));
    const [early, , late] = thirds as [Refusal[], Refusal[], Refusal[]];
    if (Math.max(...late.map(rateOf)) > LOWERED * Math.min(...early.map(rateOf))) return false;
    const shares = thirds.map(shareOf);
    const [least, most] = [Math.min(...shares), Math.max(...shares)];
    if (most > MOST_SHARE || most > ALIKE * least) return false;
    this.#share = shareOf(this.#refusals);
    this.#refusals = [];
    this.#evidence = 0;
    return true;
  }

  #stillChance(share: number): boolean {
    const [usual, more] = this.#shares(share);
    // When it was sent it was taken for one of those that are accepted.
    this.#evidence += Math.log(more / usual) - Math.log((1 - more) / (1 - usual));
    if (this.#evidence < NO_LONGER) return true;
    this.#share = null;
    this.#calls = 0;
    this.#least = Math.min(MOST, this.#least * 2);
    return false;
  }

  /** What is expected of chance, and what would be too much for it. */
  #shares(share: number): readonly [usual: number, more: number] {
    const usual = Math.min(MOST_SHARE, Math.max(0.01, share * SLACK));
    return [usual, Math.max(MORE.times * usual, usual + MORE.share)];
  }
}

function rateOf({ rate }: Refusal): number {
  return rate;
}

function shareOf(refusals: readonly Refusal[]): number {
  const calls = refusals.reduce((sum, one) => sum + one.calls, 0);
  return refusals.length / Math.max(calls, refusals.length);
}
