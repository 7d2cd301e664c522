import * as z from 'zod';

// How the admin API writes what it answers.

/** A moment as the API writes it: ISO 8601 in UTC. */
export const shownMoment: z.ZodType<string> = z.iso.datetime();

export function showMoment(at: number): string {
  return new Date(at).toISOString();
}

export function showMomentOrNull(at: number | null): string | null {
  return at === null ? null : showMoment(at);
}
