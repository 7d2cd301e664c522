import type { Random } from '../clock.ts';
import type { Fault, FaultKind } from '../fault/fault.ts';
import { OutcomeWindow } from './window.ts';

/** How far back it looks. Short, or it goes on turning calls away long after the target has recovered. */
const WINDOW_MS = 30_000;

/** Requests per accepted one that are let through. */
const GENEROSITY = 2;

/** Fewer calls than this say nothing: a lone caller's three refusals are no overload. */
const LEAST_VOLUME = 20;

/** Some must always get through, or nobody would learn that the target accepts again. */
const MOST_REJECTED = 0.9;

/** A target's ways to say "not now, there are too many of you". */
const REFUSING: ReadonlySet<FaultKind> = new Set([
  'overloaded',
  'slow-down',
  'rate-limit-requests',
  'rate-limit-tokens',
  'unavailable',
]);

/**
 * Turns calls away in front of a target that refuses more than it serves, because refusing costs it too. The adaptive
 * throttling of Google's SRE book (chapter "Handling Overload"), with the cap and the short window without which it
 * locks itself out.
 */
export class Throttle {
  readonly #enabled: boolean;
  readonly #window = new OutcomeWindow(WINDOW_MS);

  constructor(enabled: boolean) {
    this.#enabled = enabled;
  }

  /** Should this call be turned away? One that is counts as asked for and not accepted. */
  rejects(now: number, random: Random): boolean {
    this.#window.roll(now);
    const { volume, failures } = this.#window;
    if (!this.#enabled || failures === 0 || volume < LEAST_VOLUME) return false;
    const accepted = volume - failures;
    const share = (volume - GENEROSITY * accepted) / (volume + 1);
    if (share <= 0 || random() >= Math.min(MOST_REJECTED, share)) return false;
    this.#window.add(true, now);
    return true;
  }

  /** The end of one call that was sent. */
  settle(fault: Fault | null, now: number): void {
    if (fault?.kind === 'cancelled') return;
    this.#window.add(fault !== null && REFUSING.has(fault.kind), now);
  }
}
