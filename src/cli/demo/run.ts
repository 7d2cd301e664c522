import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from './application.ts';
import type { DemoCall } from './plan.ts';
import type { Side } from './side.ts';
import { PHASES } from './sky.ts';
import { Tally } from './tally.ts';
import type { Summary } from './tally.ts';
import type { Weather } from '../../simulator/index.ts';

/** How both sides fared. */
export interface Comparison {
  readonly direct: Summary;
  readonly holdfast: Summary;
}

export interface Measured {
  /** In the order of {@link PHASES}. A call belongs to the phase it began in, however long it took. */
  readonly phases: readonly Comparison[];
  readonly total: Comparison;
}

export interface RunOptions {
  readonly plan: readonly DemoCall[];
  readonly sides: readonly [direct: Side, holdfast: Side];
  readonly weather: Weather;
  /** Ends it early; calls that are open then are not counted. */
  readonly signal: AbortSignal;
}

/** Makes the same calls at the same moments on both sides, and counts how they end. */
export class Run {
  readonly #options: RunOptions;
  readonly #total = tallies();
  readonly #phases = PHASES.map(tallies);

  constructor(options: RunOptions) {
    this.#options = options;
  }

  /** Resolves when the last call has ended, or at once when the signal ends it. */
  async go(): Promise<void> {
    const { plan, sides, weather, signal } = this.#options;
    const startedAt = performance.now();
    for (const side of sides) side.turn(weather);
    const running: Promise<void>[] = [];
    for (const call of plan) {
      const waitMs = startedAt + call.atMs - performance.now();
      if (waitMs >= 1) await sleep(waitMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) break;
      for (const side of sides) running.push(this.#measure(side, call));
    }
    await Promise.all(running);
  }

  /** What is known so far. */
  measured(): Measured {
    return { phases: this.#phases.map(summarise), total: summarise(this.#total) };
  }

  async #measure(side: Side, call: DemoCall): Promise<void> {
    const ending = await ask(side, call, this.#options.signal);
    if (ending === null) return;
    this.#total[side.name].add(ending);
    this.#phases[call.phase]?.[side.name].add(ending);
  }
}

type Tallies = Readonly<Record<Side['name'], Tally>>;

function tallies(): Tallies {
  return { direct: new Tally(), holdfast: new Tally() };
}

function summarise({ direct, holdfast }: Tallies): Comparison {
  return { direct: direct.summary(), holdfast: holdfast.summary() };
}
