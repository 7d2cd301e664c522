/**
 * What processes that share their targets tell each other of them: that a breaker opened, that a key is dead, how an
 * account is paced.
 */
export type HintTopic = 'breaker' | 'dead-key' | 'pace';

/** One small thing to be known. It goes over the wire as JSON and may be read by a later version: plain values only. */
export type Fact = Readonly<Record<string, string | number | boolean | null>>;

/** Hears of facts that other processes told, never of this process's own. Must not throw. */
export type Hear = (id: string, fact: Fact) => void;

/**
 * Word passed between processes. It is best effort: a fact may come late, twice, or not at all, and whoever hears one
 * takes it as a hint beside what it sees for itself. Nothing here waits, and nothing fails a call.
 */
export interface Hints {
  /**
   * Tells the others a fact about a target or an account; the latest of one topic and id stands.
   *
   * @param id what all processes call it by: a target's id, or a hash that stands for an account, never a key.
   * @param keepMs how long those who come later shall still hear of it; 0: only those who listen now.
   */
  tell(topic: HintTopic, id: string, fact: Fact, keepMs: number): void;
  /** Hears what others tell from now on, and what they told before and is still kept. @returns stops listening. */
  listen(topic: HintTopic, hear: Hear): () => void;
}

/** Where there is one process there is nobody to tell. */
export const NO_HINTS: Hints = Object.freeze({
  tell: () => undefined,
  listen: () => () => undefined,
});
