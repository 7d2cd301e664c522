import type { Random } from '../../../src/engine/clock.ts';
import type { ClientMaker } from '../../../src/simulator/virtual/world.ts';
import { attempt, isPassing, type Result, sleep, verdictOf } from './attempt.ts';

/** How long to wait before a retry, ms; null for giving up. `retry` counts from 0. */
export type Wait = (retry: number, result: Result, random: Random) => number | null;

/** A client that retries at the first provider, by a rule for waits alone. */
export function retrying(attemptMs: number | null, wait: Wait): ClientMaker {
  return ({ clock, random, providers }) => ({
    make: async (order) => {
      const [provider] = providers;
      if (provider === undefined) return 'no-target';
      for (let retry = 0; ; retry += 1) {
        const result = await attempt(clock, provider, order, attemptMs);
        if (result.failure === null || !isPassing(result)) return verdictOf(result);
        const ms = wait(retry, result, random);
        if (ms === null || clock.now() + ms >= order.deadlineAt) return verdictOf(result);
        await sleep(clock, ms);
      }
    },
  });
}
