import type { EnvelopeFacts } from '../engine/fault/index.ts';
import type { Fault } from '../engine/fault/fault.ts';

interface HeadFacts {
  /** Our id of the call. */
  readonly requestId: string;
  /** Milliseconds since 1970. */
  readonly wall: number;
  /** The caller has limits of its own here, and is told those and no provider's. */
  readonly limited: boolean;
}

/** A wire format of callers that is not OpenAI's: it has words of its own for what is not in the answer itself. */
export interface NativeWire {
  /** A fault, so that the wire's own SDKs raise their own exception classes. */
  envelope(fault: Fault, facts: EnvelopeFacts): { readonly status: number; readonly body: object };
  /** The head of an answer, names and values in turn, as callers of this wire look for it. */
  head(headers: readonly string[], facts: HeadFacts): string[];
}
