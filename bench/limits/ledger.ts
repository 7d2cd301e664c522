import type { CallRecord } from '../../src/engine/record.ts';
import { chat } from '../../src/providers/openai/chat.ts';
import { holdfast } from '../../src/simulator/virtual/holdfast.ts';
import type { Order } from '../../src/simulator/virtual/order.ts';
import { type ClientMaker, run, type Scene } from '../../src/simulator/virtual/world.ts';
import { seededRandom } from '../../src/engine/random.ts';
import { Word } from './word.ts';

/** What became of one call. */
export interface Entry {
  readonly order: Order;
  readonly answered: boolean;
  /** Until it was sent for the last time, ms: what it waited for its turn. */
  readonly waitMs: number;
  /** Until its first content; NaN when none came. */
  readonly contentMs: number;
}

/** What a run showed, call by call. */
export interface Ledger {
  readonly entries: readonly Entry[];
  /** Requests that reached the provider, and when: those that it took, and those that it refused for a rate limit. */
  readonly attempts: number;
  readonly acceptedAt: readonly number[];
  readonly refusedAt: readonly number[];
}

/**
 * Runs a scene with so many engines; each call goes to any of them.
 * @param acquainted they tell each other of the provider's limits; else they know nothing of each other
 */
export async function keep(scene: Scene, seed: number, engines = 1, acquainted = false): Promise<Ledger> {
  const entries: Entry[] = [];
  const acceptedAt: number[] = [];
  const refusedAt: number[] = [];
  let attempts = 0;
  const told = (order: Order, record: CallRecord): void => {
    attempts += record.attempts.length;
    for (const { status, startedMs } of record.attempts) {
      (status === 429 ? refusedAt : acceptedAt).push(order.at + startedMs);
    }
    entries.push({
      order,
      answered: record.outcome === 'answered',
      waitMs: record.attempts.at(-1)?.startedMs ?? record.durationMs,
      contentMs: record.firstContentMs ?? Number.NaN,
    });
  };
  const word = new Word();
  const maker = (self: string): ClientMaker =>
    holdfast({ dialect: chat, told, hints: acquainted ? { self, hints: word.for() } : null });
  await run(scene, seed, several(engines, maker));
  entries.sort((a, b) => a.order.id - b.order.id);
  return { entries, attempts, acceptedAt, refusedAt };
}

function several(count: number, maker: (self: string) => ClientMaker): ClientMaker {
  return (site) => {
    const random = seededRandom(count);
    const clients = Array.from({ length: count }, (_, at) => maker(`engine-${at}`)(site));
    return {
      make: (order) => (clients[Math.floor(random() * count)] as (typeof clients)[number]).make(order),
      close: () => clients.forEach((client) => client.close?.()),
    };
  };
}
