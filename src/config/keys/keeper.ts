import type { Fault } from '../../engine/fault/fault.ts';
import type { KeyReport } from './report.ts';
import type { KeptKey } from './problems.ts';
import { type KeeperDeps, WatchedKey } from './watched-key.ts';

/** Keeps the keys of the targets: knows how each stands, and takes up a new one when its store has it. */
export class KeyKeeper {
  readonly #keys: readonly WatchedKey[];

  constructor(keys: readonly KeptKey[], deps: KeeperDeps) {
    this.#keys = keys.map((key) => new WatchedKey(key, deps));
  }

  /** Asks every provider about its key. @returns how each stands, when all have answered or were given up on */
  async checkAll(): Promise<readonly KeyReport[]> {
    await Promise.all(this.#keys.map((key) => key.check()));
    return this.reports();
  }

  reports(): readonly KeyReport[] {
    const reports = this.#keys.map((key) => key.report());
    return reports.map((report) => ({ ...report, problems: [...report.problems, ...sharing(report, this.#keys)] }));
  }

  /** Begins to look for new values in the stores, each as often as it is worth. */
  start(): void {
    for (const key of this.#keys) key.start();
  }

  stop(): void {
    for (const key of this.#keys) key.stop();
  }

  /**
   * A provider has refused the target's key in a call that was sent at this clock time. @returns whether another key is in
   * use by now, so that the call is worth sending again
   */
  renew(target: string, sentAt: number, fault: Fault): Promise<boolean> {
    return this.#keys.find((key) => key.target === target)?.renew(sentAt, fault) ?? Promise.resolve(false);
  }
}

/** One key that stands for two environments: whatever is done to it in one is done in the other. */
function sharing({ target, fingerprint }: KeyReport, keys: readonly WatchedKey[]): string[] {
  const environment = keys.find((key) => key.target === target)?.environment ?? null;
  return keys
    .filter((other) => fingerprint !== null && other.fingerprint === fingerprint && other.target !== target)
    .filter((other) => environment !== null && other.environment !== null && other.environment !== environment)
    .map(
      (other) =>
        `the same key is used for ${environment} and, at target ${other.target}, for ${other.environment}; make one for each`,
    );
}
