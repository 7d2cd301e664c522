import type { IncomingHttpHeaders } from 'node:http';
import type { DeliveryEnd } from './delivery.ts';
import type { Script } from './script.ts';
import type { Received } from './upstream.ts';

/** One request as it arrived, for tests that check what a client or a gateway really sent. */
export interface SeenRequest {
  /** Clock time of its last byte, ms. */
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** As received, secrets included: they stay in this process. */
  readonly headers: IncomingHttpHeaders;
  /** The body; of an upload no more than its first megabyte. */
  readonly body: Buffer;
  readonly bytes: number;
}

/** A client that left before its answer had ended. */
export interface Abort {
  readonly path: string;
  /** Clock time of leaving, ms. */
  readonly at: number;
  /** Milliseconds after its request had arrived. */
  readonly afterMs: number;
}

/** What has happened at a simulator since it started. */
export interface SimulatorStats {
  /** Requests read to their end, those to the status page not counted. */
  readonly requests: number;
  readonly byPath: Readonly<Record<string, number>>;
  readonly byModel: Readonly<Record<string, number>>;
  /** Answers begun, by status; what broke before its headers is not among them. */
  readonly byStatus: Readonly<Record<string, number>>;
  /** Faults applied, by name. */
  readonly byFault: Readonly<Record<string, number>>;
  readonly aborted: number;
  /** The last of them. */
  readonly aborts: readonly Abort[];
  readonly openRequests: number;
  readonly openStreams: number;
  /** The most requests that were ever open at once. */
  readonly maxOpenRequests: number;
}

/** How many aborts are remembered one by one. */
const KEPT_ABORTS = 1000;

/** Keeps count. */
export class Ledger implements SimulatorStats {
  requests = 0;
  readonly byPath: Record<string, number> = {};
  readonly byModel: Record<string, number> = {};
  readonly byStatus: Record<string, number> = {};
  readonly byFault: Record<string, number> = {};
  aborted = 0;
  readonly aborts: Abort[] = [];
  openRequests = 0;
  openStreams = 0;
  maxOpenRequests = 0;
  readonly #kept: number;
  readonly seen: SeenRequest[] = [];

  /** @param kept how many requests are remembered one by one. */
  constructor(kept: number) {
    this.#kept = kept;
  }

  arrived(received: Received, at: number): void {
    const { method, path, query, headers, body, bytes } = received;
    this.requests += 1;
    count(this.byPath, path);
    if (received.model !== '') count(this.byModel, received.model);
    this.seen.push({ at, method, path, query, headers, body, bytes });
    if (this.seen.length > this.#kept) this.seen.shift();
  }

  began(script: Script): void {
    this.openRequests += 1;
    if (script.stream) this.openStreams += 1;
    this.maxOpenRequests = Math.max(this.maxOpenRequests, this.openRequests);
  }

  answered(status: number): void {
    count(this.byStatus, String(status));
  }

  misbehaved(fault: string): void {
    count(this.byFault, fault);
  }

  ended(script: Script, end: DeliveryEnd, abort: Abort): void {
    this.openRequests -= 1;
    if (script.stream) this.openStreams -= 1;
    if (end !== 'aborted') return;
    this.aborted += 1;
    this.aborts.push(abort);
    if (this.aborts.length > KEPT_ABORTS) this.aborts.shift();
  }
}

function count(table: Record<string, number>, name: string): void {
  table[name] = (table[name] ?? 0) + 1;
}
