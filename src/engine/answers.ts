import type { Call } from './call.ts';
import type { Reply } from './reply.ts';

/** What a target gives: an answer, whole or still arriving. */
export type GivenReply = Reply & { readonly kind: 'whole' | 'stream' };

/** Keeps the answers of a route, for the same request to be answered with again; others know how requests are compared. */
export interface Answers {
  /** Null for calls whose answers are neither kept nor given again: they depend on more than the request, or the caller says so. */
  open(call: Call): KeptCall | null;
}

/** One call whose answer may be at hand, or is to be kept. */
export interface KeptCall {
  /** An answer that is new enough to be given in place of asking a target; null: there is none. */
  fresh(): { readonly reply: GivenReply; readonly ageMs: number } | null;
  /** Takes note of a target's answer. @returns what is to be given on in its place */
  keep(reply: GivenReply): GivenReply;
}

/** How long answers are given again in place of asking a target. */
export interface CachePolicy {
  readonly ttlMs: number;
}

/** Answers a call that has been answered before, and says so; null where it has to be asked. */
export function answered(call: Call, kept: KeptCall): Reply | null {
  const hit = kept.fresh();
  const how = hit === null ? 'miss' : `hit; age=${Math.floor(hit.ageMs / 1000)}`;
  call.told = [...call.told, 'x-holdfast-cache', how];
  if (hit === null) return null;
  call.notes = [...call.notes, `cache: ${how}`];
  return hit.reply;
}
