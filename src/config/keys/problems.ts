import type { KeyQuestion, KeyVerdict } from '../../providers/key-check.ts';
import type { HeldSecret } from '../secrets.ts';
import { foreignVendor } from './vendor.ts';

/** A target's key, and what is expected of it. */
export interface KeptKey {
  readonly target: string;
  readonly secret: HeldSecret;
  readonly question: KeyQuestion;
  /** Models that the routes ask this target for by name. */
  readonly models: readonly string[];
  readonly environment: string | null;
  /** A date set for this key, ms since 1970; null: by its age, if at all. */
  readonly rotateBy: number | null;
}

/** Everything that a key is judged by. */
export interface KeyFacts {
  readonly value: string | null;
  readonly key: KeptKey;
  /** What the gateway is for; null where nobody said. */
  readonly environment: string | null;
  readonly verdict: KeyVerdict | null;
  /** Its store has a newer value, which the provider refuses. */
  readonly spurned: boolean;
  readonly overdue: boolean;
}

/** What is wrong with a key, each in a sentence or two with what to do. Never tells the key. */
export function problemsOf(facts: KeyFacts): string[] {
  const { value, key } = facts;
  if (value === null) {
    const { wrong, fix } = key.secret.missing ?? { wrong: 'has not been read', fix: 'Check its reference.' };
    return [`${wrong}. ${fix}`];
  }
  return [
    ofAnotherVendor(facts, value),
    refused(facts),
    spurned(facts),
    ofAnotherEnvironment(facts),
    lacking(facts),
    facts.overdue ? 'is due to be replaced. Make a new one, put it in its place, then revoke the old one.' : null,
  ].filter((problem) => problem !== null);
}

function ofAnotherVendor({ key: { question, secret } }: KeyFacts, value: string): string | null {
  const vendor = foreignVendor(question, value);
  if (vendor === null) return null;
  const host = new URL(question.baseUrl).hostname;
  return `looks like a key of ${vendor}, not one for ${host}. Put the right key into ${secret.reference}.`;
}

function refused({ verdict }: KeyFacts): string | null {
  if (verdict?.kind !== 'refused') return null;
  // Providers repeat the key in their refusals, mostly masked; what we say ourselves never holds any of it.
  return `is refused by its provider (${verdict.fault.evidence.join(', ')}). ${verdict.fault.remedy}`;
}

function spurned({ spurned: is, key: { secret } }: KeyFacts): string | null {
  if (!is) return null;
  return `has a successor in ${secret.reference} that the provider refuses, so it stays in use. Put a working key there.`;
}

function ofAnotherEnvironment({ key, environment }: KeyFacts): string | null {
  if (key.environment === null || environment === null || key.environment === environment) return null;
  return `is a key for ${key.environment}, and this gateway is for ${environment}. Name the right key, or correct the label.`;
}

function lacking({ key, verdict }: KeyFacts): string | null {
  const models = verdict?.kind === 'accepted' ? verdict.models : null;
  const missing = models === null ? [] : key.models.filter((model) => !models.has(model));
  if (missing.length === 0) return null;
  return `may not ask for ${missing.join(', ')}, as its routes do. Give it access, or change the route.`;
}
