import type { Tale } from '../../src/simulator/virtual/tally.ts';
import { run, type Scene } from '../../src/simulator/virtual/world.ts';
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
      told = run(scene, seed, policy.client(terms)).then((tale) => {
        this.calls += tale.offered;
        return tale;
      });
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
}
