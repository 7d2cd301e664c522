/**
 * The caller's way to stop a call: lighter than an AbortSignal (one object, no events), because every call has one.
 * The first reason stays.
 */
export class Cancellation {
  #reason: string | null = null;
  #listeners: (() => void)[] = [];

  get reason(): string | null {
    return this.#reason;
  }

  get cancelled(): boolean {
    return this.#reason !== null;
  }

  cancel(reason: string): void {
    if (this.#reason !== null) return;
    this.#reason = reason;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }

  /** Calls `listener` once on cancellation, at once if it has already happened. Returns how to stop listening. */
  listen(listener: () => void): () => void {
    if (this.cancelled) {
      listener();
      return ignore;
    }
    this.#listeners.push(listener);
    return () => {
      const at = this.#listeners.indexOf(listener);
      if (at >= 0) this.#listeners.splice(at, 1);
    };
  }
}

function ignore(): void {}
