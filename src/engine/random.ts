import type { Random } from './clock.ts';

/**
 * A seeded source of chance: the same seed gives the same numbers on every machine.
 * Algorithm: mulberry32 (Tommy Ettinger, public domain), 32 bits of state; fine for jitter and traffic, not for secrets.
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
