/** A pending alarm. Cancelling one that has gone off or was cancelled already does nothing. */
export interface Alarm {
  cancel(): void;
}

/** Time, as the engine knows it. Comes in by the door, so that a month of outages can run in seconds. */
export interface Clock {
  /** Milliseconds from an arbitrary start, never going backwards; fractions count. */
  now(): number;
  /** Milliseconds since 1970 (UTC): for people, records and HTTP dates, never for measuring. */
  wall(): number;
  /** Calls `ring` once, no earlier than `ms` from now, and a millisecond or two later at most while the process has time for it. */
  after(ms: number, ring: () => void): Alarm;
  /** As {@link after}, by the clock time at which it is due: for who knows that already, and need not read the clock. */
  at(dueAt: number, ring: () => void): Alarm;
}

/** Chance, as the engine knows it: the next number in [0, 1). */
export type Random = () => number;
