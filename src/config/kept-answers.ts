import type { Answers, GivenReply, KeptCall } from '../engine/answers.ts';
import type { Call } from '../engine/call.ts';
import type { Clock } from '../engine/clock.ts';
import type { DegradedPolicy, DegradedRung } from '../engine/degraded.ts';
import { parseJson } from '../engine/parse-json.ts';
import type { ReplyStream, Sink, StreamEnding } from '../engine/reply.ts';
import { bodyReply, streamReply, wholeReply } from '../providers/given/given-reply.ts';
import { type RequestKey, requestKey } from '../providers/given/request-key.ts';
import { isStreamWorthKeeping, isWorthKeeping } from '../providers/given/whole-answer.ts';
import type { AnswerMemory } from '../storage/answers/memory.ts';

export interface KeepingPolicy {
  /** Answers up to this age are given in place of asking a target, ms; null: none. */
  readonly ttlMs: number | null;
  /** Answers up to this age are given when no target answers, ms; null: none. */
  readonly staleMs: number | null;
}

/** An answer that has been given before, and how old it is. */
interface Found {
  readonly reply: GivenReply;
  readonly ageMs: number;
}

/** Keeps the answers of one route in a memory that routes share. */
export class KeptAnswers implements Answers {
  readonly #memory: AnswerMemory;
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #keepMs: number;

  constructor(memory: AnswerMemory, clock: Clock, { ttlMs, staleMs }: KeepingPolicy) {
    this.#memory = memory;
    this.#clock = clock;
    this.#ttlMs = ttlMs ?? 0;
    this.#keepMs = Math.max(this.#ttlMs, staleMs ?? 0);
  }

  open(call: Call): KeptCall | null {
    const wish = wishOf(call);
    const key = wish.store ? requestKey(call) : null;
    if (key === null) return null;
    return {
      fresh: () => (this.#ttlMs === 0 ? null : this.#find(call, key, Math.min(this.#ttlMs, wish.mostMs))),
      keep: (reply) => this.#keep(call, key, reply),
    };
  }

  /** An earlier answer to the very same request; null when there is none so young, or the caller wants none. */
  earlier(call: Call, maxAgeMs: number): Found | null {
    const wish = wishOf(call);
    const key = wish.store ? requestKey(call) : null;
    return key === null ? null : this.#find(call, key, Math.min(maxAgeMs, wish.mostMs));
  }

  #find(call: Call, { hash, shape }: RequestKey, maxAgeMs: number): Found | null {
    const same = this.#young(`${hash} ${shape}`, maxAgeMs);
    if (same !== null) {
      const reply = shape === 'whole' ? wholeReply(same.body) : streamReply(same.body);
      return { reply, ageMs: same.ageMs };
    }
    const whole = shape === 'whole' ? null : this.#young(`${hash} whole`, maxAgeMs);
    if (whole === null) return null;
    const body = parseJson(Buffer.from(whole.body).toString('utf8')) as Record<string, unknown>;
    return { reply: bodyReply(call, body), ageMs: whole.ageMs };
  }

  #young(name: string, maxAgeMs: number): { readonly body: Uint8Array; readonly ageMs: number } | null {
    const found = this.#memory.get(name);
    if (found === null) return null;
    const ageMs = this.#clock.now() - found.at;
    if (ageMs > this.#keepMs) this.#memory.delete(name);
    return ageMs > maxAgeMs ? null : { body: found.body, ageMs };
  }

  #keep(call: Call, { hash, shape }: RequestKey, reply: GivenReply): GivenReply {
    // What another model answered than the ladder begins with is no answer for better days.
    if (reply.status !== 200 || call.notes.some((note) => note.startsWith('degraded: '))) return reply;
    if (reply.kind === 'whole') {
      const worth = shape === 'whole' && reply.fault === null && isWorthKeeping(call.operation, reply.body);
      if (worth) this.#memory.set(`${hash} whole`, { body: new Uint8Array(reply.body), at: this.#clock.now() });
      return reply;
    }
    if (shape === 'whole') return reply;
    const stream = new Listened(reply.stream, this.#memory.largest, (bytes) => {
      // What several models wrote in turn is no answer of any.
      if (call.notes.some((note) => note.startsWith('continued: '))) return;
      if (!isStreamWorthKeeping(call.operation, bytes)) return;
      this.#memory.set(`${hash} ${shape}`, { body: bytes, at: this.#clock.now() });
    });
    return { ...reply, stream };
  }
}

/** Gives an earlier answer to the very same request. */
export function staleRung({ maxAgeMs, on }: DegradedPolicy & { rung: 'stale' }, answers: KeptAnswers): DegradedRung {
  return {
    name: 'stale',
    on,
    answer(call) {
      const found = answers.earlier(call, maxAgeMs);
      return found && { reply: found.reply, detail: `age=${Math.floor(found.ageMs / 1000)}` };
    },
  };
}

/** What the caller says of answers that are kept: `no-store`, `no-cache` and `max-age` (RFC 9111, section 5.2.1). */
function wishOf({ headers }: Call): { readonly store: boolean; readonly mostMs: number } {
  const written = headers['cache-control'];
  if (written === undefined) return { store: true, mostMs: Number.POSITIVE_INFINITY };
  const words = String(written).toLowerCase();
  const age = /\bmax-age\s*=\s*"?(\d+)/.exec(words)?.[1];
  if (/\bno-cache\b/.test(words)) return { store: !/\bno-store\b/.test(words), mostMs: -1 };
  return {
    store: !/\bno-store\b/.test(words),
    mostMs: age === undefined ? Number.POSITIVE_INFINITY : Number(age) * 1000,
  };
}

/** Hands a stream on, and the whole of it to a listener once it has come to a good end. */
class Listened implements ReplyStream {
  readonly #stream: ReplyStream;
  readonly #mostBytes: number;
  #chunks: Uint8Array[] = [];
  #bytes = 0;

  constructor(stream: ReplyStream, mostBytes: number, whole: (bytes: Uint8Array) => void) {
    this.#stream = stream;
    this.#mostBytes = mostBytes;
    stream.onEnding(({ fault }) => {
      if (fault === null && this.#bytes <= mostBytes) whole(Buffer.concat(this.#chunks, this.#bytes));
      this.#chunks = [];
    });
  }

  start(sink: Sink): void {
    this.#stream.start({
      write: (chunk) => {
        this.#bytes += chunk.length;
        if (this.#bytes <= this.#mostBytes) this.#chunks.push(chunk);
        else this.#chunks = [];
        return sink.write(chunk);
      },
      end: () => sink.end(),
      fail: (fault) => sink.fail(fault),
    });
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  onEnding(listener: (ending: StreamEnding) => void): void {
    this.#stream.onEnding(listener);
  }
}
