/**
 * The caller's way to stop a call: lighter than an AbortSignal (one object, no events), because every call has one.
 * The first reason stays.
 */
export class Cancellation {
  #reason: string | null = null;
  /** Nearly always one at a time: only a second needs a list. */
  #listener: (() => void) | null = null;
  #others: (() => void)[] | null = null;

  get reason(): string | null {
    return this.#reason;
  }

  get cancelled(): boolean {
    return this.#reason !== null;
  }

  cancel(reason: string): void {
    if (this.#reason !== null) return;
    this.#reason = reason;
    const first = this.#listener;
    const others = this.#others;
    this.#listener = this.#others = null;
    first?.();
    if (others !== null) for (const listener of others) listener();
  }

  /** Calls `listener` once on cancellation, at once if it has already happened, unless it is forgotten before. */
  listen(listener: () => void): void {
    if (this.cancelled) listener();
    else if (this.#listener === null) this.#listener = listener;
    else (this.#others ??= []).push(listener);
  }

  /** Does not call `listener` any more. */
  forget(listener: () => void): void {
    if (this.#listener === listener) this.#listener = null;
    const at = this.#others?.indexOf(listener) ?? -1;
    if (at >= 0) this.#others?.splice(at, 1);
  }
}
