import type { Manner } from './conversation.ts';

/** What the callers is told to do, one order at a time. */
export type Order = LoadOrder | IdleOrder;

export interface LoadOrder {
  readonly kind: 'load';
  readonly to: Destination;
  readonly bodyBytes: number;
  readonly manner: Manner;
  /** `closed`: each connection sends as soon as it has its answer. `open`: so many calls a second, whatever comes back. */
  readonly pattern:
    | { readonly kind: 'closed'; readonly connections: number }
    | { readonly kind: 'open'; readonly perSecond: number };
  readonly warmMs: number;
  readonly measureMs: number;
}

/** Opens streams and leaves them open, to see what one costs. */
export interface IdleOrder {
  readonly kind: 'idle';
  readonly to: Destination;
  readonly streams: number;
  readonly perSecond: number;
  /** From the last stream's first content to the second look at the memory, ms. */
  readonly settleMs: number;
}

/** Where to, and whose usage to watch meanwhile. */
export interface Destination {
  readonly port: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The process that is measured; null when nothing stands between load and upstream. */
  readonly pid: number | null;
}

/** What the callers answers to a {@link LoadOrder}; everything is of the measured time only. */
export interface LoadReport {
  readonly calls: number;
  readonly chunks: number;
  /** Answers that were no 200, came cut short, or not at all. */
  readonly bad: number;
  readonly seconds: number;
  /** On-CPU time of the measured process tree, µs. */
  readonly cpuMicroseconds: number;
  /** From the request's last byte sent to the answer's last byte, ms. */
  readonly latencyMs: Spread;
  /** To the first content, ms. */
  readonly firstByteMs: Spread;
}

export interface Spread {
  readonly p50: number;
  readonly p99: number;
}

export interface IdleReport {
  readonly alive: number;
  readonly kilobytesBefore: number;
  readonly kilobytesAfter: number;
}
