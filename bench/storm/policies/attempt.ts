import type { Alarm, Clock } from '../../../src/engine/clock.ts';
import type { Headers } from '../../../src/engine/call.ts';
import type { Receiver } from '../../../src/engine/ports.ts';
import type { Order } from '../../../src/simulator/virtual/order.ts';
import type { Request, Service } from '../../../src/simulator/virtual/provider.ts';

/** What came of one request: a status (0 for none), and the fault a plain client would name. */
export interface Result {
  readonly status: number;
  /** Null when it was answered. */
  readonly failure: 'timeout' | 'connection' | 'status' | 'cut' | null;
  /** What `retry-after` asked for, ms. */
  readonly retryAfterMs: number | null;
}

/** What the official SDKs wait for an answer. */
const USUAL_TIMEOUT_MS = 600_000;

/**
 * Makes one request as a plain client does: a timeout until the answer has begun (for a whole answer: until it is there),
 * no other care. Never rejects.
 */
export function attempt(clock: Clock, provider: Service, order: Order, timeoutMs: number | null): Promise<Result> {
  return new Promise((resolve) => new PlainAttempt(clock, provider, order, timeoutMs ?? USUAL_TIMEOUT_MS, resolve));
}

class PlainAttempt implements Receiver {
  readonly #resolve: (result: Result) => void;
  readonly #alarm: Alarm;
  readonly #request: Request;
  #status = 0;
  #retryAfterMs: number | null = null;
  #tail = '';
  readonly #stream: boolean;
  #over = false;

  constructor(clock: Clock, provider: Service, order: Order, timeoutMs: number, resolve: (result: Result) => void) {
    this.#resolve = resolve;
    this.#stream = order.stream;
    const timeout = Math.max(0, Math.min(timeoutMs, order.deadlineAt - clock.now()));
    this.#alarm = clock.after(timeout, () => {
      this.#request.leave();
      this.#end('timeout');
    });
    this.#request = provider.receive(order, this);
  }

  onSent(): void {}

  onHead(status: number, headers: Headers): void {
    this.#status = status;
    const seconds = Number(headers['retry-after']);
    if (headers['retry-after'] !== undefined && Number.isFinite(seconds)) this.#retryAfterMs = seconds * 1000;
  }

  onData(chunk: Buffer): void {
    if (this.#stream && this.#status < 400) this.#alarm.cancel();
    this.#tail = chunk.toString('latin1', Math.max(0, chunk.length - 16));
  }

  onEnd(): void {
    if (this.#status >= 400) return this.#end('status');
    const whole = this.#stream ? this.#tail.includes('[DONE]') : this.#tail.trimEnd().endsWith('}');
    this.#end(whole ? null : 'cut');
  }

  onError(): void {
    this.#end(this.#status === 0 ? 'connection' : 'cut');
  }

  #end(failure: Result['failure']): void {
    if (this.#over) return;
    this.#over = true;
    this.#alarm.cancel();
    this.#resolve({ status: this.#status, failure, retryAfterMs: this.#retryAfterMs });
  }
}

/** Waits in virtual time. */
export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.after(ms, resolve));
}

/** Statuses and failures that every one of the retrying clients takes for passing. */
export function isPassing({ failure, status }: Result): boolean {
  if (failure === 'status') return status === 408 || status === 409 || status === 429 || status >= 500;
  // A body that broke after its head is past every retry: the answer had begun.
  return failure === 'timeout' || failure === 'connection';
}

/** The name under which a failed result is counted. */
export function verdictOf({ failure, status }: Result): string {
  return failure === null ? 'answered' : failure === 'status' ? `status ${status}` : failure;
}
