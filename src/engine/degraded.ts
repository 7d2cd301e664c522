import type { GivenReply } from './answers.ts';
import type { Call } from './call.ts';
import type { Fault, FaultKind } from './fault/fault.ts';
import { Endings, type Reply, type ReplyStream, type Sink, type StreamEnding } from './reply.ts';
import { NO_USAGE } from './ports.ts';

/** What a route says of such a rung. `on`: faults after which it may answer. */
export type DegradedPolicy = { readonly on: ReadonlySet<FaultKind> } & (
  | { readonly rung: 'stale'; readonly maxAgeMs: number }
  | { readonly rung: 'job'; readonly retryAfterMs: number }
  | {
      readonly rung: 'canned';
      /** What the assistant says in chats and responses; null: only bodies are given. */
      readonly text: string | null;
      /** Whole bodies by operation; null: the text in that operation's format. */
      readonly bodies: Readonly<
        Record<'chat' | 'responses' | 'messages' | 'generate' | 'embeddings', Readonly<Record<string, unknown>> | null>
      >;
    }
);

/**
 * A rung without targets, below all those that have some: it gives less than was asked for, when nobody can give that. What it
 * gives is always marked as such.
 */
export interface DegradedRung {
  /** As the caller and the record are told it: `stale`, `job`, `canned`. */
  readonly name: string;
  /** Faults after which it may answer. What is not among them the caller is told as it is. */
  readonly on: ReadonlySet<FaultKind>;
  /**
   * Gives what it has for a call that could not be answered because of `fault`; null when it has nothing for it, and the next
   * rung is asked. May take its time, and must not reject.
   */
  readonly answer: (call: Call, fault: Fault) => DegradedAnswer | null | Promise<DegradedAnswer | null>;
}

export interface DegradedAnswer {
  /** Marked as free: it has used no provider, and nobody is charged for it. */
  readonly reply: GivenReply;
  /** What is told behind the rung's name: `age=312`; null: nothing more. */
  readonly detail: string | null;
}

/** The first of the rungs that has something for the call, told in its header and its record; null when none has. */
export async function degrade(rungs: readonly DegradedRung[], call: Call, fault: Fault): Promise<Reply | null> {
  for (const rung of rungs) {
    if (!rung.on.has(fault.kind)) continue;
    const found = rung.answer(call, fault);
    const answer = found instanceof Promise ? await found : found;
    if (answer === null) continue;
    const how = answer.detail === null ? rung.name : `${rung.name}; ${answer.detail}`;
    tellDegraded(call, how, `${how}; after=${fault.kind}`);
    return answer.reply;
  }
  return null;
}

/** Tells the caller, and the record in its own words, that the answer is less or other than what was asked for. */
function tellDegraded(call: Call, how: string, noted: string): void {
  call.told = [...call.told, 'x-holdfast-degraded', how];
  call.notes = [...call.notes, `degraded: ${noted}`];
}

/**
 * Tells that another model answered than the one that was asked for. It is degraded only where the first rung would have asked
 * for yet another one: a model that the ladder begins with is what the operator means by the name.
 */
export function tellModel(call: Call, served: string, first: readonly { readonly model: string | null }[]): void {
  call.told = [...call.told, 'x-holdfast-model', served];
  if (first.some(({ model }) => (model ?? call.model) === served)) return;
  const how = `model; served=${served}`;
  tellDegraded(call, how, how);
}

/** A stream whose bytes are all at hand. */
export class GivenStream implements ReplyStream {
  readonly #bytes: Uint8Array;
  readonly #endings = new Endings();

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  start(sink: Sink): void {
    sink.write(this.#bytes);
    sink.end();
    this.#endings.tell({ fault: null, usage: NO_USAGE, sentTokens: 0 });
  }

  pause(): void {
    // Everything has been given at once: there is nothing to hold back.
  }

  resume(): void {
    // Likewise.
  }

  onEnding(listener: (ending: StreamEnding) => void): void {
    this.#endings.listen(listener);
  }
}
