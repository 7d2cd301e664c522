import type { Tale } from '../../src/simulator/virtual/tally.ts';
import { type ClientMaker, run, type Scene } from '../../src/simulator/virtual/world.ts';
import { lendTime, takeTimeBack } from './borrowed-time.ts';
import type { Policy, Terms } from './policies/policy.ts';

/** How much a run of the benchmark costs. */
export interface Extent {
  readonly seeds: number;
  /** Shorter and noisier. */
  readonly quick: boolean;
}

/** In the experiments with the model server every attempt has a second. */
export const A_SECOND: Terms = { attemptMs: 1000 };

/** Runs scenes with policies and seeds, each once, whoever asks for it. */
export class Lab {
  readonly extent: Extent;
  /** Calls that have been made here so far. */
  calls = 0;
  #last: Promise<unknown> = Promise.resolve();
  readonly #told = new Map<string, Promise<Tale>>();

  constructor(extent: Extent) {
    this.extent = extent;
  }

  get seeds(): number[] {
    return Array.from({ length: this.extent.seeds }, (_, at) => at + 1);
  }

  /** @param name tells scenes apart: one name, one scene. */
  tell(policy: Policy, name: string, scene: Scene, seed: number, terms: Terms = A_SECOND): Promise<Tale> {
    const key = `${policy.id} ${name} ${terms.attemptMs} ${seed}`;
    let told = this.#told.get(key);
    if (told === undefined) {
      told = this.#run(policy, scene, seed, terms);
      this.#told.set(key, told);
    }
    return told;
  }

  /** One tale for each seed. */
  async tales(policy: Policy, name: string, scene: Scene, terms: Terms = A_SECOND): Promise<Tale[]> {
    const tales: Tale[] = [];
    for (const seed of this.seeds) tales.push(await this.tell(policy, name, scene, seed, terms));
    return tales;
  }

  /** One run after the other: a client that borrows the process's time has it for itself. */
  #run(policy: Policy, scene: Scene, seed: number, terms: Terms): Promise<Tale> {
    const told = this.#last.then(async () => {
      try {
        return await run(scene, seed, clientOf(policy, terms));
      } finally {
        takeTimeBack();
      }
    });
    this.#last = told.then((tale) => (this.calls += tale.offered)).catch(() => undefined);
    return told;
  }
}

function clientOf({ client, borrowsTime }: Policy, terms: Terms): ClientMaker {
  const make = client(terms);
  if (borrowsTime !== true) return make;
  return (site) => {
    lendTime(site.clock, site.random);
    return make(site);
  };
}
