import type { Call } from './call.ts';
import type { Clock } from './clock.ts';
import type { Candidate, PlanRules } from './plan.ts';

/** Whether each call begins at the top of its ladder, or a conversation goes on where it was answered last. */
export type StickPolicy = 'call' | 'conversation';

/** Conversations remembered at a time; at some 150 bytes each that is a few megabytes at most. */
const CAPACITY = 20_000;

/** After so long without a call a conversation begins at the top again: by then nobody minds another voice, ms. */
const FORGOTTEN_MS = 3_600_000;

interface Remembered {
  readonly target: string;
  readonly model: string | null;
  readonly at: number;
}

/**
 * Where the conversations of a route have been answered last. One that has moved to another model stays there while that
 * answers, instead of changing its voice with every call of an unsteady hour; and what a provider has cached of it serves.
 */
export class Conversations {
  readonly #keyOf: (call: Call) => string | null;
  readonly #clock: Clock;
  readonly #remembered = new Map<string, Remembered>();

  /** @param keyOf what a call's conversation is known by; null for calls that are not part of one */
  constructor(keyOf: (call: Call) => string | null, clock: Clock) {
    this.#keyOf = keyOf;
    this.#clock = clock;
  }

  of(call: Call): Conversation | null {
    const key = this.#keyOf(call);
    if (key === null) return null;
    const known = this.#remembered.get(key);
    const fresh = known !== undefined && this.#clock.now() - known.at <= FORGOTTEN_MS ? known : null;
    return new Conversation(fresh, (candidate) => this.#remember(key, candidate));
  }

  #remember(key: string, { target, model }: Candidate): void {
    this.#remembered.delete(key);
    this.#remembered.set(key, { target: target.id, model, at: this.#clock.now() });
    // A Map keeps the order of insertion: the first key is the oldest.
    for (const oldest of this.#remembered.keys()) {
      if (this.#remembered.size <= CAPACITY) return;
      this.#remembered.delete(oldest);
    }
  }
}

/** One conversation, as a call of it finds it. */
export class Conversation {
  readonly #known: Pick<Remembered, 'target' | 'model'> | null;
  /** A target has answered: the next call goes there first. */
  readonly answeredBy: (candidate: Candidate) => void;

  constructor(known: Pick<Remembered, 'target' | 'model'> | null, answeredBy: (candidate: Candidate) => void) {
    this.#known = known;
    this.answeredBy = answeredBy;
  }

  /** The ladder with whoever answered last at its top; the same where nobody has, or is not on it any more. */
  arrange(ladder: PlanRules['ladder']): PlanRules['ladder'] {
    const known = this.#known;
    if (known === null) return ladder;
    const isLast = ({ target, model }: Candidate): boolean => target.id === known.target && model === known.model;
    const last = ladder.flat().find(isLast);
    if (last === undefined) return ladder;
    const rest = ladder.map((rung) => rung.filter((candidate) => candidate !== last));
    return [[last], ...rest.filter((rung) => rung.length > 0)];
  }
}
