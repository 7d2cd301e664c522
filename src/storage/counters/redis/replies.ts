import type { Pieces, Standing } from './others.ts';

/** What a script says of one quota. */
export interface Told extends Standing {
  /** Beyond what was needed. */
  readonly granted: number;
  /** It has no room for what was needed. */
  readonly lacks: boolean;
  /** Everybody's settled use; only where room was lacking. */
  readonly pieces: Pieces;
}

/** Reads the reply of `take`. */
export function readTaken(reply: readonly string[]): { readonly granted: boolean; readonly told: readonly Told[] } {
  const told: Told[] = [];
  for (let at = 2; at < reply.length;) {
    const [count, lacks] = [Number(reply[at + 4]), reply[at + 5] === '1'];
    const pieces: [number, number][] = [];
    for (let piece = 0; piece < count; piece += 1) {
      pieces.push([Number(reply[at + 6 + 2 * piece]), Number(reply[at + 7 + 2 * piece])]);
    }
    pieces.sort(([a], [b]) => a - b);
    told.push({ ...standing(reply, at), lacks, pieces });
    at += 6 + 2 * count;
  }
  return { granted: reply[0] === 'granted', told };
}

/** Reads the reply of `sync`. */
export function readSynced(reply: readonly string[]): readonly Told[] {
  const told: Told[] = [];
  for (let at = 2; at < reply.length; at += 4) told.push({ ...standing(reply, at), lacks: false, pieces: [] });
  return told;
}

function standing(reply: readonly string[], at: number): Standing & { readonly granted: number } {
  return {
    replicas: Number(reply[1]),
    granted: Number(reply[at]),
    settled: Number(reply[at + 1]),
    heldByOthers: Number(reply[at + 2]),
    idleWithOthers: Number(reply[at + 3]),
  };
}
