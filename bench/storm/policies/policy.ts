import type { ClientMaker } from '../../../src/simulator/virtual/world.ts';

/** What a scene asks of every client alike. */
export interface Terms {
  /** How long one attempt may take, ms; null for what the client does by itself. */
  readonly attemptMs: number | null;
}

/** A way of making calls, to be compared with others over the same traffic. */
export interface Policy {
  readonly id: string;
  /** As the report calls it. */
  readonly name: string;
  /** Its library asks the process for the time and for chance, so on a virtual clock it has to be lent them. */
  readonly borrowsTime?: true;
  readonly client: (terms: Terms) => ClientMaker;
}
