import type { Admission } from './admission/admission.ts';
import type { Caller } from './caller.ts';
import type { Cancellation } from './cancellation.ts';
import type { Fault } from './fault/fault.ts';
import type { AttemptRecord } from './record.ts';
import type { Trace } from './trace.ts';

/**
 * What the caller wants done, each in a wire format of its own: `messages` is Anthropic's, `generate` Google's. All but the last get the full line;
 * `passthrough` is every other path, whose bytes are carried unread.
 */
export type Operation = 'chat' | 'responses' | 'messages' | 'generate' | 'embeddings' | 'models' | 'passthrough';

/** Lower-case header names; repeated headers joined as `node:http` joins them. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A request body that is carried without being kept: it can be sent once. */
export interface Upload {
  readonly kind: 'upload';
  /** Node readable or async iterable of byte chunks, read by the wire alone. */
  readonly source: AsyncIterable<Uint8Array>;
}

/** One client request as the engine sees it, from arrival to its one record. */
export interface Call {
  /** Given back as `x-request-id`; the key to find the record by. */
  readonly id: string;
  readonly door: 'gateway' | 'in-process';
  readonly operation: Operation;
  readonly caller: Caller;
  readonly method: string;
  /** Path and query below the API's root, beginning with `/`, without the leading `/v1`: `/chat/completions?x=1`. */
  readonly path: string;
  readonly headers: Headers;
  /** The body as it is to be sent on: a step that repairs the request puts another in its place. */
  body: Uint8Array | Upload | null;
  /**
   * The body parsed, for the steps before the ladder; null when nobody has parsed it. Its texts may be Latin-1, a letter for
   * each byte: whoever reads more of them than ASCII parses the body anew. It is let go before the first attempt, because a
   * call may last for minutes.
   */
  parsed: Readonly<Record<string, unknown>> | null;
  /** The model the caller asked for; null where the operation has none. */
  readonly model: string | null;
  readonly stream: boolean;
  /** Choices asked for (`n`); a stream is complete when each has finished. */
  readonly choices: number;
  /** Provider state that the conversation carries (a previous response, encrypted reasoning): only its maker can read it. */
  readonly pins: readonly string[];
  /** Clock time of arrival. */
  readonly startedAt: number;
  /** Wall time of arrival, for the record. */
  readonly arrivedAt: number;
  /** How long the caller said it would wait (`x-stainless-timeout`), in ms; null when it did not say. */
  readonly patienceMs: number | null;
  /** How long the caller asks to wait for room in its quotas instead of being refused (`Prefer: wait=30`), ms. */
  readonly queueMs: number;
  /** Retries the caller's own SDK says it has already made (`x-stainless-retry-count`). */
  readonly callerRetries: number;
  /** Where the call stands in a distributed trace; null or left out: in none. */
  readonly trace?: Trace | null;
  readonly cancellation: Cancellation;
  /** What the door found wrong with the request; such a call goes nowhere, yet leaves its record. */
  readonly problem: Fault | null;
  /** What steps noticed or changed about the request, for its record: `repaired: max-tokens`. A step adds by replacing. */
  notes: readonly string[];
  /** Headers that tell the caller what was done to its request, names and values in turn. A step adds by replacing. */
  told: readonly string[];
  /**
   * Tokens that prompt and answer are expected to take together, by which the call's share of a scarce target is measured; 0
   * while nobody has counted. A step that counts them says so here.
   */
  expectedTokens: number;
  /** What the call was let in with; null for callers without limits, and before. */
  admission: Admission | null;
  /** The route that took the call; null until one has. */
  route: string | null;
  /** Filled by the line as it goes: every attempt, in order. */
  readonly attempts: AttemptRecord[];
  /** Milliseconds spent waiting on purpose (backoff); the line's own cost is what remains. */
  waitedMs: number;
  /** Milliseconds spent on providers until the reply began; likewise not the line's own cost. */
  upstreamMs: number;
}

/** Nothing noted and nothing told, which is most calls: one list for all of them. */
export const NOTHING_SAID: readonly string[] = Object.freeze([]);
