import type { Fault } from '../../engine/fault/fault.ts';
import { faultOf } from '../../engine/fault/index.ts';

export { type Loss, tellLosses } from '../../engine/loss.ts';

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
