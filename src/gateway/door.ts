import type { IncomingHttpHeaders } from 'node:http';
import { ANYONE, type Caller } from '../engine/caller.ts';
import type { Clock } from '../engine/clock.ts';
import type { Fault } from '../engine/fault/fault.ts';
import type { Incoming } from './exchange.ts';
import { type Directory, KEY_HEADERS, presentedIn } from '../tenants/directory.ts';
import { type Guest, openGuest } from '../tenants/holder.ts';
import { addressNotAllowed, tooManyWrongKeys } from '../tenants/refusals.ts';
import { kindOfSecret } from '../tenants/secret.ts';
import { WrongSecrets } from '../tenants/wrong-secrets.ts';

export interface DoorOptions {
  readonly directory: Directory;
  readonly clock: Clock;
  /** Nobody is asked for a key as long as there is no tenant. */
  readonly open: boolean;
  /** Some target is sent what the caller sent as its key: ours must not be among it. */
  readonly forwardsKeys: boolean;
  readonly addressOf: (request: Incoming) => string;
  /** Told once when an address shows too many wrong keys. */
  readonly onGuessing: (address: string, prefix: string) => void;
}

/** Somebody who is not let in. */
export interface Stranger {
  readonly fault: Fault;
  /** Whose key it was, where that is known. */
  readonly plain: Caller;
  /** Leaves a record; not so what comes in a flood. */
  readonly recorded: boolean;
}

/**
 * Finds out who calls, before a byte of the body is read: what strangers send costs nothing.
 *
 * Without tenants everybody is let in, where that was allowed. As soon as there is one, a key is needed.
 */
export class Door {
  readonly #options: DoorOptions;
  readonly #anybody = openGuest(ANYONE);
  readonly #wrong = new WrongSecrets();

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  /** @param at wall time, ms since 1970. */
  recognise(request: Incoming, at: number): Guest | Stranger {
    const { directory, forwardsKeys, open } = this.#options;
    const { headers } = request;
    if (open && directory.empty) {
      if (forwardsKeys) withhold(headers);
      return this.#anybody;
    }
    const found = directory.find(headers, at);
    if (found === null) return this.#stranger(request);
    const { holder } = found;
    if (found.endsAt <= at) return this.#refused(request, directory.ended(found, at), holder.plain, holder.prefix);
    if (holder.mayComeFrom !== null && !holder.mayComeFrom(this.#options.addressOf(request))) {
      const fault = addressNotAllowed(holder.prefix, this.#options.addressOf(request));
      return this.#refused(request, fault, holder.plain, holder.prefix);
    }
    found.use.at = at;
    if (forwardsKeys) withhold(headers);
    return holder;
  }

  #stranger(request: Incoming): Stranger {
    const { fault, prefix } = this.#options.directory.stranger(request.headers);
    return this.#refused(request, fault, ANYONE, prefix);
  }

  #refused(request: Incoming, fault: Fault, plain: Caller, prefix: string): Stranger {
    const { clock, addressOf, onGuessing } = this.#options;
    const address = addressOf(request);
    const { waitMs, news } = this.#wrong.judge(address, clock.now());
    if (waitMs === 0) return { fault, plain, recorded: true };
    if (news) onGuessing(address, prefix);
    return { fault: tooManyWrongKeys(prefix, waitMs), plain, recorded: false };
  }
}

/** Takes our own keys out of what may be handed on. */
function withhold(headers: IncomingHttpHeaders): void {
  for (const name of KEY_HEADERS) {
    const presented = presentedIn(headers, name);
    if (presented !== null && kindOfSecret(presented) !== null) headers[name] = undefined;
  }
}
