import type { Headers } from '../../engine/call.ts';
import type { Alarm, Clock } from '../../engine/clock.ts';
import type { Receiver } from '../../engine/ports.ts';
import type { Script, Step } from '../script.ts';

const CLOSED = Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' });
const RESET = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
const REFUSED = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

export interface DeliveryHooks {
  /** The script has the provider refuse every connection for so long. */
  readonly refuse: (forMs: number) => void;
  /** Told once, when the script has been played to its end; not after the receiver has left. */
  readonly over: () => void;
}

/** Plays a script to one receiver on the virtual clock. */
export class Delivery {
  readonly #clock: Clock;
  readonly #steps: readonly Step[];
  readonly #receiver: Receiver;
  readonly #hooks: DeliveryHooks;
  #at = 0;
  #alarm: Alarm | null = null;
  #gone = false;

  /** @param delayMs time before the first step, on top of its own. */
  constructor(clock: Clock, script: Script, receiver: Receiver, hooks: DeliveryHooks, delayMs: number) {
    this.#clock = clock;
    this.#steps = script.steps;
    this.#receiver = receiver;
    this.#hooks = hooks;
    this.#wait(delayMs);
  }

  /** The receiver has gone: nothing more is told to anybody. */
  leave(): void {
    this.#gone = true;
    this.#alarm?.cancel();
  }

  #wait(moreMs: number): void {
    const ms = (this.#steps[this.#at]?.waitMs ?? 0) + moreMs;
    this.#alarm = this.#clock.after(ms, () => this.#play());
  }

  #play(): void {
    while (!this.#gone) {
      const step = this.#steps[this.#at];
      if (step === undefined) return;
      this.#at += 1;
      if (!this.#perform(step)) return this.#hooks.over();
      if ((this.#steps[this.#at]?.waitMs ?? 0) > 0) return this.#wait(0);
    }
  }

  /** False after the last step of a script. */
  #perform(step: Step): boolean {
    switch (step.do) {
      case 'head':
        this.#receiver.onHead(step.status, headersOf(step.headers));
        return true;
      case 'write':
        this.#receiver.onData(typeof step.data === 'string' ? Buffer.from(step.data) : asBuffer(step.data));
        return true;
      case 'end':
        this.#receiver.onEnd();
        return false;
      case 'cut':
        this.#receiver.onError(CLOSED);
        return false;
      case 'reset':
        this.#receiver.onError(RESET);
        return false;
      case 'refuse':
        this.#hooks.refuse(step.forMs);
        this.#receiver.onError(REFUSED);
        return false;
      case 'hang':
        return false;
    }
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Numbers become text, as they do on the wire. */
function headersOf(headers: Readonly<Record<string, unknown>>): Headers {
  for (const name in headers) {
    if (typeof headers[name] === 'number') {
      return Object.fromEntries(Object.entries(headers).map(([key, value]) => [key, String(value)]));
    }
  }
  return headers as Headers;
}
