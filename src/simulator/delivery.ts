import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { constants, createGzip } from 'node:zlib';
import type { Alarm, Clock } from '../engine/clock.ts';
import type { Head, Script, Step } from './script.ts';

/**
 * How a delivery ended. `ended` is an orderly end of the body; `broken` is the script's own doing (cut, reset);
 * `aborted` means that the client went away before the end.
 */
export type DeliveryEnd = 'ended' | 'broken' | 'aborted';

export interface DeliveryPorts {
  readonly clock: Clock;
  /** The headers that every answer carries, added to the script's own. */
  readonly commonHeaders: (head: Head) => Record<string, string>;
  /** Stops listening for a while: what a refused connection needs. */
  readonly refuse: (forMs: number) => void;
  readonly onEnd: (end: DeliveryEnd) => void;
}

/** Plays one script on one connection, step by step, in its own time, as fast as the client reads. */
export class Delivery {
  #script: Script;
  readonly #response: ServerResponse;
  readonly #ports: DeliveryPorts;
  #sink: Writable;
  #at = 0;
  /** When the step at hand is due. Kept as a sum, so that late timers do not add up over a long stream. */
  #dueAt = 0;
  #alarm: Alarm | null = null;
  #over = false;
  /** The script tore the connection down itself: what closes now is no client leaving. */
  #broken = false;

  constructor(script: Script, response: ServerResponse, ports: DeliveryPorts) {
    this.#script = script;
    this.#response = response;
    this.#ports = ports;
    this.#sink = response;
    // From now on, not from the start: a client may leave while its call waits for a worker.
    response.once('close', () => this.#closed());
  }

  /** @param delayMs time before the first step, on top of its own */
  start(delayMs: number): void {
    this.#dueAt = this.#ports.clock.now() + delayMs + (this.#script.steps[0]?.waitMs ?? 0);
    this.#play();
  }

  /** Plays another script in place of the one that has not begun, at once. */
  replace(script: Script): void {
    this.#script = script;
    this.start(0);
  }

  #play(): void {
    for (;;) {
      const step = this.#script.steps[this.#at];
      if (this.#over || this.#response.destroyed || step === undefined) return;
      const early = this.#dueAt - this.#ports.clock.now();
      if (early > 0) {
        this.#alarm = this.#ports.clock.after(early, () => this.#play());
        return;
      }
      this.#at += 1;
      this.#dueAt += this.#script.steps[this.#at]?.waitMs ?? 0;
      if (!this.#perform(step)) return;
      // Node joins what is written in one turn into one chunk; the tokens of a stream come each by itself.
      if (step.do === 'write' && this.#script.stream) {
        setImmediate(() => this.#play());
        return;
      }
    }
  }

  /** False when the next step has to wait for something other than time. */
  #perform(step: Step): boolean {
    switch (step.do) {
      case 'head':
        this.#begin(step);
        return true;
      case 'write':
        return this.#write(step.data);
      case 'end':
        this.#sink.end();
        break;
      case 'hang':
        break;
      case 'cut':
        this.#break((socket) => socket.destroySoon());
        break;
      case 'reset':
        this.#break((socket) => socket.resetAndDestroy());
        break;
      case 'refuse':
        this.#break((socket) => {
          socket.resetAndDestroy();
          this.#ports.refuse(step.forMs);
        });
    }
    return false;
  }

  #break(how: (socket: Socket) => void): void {
    this.#broken = true;
    const { socket } = this.#response;
    // Node holds what was written in this turn back until its end; only then has it left.
    if (socket !== null) setImmediate(() => how(socket));
  }

  #begin(head: Head): void {
    const headers = { ...this.#ports.commonHeaders(head), ...head.headers };
    if (this.#script.gzip) {
      delete headers['content-length'];
      headers['content-encoding'] = 'gzip';
    }
    this.#response.writeHead(head.status, headers);
    if (this.#script.gzip) {
      // Every write is flushed, so that a stream stays a stream under compression.
      const gzip = createGzip({ flush: constants.Z_SYNC_FLUSH });
      gzip.pipe(this.#response);
      this.#sink = gzip;
    }
    // A stream's headers leave at once; those of a whole answer go out with its body.
    const next = this.#script.steps[this.#at];
    if (next === undefined || (next.do !== 'end' && (next.do !== 'write' || next.waitMs > 0))) {
      this.#response.flushHeaders();
    }
  }

  #write(data: string | Uint8Array): boolean {
    const next = this.#script.steps[this.#at];
    if (next?.do === 'end') {
      this.#sink.end(data);
      return false;
    }
    if (this.#sink.write(data)) return true;
    this.#sink.once('drain', () => this.#play());
    return false;
  }

  #closed(): void {
    if (this.#over) return;
    this.#over = true;
    this.#alarm?.cancel();
    if (this.#broken) this.#ports.onEnd('broken');
    else this.#ports.onEnd(this.#response.writableFinished ? 'ended' : 'aborted');
  }
}
