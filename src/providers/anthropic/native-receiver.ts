import type { Headers } from '../../engine/call.ts';
import type { Receiver } from '../../engine/ports.ts';
import { chatHead } from './translator.ts';

/** Hands on what comes for callers of the same wire, its head also in the words by which the engine keeps to limits. */
export class NativeReceiver implements Receiver {
  readonly #receiver: Receiver;
  readonly #wall: number;

  /** @param wall milliseconds since 1970. */
  constructor(receiver: Receiver, wall: number) {
    this.#receiver = receiver;
    this.#wall = wall;
  }

  onSent(): void {
    this.#receiver.onSent();
  }

  onHead(status: number, headers: Headers): void {
    this.#receiver.onHead(status, { ...headers, ...chatHead(headers, this.#wall) });
  }

  onData(chunk: Buffer): void {
    this.#receiver.onData(chunk);
  }

  onEnd(): void {
    this.#receiver.onEnd();
  }

  onError(error: unknown): void {
    this.#receiver.onError(error);
  }
}
