import type { Alarm, Clock } from '../engine/clock.ts';
import type { Target } from '../engine/target.ts';
import type { HouseEvent } from '../observe/events.ts';

/** How a target stands, as far as people are told. */
type Standing = 'closed' | 'open' | 'half-open' | 'by-hand';

/** So much is told of a target at once; a breaker that flaps must not drown everything else. */
const AT_ONCE = 6;

/** And beyond that one change in so long, ms, with how many there were. */
const EVERY_MS = 30_000;

/**
 * Tells as events that breakers open, probe and close, by hand or by themselves.
 *
 * @returns stops it
 */
export function tellOfBreakers(
  targets: readonly Pick<Target, 'id' | 'breaker'>[],
  clock: Clock,
  tell: (event: HouseEvent) => void,
): () => void {
  const news = targets.map((target) => new BreakerNews(target, clock, tell));
  return () => news.forEach((one) => one.stop());
}

/**
 * What is told of one breaker. An outage is told once, however often probes fail in it: when it begins, when the target is
 * tried for the first time, and when it is back. What comes too fast is counted, and told with how things stand then.
 */
class BreakerNews {
  readonly #target: Pick<Target, 'id' | 'breaker'>;
  readonly #clock: Clock;
  readonly #tell: (event: HouseEvent) => void;
  #told: Standing = 'closed';
  /** When the target was last told to be well; the outage began then. */
  #outSince = 0;
  #left = AT_ONCE;
  #leftAt: number;
  /** Changes that were not told. */
  #skipped = 0;
  #alarm: Alarm | null = null;

  constructor(target: Pick<Target, 'id' | 'breaker'>, clock: Clock, tell: (event: HouseEvent) => void) {
    this.#target = target;
    this.#clock = clock;
    this.#tell = tell;
    this.#leftAt = clock.now();
    target.breaker.onChange(() => this.#changed());
  }

  stop(): void {
    this.#alarm?.cancel();
  }

  #changed(): void {
    const standing = this.#standing();
    if (this.#alarm !== null) this.#skipped += 1;
    else if (!isNews(this.#told, standing)) return;
    else if (this.#mayTell()) this.#say(standing);
    else {
      this.#skipped += 1;
      this.#alarm = this.#clock.after(EVERY_MS, () => {
        this.#alarm = null;
        this.#left = 0;
        this.#leftAt = this.#clock.now();
        this.#say(this.#standing());
      });
    }
  }

  #standing(): Standing {
    const { byHand, state } = this.#target.breaker;
    return byHand ? 'by-hand' : state.name;
  }

  #mayTell(): boolean {
    const now = this.#clock.now();
    this.#left = Math.min(AT_ONCE, this.#left + (now - this.#leftAt) / EVERY_MS);
    this.#leftAt = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }

  #say(standing: Standing): void {
    const { id, breaker } = this.#target;
    const at = this.#clock.wall();
    const before = this.#told;
    if (before === 'closed') this.#outSince = at;
    const reason = standing === 'by-hand' ? null : (breaker.lastFault?.kind ?? null);
    const skipped = this.#skipped;
    const outMs = at - this.#outSince;
    const often = skipped === 0 ? '' : `; its breaker has changed ${skipped} times in the last half minute`;
    this.#told = standing;
    this.#skipped = 0;
    this.#tell({
      at,
      kind: `breaker-${breaker.state.name}`,
      level: null,
      holder: null,
      organisation: null,
      tenant: null,
      message: `target ${id} ${wording(standing, before, { reason, outMs })}${often}`,
      detail: { target: id, state: breaker.state.name, byHand: standing === 'by-hand', reason, outMs, skipped },
    });
  }
}

/** Probes that fail lead nowhere: the target is out as it was before. */
function isNews(told: Standing, standing: Standing): boolean {
  return standing !== told && !(told === 'half-open' && standing === 'open');
}

function wording(
  standing: Standing,
  before: Standing,
  { reason, outMs }: { readonly reason: string | null; readonly outMs: number },
): string {
  switch (standing) {
    case 'open':
      return `is out: its breaker has opened${reason === null ? '' : ` on ${reason}`}`;
    case 'half-open':
      return 'is being tried again: its breaker is half-open';
    case 'by-hand':
      return 'was taken out by hand';
    case 'closed':
      if (before === 'closed') return 'is well again: its breaker is closed';
      return `is back after ${length(outMs)}: its breaker is closed`;
  }
}

function length(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
