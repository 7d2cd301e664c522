/** How a key stands. `unchecked`: the provider has not been asked, or could not say. */
type KeyStatus = 'accepted' | 'refused' | 'unchecked' | 'missing';

/** What can be told about a target's key without telling the key. */
export interface KeyReport {
  readonly target: string;
  /** Where the key is: `env:OPENAI_API_KEY`, or `none`, or `caller`. */
  readonly reference: string;
  readonly status: KeyStatus;
  /** What is wrong, each in one sentence with what to do; empty when nothing is. */
  readonly problems: readonly string[];
  /** Its last four characters, by which people tell keys apart; null when there is none, or it is too short for that. */
  readonly ending: string | null;
  readonly fingerprint: string | null;
  /** When it was made, or first seen here, ms since 1970. */
  readonly since: number | null;
  /** The day from which it is overdue to be replaced, ms since 1970; null: never. */
  readonly rotateBy: number | null;
}

/** Shorter keys would be given away by their last four characters. */
const LEAST_LENGTH = 16;

export function endingOf(key: string | null): string | null {
  return key === null || key.length < LEAST_LENGTH ? null : key.slice(-4);
}

/** Something that happened to a key. */
export interface KeyEvent {
  readonly kind: 'rotated' | 'new-key-refused' | 'key-refused' | 'key-accepted' | 'store-away' | 'store-back';
  readonly target: string;
  /** One sentence for people. */
  readonly message: string;
}
