import type { Call } from '../call.ts';
import type { Alarm, Clock } from '../clock.ts';
import type { TellWaiting } from '../sharing/waiting.ts';
import { HELD_HOPE_MS, type Quota, type Verdict } from './quota.ts';

/** Places for calls that wait for room in their callers' quotas; when they are taken, the next is refused as if it had not asked. */
const PLACES = 10_000;

/** A call waits with its body in memory, and takes a place for each of these bytes begun: 320 MB in all. */
const PLACE_BYTES = 32 * 1024;

/** Looking again sooner is not worth it, ms. */
const LEAST_WAIT_MS = 1;

type Refused = Verdict & { readonly kind: 'refused' };

/** A call that waits, and how it asks again. */
interface Waiter {
  readonly call: Call;
  readonly ask: () => Verdict | Promise<Verdict>;
  readonly resolve: (verdict: Verdict) => void;
  readonly since: number;
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
  /** Those who wait, by the quota that refused them last: one line each, in the order in which they joined it. */
  readonly #lines = new Map<string, Set<Waiter>>();
  /** Places that each tenant takes. */
  readonly #ofTenant = new Map<string, number>();
  #waiting = 0;
  #taken = 0;
  #asking = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Tells who waits, for people who look: one by one, in the order in which they joined their lines. */
  tellWaiting(tell: TellWaiting): void {
    for (const line of this.#lines.values()) {
      for (const { call, since } of line) tell(call.caller.tenant ?? '', call.caller.lane, 1, since);
    }
  }

  /**
   * Waits until `ask` is granted; resolves with the last refusal when that does not come about in time. Who cannot make it
   * is refused at once.
   *
   * @param giveUpAt clock time.
   */
  wait(call: Call, refused: Refused, giveUpAt: number, ask: () => Verdict | Promise<Verdict>): Promise<Verdict> {
    if (this.#hopeless(refused, giveUpAt) || this.#full(call)) return Promise.resolve(refused);
    const since = this.#clock.now();
    return new Promise((resolve) => {
      const left = (): void => this.#end(waiter, waiter.refused);
      const waiter: Waiter = {
        call,
        ask,
        since,
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
      this.#count(call, 1);
      this.#join(waiter);
      call.cancellation.listen(left);
      if (!waiter.over) this.#setAlarm(waiter);
    });
  }

  /** A call has ended, and may have left room in these quotas: nobody else need look, however many wait for others. */
  freed(quotas: readonly Quota[]): void {
    if (this.#waiting === 0 || this.#asking) return;
    this.#asking = true;
    for (let index = 0; index < quotas.length; index += 1) {
      for (const waiter of this.#lines.get((quotas[index] as Quota).id) ?? []) {
        if (waiter.asking) continue;
        this.#ask(waiter);
        // Whoever is behind one that was refused would be refused as well, or push in.
        if (!waiter.over) break;
      }
    }
    this.#asking = false;
  }

  /** A tenant may take as many places as are left after it, so that however many crowd in, the next finds one. */
  #full(call: Call): boolean {
    const { tenant } = call.caller;
    const left = PLACES - this.#taken - placesOf(call);
    return left < 0 || (tenant !== null && (this.#ofTenant.get(tenant) ?? 0) + placesOf(call) > left);
  }

  #count(call: Call, one: 1 | -1): void {
    const { tenant } = call.caller;
    const more = one * placesOf(call);
    this.#waiting += one;
    this.#taken += more;
    if (tenant === null) return;
    const taken = (this.#ofTenant.get(tenant) ?? 0) + more;
    if (taken === 0) this.#ofTenant.delete(tenant);
    else this.#ofTenant.set(tenant, taken);
  }

  /** Too late for certain. Of what calls under way hold, nobody knows: that may come at any time. */
  #hopeless({ freeInMs }: Refused, giveUpAt: number): boolean {
    if (freeInMs === null) return true;
    const now = this.#clock.now();
    return now >= giveUpAt || (freeInMs > HELD_HOPE_MS && now + freeInMs > giveUpAt);
  }

  #ask(waiter: Waiter): void {
    if (waiter.asking) return;
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
    if (verdict.quota.id !== waiter.refused.quota.id) {
      this.#leave(waiter);
      waiter.refused = verdict;
      this.#join(waiter);
    }
    waiter.refused = verdict;
    if (this.#hopeless(verdict, waiter.giveUpAt)) this.#end(waiter, verdict);
    else this.#setAlarm(waiter);
  }

  #setAlarm(waiter: Waiter): void {
    waiter.alarm?.cancel();
    const leftMs = waiter.giveUpAt - this.#clock.now();
    const ms = Math.max(LEAST_WAIT_MS, Math.min(waiter.refused.freeInMs ?? 0, leftMs));
    waiter.alarm = this.#clock.after(ms, () => this.#ask(waiter));
  }

  #end(waiter: Waiter, verdict: Verdict): void {
    if (waiter.over) return;
    waiter.over = true;
    waiter.alarm?.cancel();
    waiter.forget();
    this.#count(waiter.call, -1);
    this.#leave(waiter);
    waiter.resolve(verdict);
  }

  #join(waiter: Waiter): void {
    const { id } = waiter.refused.quota;
    const line = this.#lines.get(id);
    if (line === undefined) this.#lines.set(id, new Set([waiter]));
    else line.add(waiter);
  }

  #leave(waiter: Waiter): void {
    const { id } = waiter.refused.quota;
    const line = this.#lines.get(id);
    line?.delete(waiter);
    if (line?.size === 0) this.#lines.delete(id);
  }
}

function placesOf({ body }: Call): number {
  return body instanceof Uint8Array ? 1 + Math.floor(body.length / PLACE_BYTES) : 1;
}
