import { addressOrNetwork } from './address-ranges.ts';
import { Recent } from './recent.ts';

/** Wrong keys or tokens in a row that an address may show before it is throttled: a fleet that starts with an old key. */
const BURST = 20;

/** And how fast it may go on, per second. */
const PER_SECOND = 1 / 3;

/** Addresses that are remembered; beyond, the one that was quiet longest is forgotten. */
const ADDRESSES = 10_000;

interface Guesser {
  /** Wrong secrets that it may still show. */
  left: number;
  at: number;
  /** Somebody has been told of this spell of guessing. */
  told: boolean;
}

/** What to do about one more wrong secret from an address. */
export interface Judgement {
  /** Until it may show another, ms; 0: it is within bounds. */
  readonly waitMs: number;
  /** The first of its spell beyond bounds: worth telling people. */
  readonly news: boolean;
}

/**
 * Counts wrong secrets per address. It is there for the records and the log, which guessing must not flood; what keeps
 * guessing hopeless is the length of the secrets. So a right key is never refused for the wrong ones shown beside it: behind
 * one proxy, one caller's old key must not lock the others out.
 */
export class WrongSecrets {
  readonly #guessers = new Recent<Guesser>(ADDRESSES);

  /** @param now clock time, ms. */
  judge(address: string, now: number): Judgement {
    const where = addressOrNetwork(address);
    let guesser = this.#guessers.get(where);
    if (guesser === undefined) this.#guessers.set(where, (guesser = { left: BURST, at: now, told: false }));
    guesser.left = Math.min(BURST, guesser.left + ((now - guesser.at) / 1000) * PER_SECOND);
    guesser.at = now;
    if (guesser.left >= BURST) guesser.told = false;
    if (guesser.left >= 1) {
      guesser.left -= 1;
      return WITHIN_BOUNDS;
    }
    const news = !guesser.told;
    guesser.told = true;
    return { waitMs: Math.ceil((1 - guesser.left) / PER_SECOND) * 1000, news };
  }
}

const WITHIN_BOUNDS: Judgement = { waitMs: 0, news: false };
