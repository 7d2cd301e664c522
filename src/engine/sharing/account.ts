import type { Clock } from '../clock.ts';
import { Outlet } from './outlet.ts';
import type { PacingPolicy } from '../policy.ts';

/** Models that are told apart; of more, those are forgotten that nothing is known of. */
const MOST_MODELS = 256;

/**
 * What all keys of one organisation share at a provider: its rate limits, which providers count for each model apart. One
 * target has one of its own, unless the configuration says that several are of one account.
 */
export class Account {
  readonly id: string;
  readonly #pacing: PacingPolicy;
  readonly #byModel = new Map<string, Outlet>();
  /** The same, in turn. */
  readonly #outlets: Outlet[] = [];
  #turn = 0;

  constructor(id: string, pacing: PacingPolicy) {
    this.id = id;
    this.#pacing = pacing;
  }

  /** Calls that wait. */
  get waiting(): number {
    return this.#outlets.reduce((sum, { waiting }) => sum + waiting, 0);
  }

  /** The ways out, by model; the one without a name is for calls that name none. */
  get outlets(): ReadonlyMap<string, Outlet> {
    return this.#byModel;
  }

  /** The way out for a model; null is for calls that name none. */
  outletFor(model: string | null): Outlet {
    return this.#byModel.get(model ?? '') ?? this.#open(model ?? '');
  }

  /** A place has come free at one of the account's targets: it is offered to the models in turn. */
  vacated(clock: Clock): void {
    const outlets = this.#outlets;
    this.#turn += 1;
    for (let at = 0; at < outlets.length; at += 1) {
      const outlet = outlets[(this.#turn + at) % outlets.length] as Outlet;
      if (outlet.waiting > 0) outlet.pump(clock);
    }
  }

  #open(name: string): Outlet {
    if (this.#outlets.length >= MOST_MODELS) this.#forget();
    const outlet = new Outlet(this.#pacing);
    this.#byModel.set(name, outlet);
    this.#outlets.push(outlet);
    return outlet;
  }

  /** Callers may name any model: what is made up must not fill the memory. */
  #forget(): void {
    const idle = [...this.#byModel].filter(([, { waiting }]) => waiting === 0);
    const [name, outlet] = idle.find(([, { pacer }]) => !pacer.known) ?? idle[0] ?? [];
    if (name === undefined || outlet === undefined) return;
    this.#byModel.delete(name);
    this.#outlets.splice(this.#outlets.indexOf(outlet), 1);
  }
}
