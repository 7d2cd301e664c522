import type { Attempt, Outcome } from '../attempt/attempt.ts';
import type { Call } from '../call.ts';
import { Cancellation } from '../cancellation.ts';
import type { Alarm, Clock } from '../clock.ts';
import type { Hedger } from './hedger.ts';
import { OVERTAKEN } from './overtaken.ts';
import type { Target } from '../target.ts';

/** An answer that begins so many times later than is late elsewhere shows a slow target, even where no second attempt could be paid for. */
const FAR_BEHIND = 3;

/** An attempt that can be begun for a copy of the call, which can be cancelled by itself. */
export interface Runner {
  readonly attempt: Attempt;
  readonly outcome: Promise<Outcome>;
}

export interface RaceFacts {
  readonly call: Call;
  readonly clock: Clock;
  readonly hedger: Hedger;
  /** Silence of the first after which the second is begun, ms. */
  readonly delayMs: number;
  readonly first: (call: Call) => Runner;
  /** Begins the second attempt; null when there is nobody to make it. */
  readonly second: (call: Call) => Runner | null;
}

/**
 * Lets a second attempt run against a first that is slow to begin: the first to have content is the answer, the other is
 * stopped at once. An attempt that fails leaves the other to run on; when both have failed, the first's failure counts.
 */
export function race(facts: RaceFacts): Promise<Outcome> {
  return new Promise((resolve) => new Race(facts, resolve).begin());
}

class Race {
  readonly #facts: RaceFacts;
  readonly #resolve: (outcome: Outcome) => void;
  readonly #startedAt: number;
  /** How many words the caller was to be told before. */
  readonly #told: number;
  readonly #forward = (): void => this.#cancelled();
  #alarm: Alarm | null = null;
  /** Whose first content is awaited. */
  #beside: Target | null = null;
  #first: Runner | null = null;
  #second: Runner | null = null;
  /** How the first failed, while the second runs on. */
  #failure: Outcome | null = null;
  #over = false;

  constructor(facts: RaceFacts, resolve: (outcome: Outcome) => void) {
    this.#facts = facts;
    this.#resolve = resolve;
    this.#startedAt = facts.clock.now();
    this.#told = facts.call.told.length;
  }

  begin(): void {
    const { call, clock, hedger, delayMs, first } = this.#facts;
    const runner = first(apart(call));
    this.#first = runner;
    this.#beside = runner.attempt.target;
    hedger.begin(this.#beside);
    call.cancellation.listen(this.#forward);
    if (delayMs !== Number.POSITIVE_INFINITY) this.#alarm = clock.after(delayMs, () => this.#hedge());
    void runner.outcome.then((outcome) => this.#ended(runner, outcome));
  }

  #hedge(): void {
    const { call, clock, hedger, delayMs, second } = this.#facts;
    const beside = this.#beside as Target;
    const paid = hedger.take(beside);
    const runner = paid ? second(apart(call)) : null;
    if (runner === null) {
      if (paid) hedger.giveBack(beside);
      this.#alarm = clock.after((FAR_BEHIND - 1) * delayMs, () => this.#farBehind());
      return;
    }
    this.#second = runner;
    void runner.outcome.then((outcome) => this.#ended(runner, outcome));
  }

  /** Nobody ran against it, and it is slow all the same. */
  #farBehind(): void {
    if (this.#first !== null) tellSlow(this.#first, this.#facts.clock.now());
  }

  #ended(runner: Runner, outcome: Outcome): void {
    if (this.#over) return;
    if (outcome.kind === 'reply') return this.#won(runner, outcome);
    const isFirst = runner === this.#first;
    if (isFirst) {
      this.#first = null;
      this.#alarm?.cancel();
      if (this.#second === null) return this.#finish(this.#failure ?? outcome);
      this.#failure = outcome;
    } else {
      this.#second = null;
      this.#settle(false);
      if (this.#failure !== null) this.#finish(this.#failure);
    }
  }

  #settle(won: boolean): void {
    if (this.#beside !== null) this.#facts.hedger.settle(this.#beside, won);
  }

  #won(winner: Runner, outcome: Outcome & { kind: 'reply' }): void {
    const { call, clock, hedger } = this.#facts;
    const now = clock.now();
    const loser = winner === this.#first ? this.#second : this.#first;
    hedger.observe(winner.attempt.target, now - winner.attempt.beganAt);
    if (this.#second !== null) this.#settle(winner === this.#second);
    this.#over = true;
    if (loser !== null) this.#stop(loser, winner, now);
    tellOf(winner.attempt.call, call, this.#told);
    const { reply } = outcome;
    // From here on the caller's leaving is for the winner alone to hear of.
    this.#first = winner;
    this.#second = null;
    if (reply.kind === 'stream') reply.stream.onEnding(() => call.cancellation.forget(this.#forward));
    else call.cancellation.forget(this.#forward);
    this.#finish(outcome);
  }

  #stop(loser: Runner, winner: Runner, now: number): void {
    const { attempt } = loser;
    this.#facts.hedger.observe(attempt.target, now - attempt.beganAt);
    // Who is overtaken by another target again and again is slow, even if it has never been anything else.
    if (loser === this.#first && attempt.target !== winner.attempt.target) tellSlow(loser, now);
    attempt.call.cancellation.cancel(OVERTAKEN.message);
    if (attempt.record !== null) attempt.record.fault = OVERTAKEN;
  }

  #cancelled(): void {
    const reason = this.#facts.call.cancellation.reason ?? 'the caller left';
    for (const runner of [this.#first, this.#second]) runner?.attempt.call.cancellation.cancel(reason);
  }

  #finish(outcome: Outcome): void {
    const { call, clock } = this.#facts;
    this.#over = true;
    this.#alarm?.cancel();
    call.upstreamMs += clock.now() - this.#startedAt;
    if (outcome.kind === 'fault') call.cancellation.forget(this.#forward);
    this.#resolve(outcome);
  }
}

/** Counts as a failure where targets are chosen: beside what the attempt itself tells, which may be that all is as usual here. */
function tellSlow({ attempt: { target } }: Runner, now: number): void {
  target.suspicion.ended(-1, 'failure', now);
}

/** The same call, to be stopped by itself. Its attempts are recorded where all of the call's are. */
export function apart(call: Call): Call {
  return { ...call, cancellation: new Cancellation() };
}

/** What the attempt that counts has to tell is told of the call itself. */
function tellOf(winner: Call, call: Call, told: number): void {
  if (winner.told.length > told) call.told = [...call.told, ...winner.told.slice(told)];
  const { notes } = call;
  const more = winner.notes.filter((note) => !notes.includes(note));
  if (more.length > 0) call.notes = [...notes, ...more];
}
