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
  readonly client: (terms: Terms) => ClientMaker;
}
