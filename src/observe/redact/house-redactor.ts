import type { PersonalKind } from './finding.ts';
import { Redactor } from './redactor.ts';
import { redactionSalt } from './salt.ts';

/**
 * Personal details that are taken out of whatever is kept of calls, unless the configuration says otherwise. Addresses of
 * machines stay: in a provider's error they are mostly its own, and what tells one broken region from another.
 */
export const DEFAULT_PERSONAL: readonly PersonalKind[] = Object.freeze(['email', 'phone', 'card', 'iban']);

/** The redactor of an installation: one value has the same placeholder in its log, its database, its traces and its pages. */
export function houseRedactor(directory: string, personal: readonly PersonalKind[] = DEFAULT_PERSONAL): Redactor {
  return new Redactor({ salt: redactionSalt(directory), personal });
}
