import type { Clock } from '../engine/clock.ts';
import type { Admission, Workers } from './workers.ts';

/** - `waiting` in the line, or turned away; `working`; `abandoned`: its client has left, yet it is still in the line. */
type State =
  | { readonly name: 'waiting' }
  | { readonly name: 'working'; readonly untilAt: number }
  | { readonly name: 'abandoned' }
  | { readonly name: 'over' };

/** What a shift needs to know of its work. */
interface Work {
  readonly workers: Workers;
  readonly clock: Clock;
  /** How long a worker is at it when nobody stops it, ms; asked for when the work begins. */
  readonly workMs: () => number;
  /** Is what its client has abandoned worked on all the same? */
  readonly worksOn: boolean;
  /** A worker is free for it. */
  readonly begin: () => void;
}

/** One call's time with the workers: in the line, at work, or abandoned by its client. */
export class Shift {
  readonly #work: Work;
  #state: State = { name: 'waiting' };

  constructor(work: Work) {
    this.#work = work;
  }

  /** Asks for a worker. */
  start(): Admission {
    return this.#work.workers.take(this.#begin);
  }

  /** Its delivery has ended. @param abandoned because the client left before the end */
  end(abandoned: boolean): void {
    const { workers, clock, worksOn } = this.#work;
    const state = this.#state;
    this.#state = { name: 'over' };
    if (state.name === 'waiting') {
      if (abandoned && worksOn) this.#state = { name: 'abandoned' };
      else workers.leave(this.#begin);
    } else if (state.name === 'working') {
      if (abandoned && worksOn) clock.after(Math.max(0, state.untilAt - clock.now()), () => workers.release());
      else workers.release();
    }
  }

  readonly #begin = (): void => {
    const { workers, clock, workMs, begin } = this.#work;
    if (this.#state.name === 'abandoned') {
      this.#state = { name: 'over' };
      clock.after(workMs(), () => workers.release());
      return;
    }
    this.#state = { name: 'working', untilAt: clock.now() + workMs() };
    begin();
  };
}
