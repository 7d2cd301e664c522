import type { Fault } from '../../engine/fault/fault.ts';
import { faultOf } from '../../engine/fault/index.ts';

/** One thing of a request that the other wire has no words for. */
export interface Loss {
  /** Where it stood: `seed`, `messages[2].name`. */
  readonly field: string;
  /** `dropped` is not sent at all; `changed` is sent as the nearest thing there is. */
  readonly how: 'dropped' | 'changed';
  /** Why, for people. */
  readonly why: string;
}

/** Thrown inside a translation by what cannot be carried over without asking something else than the caller asked. */
export class Untranslatable extends Error {
  readonly field: string;

  constructor(field: string, why: string) {
    super(why);
    this.field = field;
  }
}

/**
 * The fault of a call that was not sent because it cannot be said on the wire; another provider may well take it.
 *
 * @param wire the wire's name: `Messages`.
 */
export function untranslatable(wire: string, field: string, why: string): Fault {
  return faultOf('unsupported-parameter', {
    message: `${field}: ${why}`,
    remedy: 'Leave it out, or send the call to a provider that has it.',
    elsewhere: true,
    evidence: [`${field} has no counterpart on the ${wire} wire`],
    param: field,
  });
}

/** Fields are named in a header, and their names may be the caller's own. */
const UNPRINTABLE = /[^\w.[\]-]/g;

/** More than this many are summed up: a header is no place for a list without end. */
const TOLD_LOSSES = 20;

/** Losses as a header tells them: `seed; dropped, temperature; changed`. */
export function tellLosses(losses: readonly Loss[]): string {
  const told = losses.slice(0, TOLD_LOSSES);
  const words = told.map(({ field, how }) => `${field.replace(UNPRINTABLE, '_').slice(0, 80)}; ${how}`);
  const more = losses.length - told.length;
  return [...words, ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}
