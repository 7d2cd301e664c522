import type { Alarm, Clock, Random } from '../../src/engine/clock.ts';

/**
 * Libraries that ask the process for the time are lent the virtual clock: while it is lent, `Date.now`, `Math.random`,
 * `setTimeout` and `setInterval` of the whole process are the world's. The virtual clock itself beats on immediates, which
 * are left alone.
 */
const own = {
  now: Date.now,
  random: Math.random,
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setInterval: globalThis.setInterval,
  clearInterval: globalThis.clearInterval,
};

export function lendTime(clock: Clock, random: Random): void {
  const once = (ring: (...passed: unknown[]) => void, ms = 0, ...passed: unknown[]): BorrowedTimer =>
    new BorrowedTimer(clock, ms, () => ring(...passed), false);
  const again = (ring: (...passed: unknown[]) => void, ms = 0, ...passed: unknown[]): BorrowedTimer =>
    new BorrowedTimer(clock, ms, () => ring(...passed), true);
  const clear = (timer: unknown): void => {
    if (timer instanceof BorrowedTimer) timer.clear();
    // A timer of the time before is not ours to lose.
    else own.clearTimeout(timer as NodeJS.Timeout);
  };
  Date.now = () => clock.wall();
  Math.random = random;
  Object.assign(globalThis, { setTimeout: once, setInterval: again, clearTimeout: clear, clearInterval: clear });
}

/** Gives the process its own time back; does nothing when none was lent. */
export function takeTimeBack(): void {
  Date.now = own.now;
  Math.random = own.random;
  const { setTimeout, clearTimeout, setInterval, clearInterval } = own;
  Object.assign(globalThis, { setTimeout, clearTimeout, setInterval, clearInterval });
}

class BorrowedTimer {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #ring: () => void;
  readonly #repeats: boolean;
  #alarm: Alarm;

  constructor(clock: Clock, ms: number, ring: () => void, repeats: boolean) {
    this.#clock = clock;
    this.#ms = Math.max(1, ms);
    this.#ring = ring;
    this.#repeats = repeats;
    this.#alarm = this.#set();
  }

  clear(): void {
    this.#alarm.cancel();
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  #set(): Alarm {
    return this.#clock.after(this.#ms, () => {
      if (this.#repeats) this.#alarm = this.#set();
      this.#ring();
    });
  }
}
