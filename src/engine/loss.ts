import type { Call } from './call.ts';

/** One thing of a request that a target was not told as the caller wrote it, because its wire has no words for it. */
export interface Loss {
  /** Where it stood: `seed`, `messages[2].name`. */
  readonly field: string;
  /** `dropped` is not sent at all; `changed` is sent as the nearest thing there is. */
  readonly how: 'dropped' | 'changed';
  /** Why, for people. */
  readonly why: string;
}

const LOST_HEADER = 'x-holdfast-lost';

/** Fields are named in a header, and their names may be the caller's own. */
const UNPRINTABLE = /[^\w.[\]-]/g;

/** More than this many are summed up: neither a header nor a record is a place for a list without end. */
const MOST_TOLD = 20;

/** Tells the caller and the record what the target that answers was not told. */
export function tellLost(call: Call, losses: readonly Loss[]): void {
  if (losses.length === 0) return;
  call.told = [...call.told, LOST_HEADER, tellLosses(losses)];
  const notes = losses.slice(0, MOST_TOLD).map(({ field, how }) => {
    return `lost: ${printable(field)}${how === 'changed' ? ' (changed)' : ''}`;
  });
  call.notes = [...call.notes, ...notes];
}

/** Losses as a header tells them: `seed; dropped, temperature; changed`. */
export function tellLosses(losses: readonly Loss[]): string {
  const words = losses.slice(0, MOST_TOLD).map(({ field, how }) => `${printable(field)}; ${how}`);
  const more = losses.length - words.length;
  return [...words, ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}

function printable(field: string): string {
  return field.replace(UNPRINTABLE, '_').slice(0, 80);
}
