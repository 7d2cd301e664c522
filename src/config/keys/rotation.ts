/** What is known about one key besides its value. Fingerprints stand for values. */
export interface KeyState {
  /** The key in use; null while there is none. */
  readonly used: string | null;
  /** The provider refused the key in use. */
  readonly broken: boolean;
  /** The newest value of the store, where the provider refused it: it is not tried again until the store has another. */
  readonly spurned: string | null;
}

/** What a store's newest value calls for: nothing, or to ask the provider about it before anyone uses it. */
export function onReading(state: KeyState, found: string): 'same' | 'try' {
  return found === state.used || found === state.spurned ? 'same' : 'try';
}

/** What became of a new value. `waits`: the provider cannot be asked and the old key still works, so there is time. */
export type Decision = 'adopt' | 'keep-old' | 'wait';

/**
 * What to do with a new value, by what the provider says of it. A key that works is never given up for one that is not
 * known to.
 */
export function onVerdict(state: KeyState, verdict: 'accepted' | 'refused' | 'unknown'): Decision {
  if (verdict === 'accepted') return 'adopt';
  const works = state.used !== null && !state.broken;
  if (verdict === 'refused') return state.used === null ? 'adopt' : 'keep-old';
  return works ? 'wait' : 'adopt';
}
