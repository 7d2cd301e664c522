import type { CallRecord } from '../../engine/record.ts';
import { Sketch } from '../../observe/sketch/sketch.ts';
import { type FrameFault, Tally } from './tally.ts';

/** What happened since the last frame. */
export interface Frame {
  /** Wall time, ms since 1970. */
  readonly at: number;
  /** Since the frame before. */
  readonly seconds: number;
  readonly tally: Tally;
  readonly faults: readonly FrameFault[];
  readonly inFlight: number;
  readonly windowSeconds: number;
  readonly firstContentMs: Halves | null;
  readonly durationMs: Halves | null;
  /** Calls of the tail that were left out: they came too fast. */
  readonly skipped: number;
}

interface Halves {
  readonly p50: number;
  readonly p95: number;
}

/** Which finished calls a listener wants to see one by one; what is left out does not restrict. */
export interface LiveFilter {
  readonly tenant?: string | undefined;
  readonly route?: string | undefined;
  readonly model?: string | undefined;
  readonly target?: string | undefined;
  readonly outcome?: CallRecord['outcome'] | undefined;
  /** Met in the answer or in any attempt. */
  readonly fault?: string | undefined;
}

/** Takes one event of the stream. */
export type WriteEvent = (event: 'frame' | 'call', text: string) => void;

export interface BoardOptions {
  /** Wall time, ms. */
  readonly now: () => number;
  readonly inFlight: () => number;
  /** How events are written, for whoever listens. */
  readonly write: { readonly frame: (frame: Frame) => object; readonly call: (call: CallRecord) => object };
}

const FRAME_MS = 1000;

/** Latencies are told of the last so many frames: single seconds would jump about. */
const WINDOW_FRAMES = 10;

/** More calls a second than this nobody can read. */
const TAIL_PER_FRAME = 50;

interface Listener {
  readonly write: WriteEvent;
  /** null: no tail. */
  readonly filter: LiveFilter | null;
  shown: number;
  skipped: number;
}

/**
 * What the gateway is doing at this moment, for people who watch it: counters once a second, and calls as they end. While
 * nobody watches, a record costs it one comparison; each frame is put together once, however many watch.
 */
export class LiveBoard {
  readonly #options: BoardOptions;
  readonly #listeners = new Set<Listener>();
  #ticking: NodeJS.Timeout | null = null;
  #tally = new Tally();
  #since = 0;
  /** The tallies before this one, the newest last. */
  #past: Tally[] = [];

  constructor(options: BoardOptions) {
    this.#options = options;
  }

  /** A call has ended. */
  hear(record: CallRecord): void {
    if (this.#ticking === null) return;
    this.#tally.add(record);
    let text: string | null = null;
    for (const listener of this.#listeners) {
      if (listener.filter === null || !matches(listener.filter, record)) continue;
      if (listener.shown >= TAIL_PER_FRAME) {
        listener.skipped += 1;
        continue;
      }
      listener.shown += 1;
      listener.write('call', (text ??= JSON.stringify(this.#options.write.call(record))));
    }
  }

  /**
   * Goes on telling until the returned function is called.
   * @param filter which calls to tell one by one; null: none
   */
  listen(write: WriteEvent, filter: LiveFilter | null): () => void {
    const listener: Listener = { write, filter, shown: 0, skipped: 0 };
    this.#listeners.add(listener);
    if (this.#ticking === null) {
      this.#since = this.#options.now();
      this.#ticking = setInterval(() => this.#tick(), FRAME_MS).unref();
    }
    // So that a page has something to show at once.
    write('frame', this.#framed(this.#frame(), 0));
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#rest();
    };
  }

  #rest(): void {
    if (this.#ticking !== null) clearInterval(this.#ticking);
    this.#ticking = null;
    this.#tally = new Tally();
    this.#past = [];
  }

  #tick(): void {
    const frame = this.#frame();
    this.#past = [...this.#past, this.#tally].slice(1 - WINDOW_FRAMES);
    this.#tally = new Tally();
    this.#since = frame.at;
    const whole = this.#framed(frame, 0);
    for (const listener of this.#listeners) {
      listener.write('frame', listener.skipped === 0 ? whole : this.#framed(frame, listener.skipped));
      listener.shown = 0;
      listener.skipped = 0;
    }
  }

  #frame(): Omit<Frame, 'skipped'> {
    const at = this.#options.now();
    const tallies = [...this.#past, this.#tally];
    return {
      at,
      seconds: (at - this.#since) / 1000,
      tally: this.#tally,
      faults: [...this.#tally.faults.values()],
      inFlight: this.#options.inFlight(),
      windowSeconds: (WINDOW_FRAMES * FRAME_MS) / 1000,
      firstContentMs: halvesOf(tallies.map(({ firstContent }) => firstContent)),
      durationMs: halvesOf(tallies.map(({ duration }) => duration)),
    };
  }

  #framed(frame: Omit<Frame, 'skipped'>, skipped: number): string {
    return JSON.stringify(this.#options.write.frame({ ...frame, skipped }));
  }
}

function halvesOf(sketches: readonly Sketch[]): Halves | null {
  const whole = new Sketch();
  for (const sketch of sketches) whole.merge(sketch);
  const [p50, p95] = [whole.quantile(0.5), whole.quantile(0.95)];
  return p50 === null || p95 === null ? null : { p50: p50 / 1000, p95: p95 / 1000 };
}

function matches(filter: LiveFilter, record: CallRecord): boolean {
  const { tenant, route, model, target, outcome, fault } = filter;
  return (
    (tenant === undefined || record.tenant === tenant) &&
    (route === undefined || record.route === route) &&
    (model === undefined || record.model === model) &&
    (target === undefined || record.attempts.some((attempt) => attempt.target === target)) &&
    (outcome === undefined || record.outcome === outcome) &&
    (fault === undefined ||
      record.fault?.kind === fault ||
      record.attempts.some((attempt) => attempt.fault?.kind === fault))
  );
}
