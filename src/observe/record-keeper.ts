import type { CallBatch } from './call-batch.ts';
import type { HouseEvent } from './events.ts';

/** Either at once or later: SQLite answers in place. */
type Soon<Value> = Value | Promise<Value>;

/** Keeps the records of calls in a database of some kind, and their sums; the body of the store's worker. One step at a time. */
export interface RecordKeeper {
  /** Others write there as well: there may be something to add up though this one has written nothing. */
  readonly shared: boolean;
  /** So much was added up in memory that it should be carried over soon. */
  readonly heavy: boolean;
  /**
   * Opens the database unless it is open already; every other step does so, too.
   * @throws {DatabaseError}
   */
  open(): Soon<void>;
  /**
   * Writes all of `batches` and `events` or, when it throws, none.
   * @returns the rows left out because no database would take them: a field missing or of the wrong type, or stored already.
   * @throws {DatabaseError}
   */
  write(batches: readonly CallBatch[], events: readonly HouseEvent[]): Soon<number>;
  /**
   * Brings the sums up to date with the calls that are written.
   * @param now wall time, ms since 1970
   * @returns whether there are more calls to add up.
   * @throws {DatabaseError}
   */
  addUp(now: number): Soon<boolean>;
  /**
   * One small step towards the retention limits.
   * @returns whether there is more to do.
   * @throws {DatabaseError}
   */
  sweepStep(now: number): Soon<boolean>;
  close(): Soon<void>;
}
