/** Ends the work when somebody asks for it: the first signal lets what is under way end, a second one does not wait. */
export class Stop {
  #wanted = false;
  readonly #woken = new Set<() => void>();
  readonly #hear: () => void;

  /** @param say told what the first signal does */
  constructor(say: (words: string) => void) {
    this.#hear = () => {
      if (this.#wanted) process.exit(130);
      this.#wanted = true;
      say('\nholdfast: letting what is under way end; once more to stop at once\n');
      for (const wake of this.#woken) wake();
    };
    process.on('SIGINT', this.#hear);
    process.on('SIGTERM', this.#hear);
  }

  get wanted(): boolean {
    return this.#wanted;
  }

  /** Waits, but not for longer than the work goes on. */
  wait(ms: number): Promise<void> {
    if (this.#wanted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(alarm);
        this.#woken.delete(done);
        resolve();
      };
      const alarm = setTimeout(done, ms);
      this.#woken.add(done);
    });
  }

  /** Leaves signals to others again. */
  forget(): void {
    process.off('SIGINT', this.#hear);
    process.off('SIGTERM', this.#hear);
  }
}
