import type { Call } from './call.ts';
import type { Alarm, Clock } from './clock.ts';
import type { Verdict } from './quota.ts';

/** So many calls wait for room in their callers' quotas at once; the next is refused, as if it had not asked to wait. */
const MOST_WAITING = 10_000;

/** Looking again sooner is not worth it, ms. */
const LEAST_WAIT_MS = 1;

type Refused = Verdict & { readonly kind: 'refused' };

/** A call that waits, and how it asks again. */
interface Waiter {
  readonly call: Call;
  readonly ask: () => Verdict | Promise<Verdict>;
  readonly resolve: (verdict: Verdict) => void;
  readonly giveUpAt: number;
  readonly forget: () => void;
  refused: Refused;
  alarm: Alarm | null;
  /** An answer is on its way. */
  asking: boolean;
  over: boolean;
}

/**
 * Where calls wait that would rather wait than be refused. Each asks again when its quota is due to have room, and whenever
 * another call has ended, in the order in which they came.
 */
export class Room {
  readonly #clock: Clock;
  readonly #waiters = new Set<Waiter>();
  #sweeping = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /**
   * Waits until `ask` is granted; resolves with the last refusal when that does not come about in time. Who cannot make it
   * is refused at once.
   *
   * @param giveUpAt clock time.
   */
  wait(call: Call, refused: Refused, giveUpAt: number, ask: () => Verdict | Promise<Verdict>): Promise<Verdict> {
    const { freeInMs } = refused;
    const late = freeInMs === null || this.#clock.now() + freeInMs > giveUpAt;
    if (late || this.#waiters.size >= MOST_WAITING) return Promise.resolve(refused);
    const since = this.#clock.now();
    return new Promise((resolve) => {
      const left = (): void => this.#end(waiter, waiter.refused);
      const waiter: Waiter = {
        call,
        ask,
        giveUpAt,
        refused,
        alarm: null,
        asking: false,
        over: false,
        forget: () => call.cancellation.forget(left),
        resolve: (verdict) => {
          call.waitedMs += this.#clock.now() - since;
          resolve(verdict);
        },
      };
      this.#waiters.add(waiter);
      call.cancellation.listen(left);
      if (!waiter.over) this.#setAlarm(waiter);
    });
  }

  /** A call has ended, and may have left room. */
  freed(): void {
    if (this.#waiters.size === 0 || this.#sweeping) return;
    this.#sweeping = true;
    // Whoever is behind one that was refused would be refused by the same quota, or push in.
    const full = new Set<string>();
    for (const waiter of this.#waiters) {
      if (waiter.asking || full.has(waiter.refused.quota.id)) continue;
      this.#ask(waiter);
      if (!waiter.over) full.add(waiter.refused.quota.id);
    }
    this.#sweeping = false;
  }

  #ask(waiter: Waiter): void {
    const verdict = waiter.ask();
    if (!(verdict instanceof Promise)) return this.#heard(waiter, verdict);
    waiter.asking = true;
    void verdict.then((answer) => {
      waiter.asking = false;
      this.#heard(waiter, answer);
    });
  }

  #heard(waiter: Waiter, verdict: Verdict): void {
    if (verdict.kind === 'granted') {
      // It left while the answer was on its way.
      if (waiter.over) verdict.reservation.settle({ tokens: 0, microdollars: 0 }, this.#clock.wall());
      else this.#end(waiter, verdict);
      return;
    }
    if (waiter.over) return;
    waiter.refused = verdict;
    const now = this.#clock.now();
    if (verdict.freeInMs === null || now + verdict.freeInMs > waiter.giveUpAt) this.#end(waiter, verdict);
    else this.#setAlarm(waiter);
  }

  #setAlarm(waiter: Waiter): void {
    waiter.alarm?.cancel();
    waiter.alarm = this.#clock.after(Math.max(LEAST_WAIT_MS, waiter.refused.freeInMs ?? 0), () => this.#ask(waiter));
  }

  #end(waiter: Waiter, verdict: Verdict): void {
    if (waiter.over) return;
    waiter.over = true;
    waiter.alarm?.cancel();
    waiter.forget();
    this.#waiters.delete(waiter);
    waiter.resolve(verdict);
  }
}
