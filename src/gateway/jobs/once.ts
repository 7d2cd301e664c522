import { createHash, randomUUID } from 'node:crypto';
import type { Outgoing } from '../exchange.ts';
import type { Call } from '../../engine/call.ts';
import type { Fault } from '../../engine/fault/fault.ts';
import type { Reply, ReplyStream, Sink, StreamEnding } from '../../engine/reply.ts';
import { jobIdFor, type KeptAnswer } from '../../jobs/job.ts';
import type { KeyName, KeyStanding } from '../../jobs/queue.ts';
import { whoseAnswer } from '../../providers/given/request-key.ts';
import { answer, headersOf, refusalOf, refuse } from '../answer.ts';
import type { Given } from './given.ts';
import { type JobHouse, ownerOf } from './house.ts';
import { Collected, giveKept, keepReply } from './kept.ts';
import { keyInUse, keyMismatch, keyUnkept, mayHaveKept, notKept, tooManyKeys } from './refusals.ts';

interface OnceDeps {
  readonly house: JobHouse;
  readonly slowReaderMs: number;
}

/** Told with an answer that was given before. */
const REPLAYED = ['idempotent-replayed', 'true'];

/** Statuses after which the same request may be sent again under the same key: nothing came of it. */
const CAME_TO_NOTHING: ReadonlySet<number> = new Set([408, 409, 425, 429]);

/**
 * Makes calls once: a call with an `Idempotency-Key` is made, and what came of it is given to whoever sends the same request
 * under the same key again (draft-ietf-httpapi-idempotency-key-header). It is made to its end even if its caller leaves, since
 * that is when the caller will ask again. What failed in a way that another try may better is forgotten.
 */
export class Once {
  readonly #deps: OnceDeps;

  constructor(deps: OnceDeps) {
    this.#deps = deps;
  }

  /** @param work makes the call; a job that it keeps has the id that it is given, since it may have been kept before a crash */
  async make(response: Outgoing, call: Call, key: string, work: (jobId: string) => Promise<Given>): Promise<void> {
    const { house } = this.#deps;
    // Without tenants, who sends another provider key is somebody else.
    const name: KeyName = { owner: ownerOf(call.caller.tenant), key: hash(JSON.stringify([key, whoseAnswer(call)])) };
    const token = randomUUID();
    const fingerprint = fingerprintOf(call);
    let standing: KeyStanding;
    try {
      const { keys: most } = house.config.limits;
      const now = house.clock.wall();
      standing = await house.queue.beginKey({ ...name, fingerprint, token, now, most });
    } catch (error) {
      // A call that was to be made once is not made where that cannot be promised.
      return this.#refuse(response, call, notKept(error));
    }
    switch (standing.kind) {
      case 'answered':
        return giveKept(response, standing.answer, REPLAYED);
      case 'running':
        return this.#busy(response, call);
      case 'mismatch':
        return this.#refuse(response, call, keyMismatch());
      case 'unkept':
        return this.#refuse(response, call, keyUnkept());
      case 'full':
        return this.#refuse(response, call, tooManyKeys());
      case 'begun':
        return this.#begun(response, call, new HeldKey(house, name, token), () =>
          // Not the same once more when the key has been forgotten, and the job of that time is still there.
          work(jobIdFor(`${name.owner}\n${name.key}\n${fingerprint}\n${standing.since}`)),
        );
    }
  }

  async #begun(response: Outgoing, call: Call, held: HeldKey, work: () => Promise<Given>): Promise<void> {
    const { house, slowReaderMs } = this.#deps;
    const { clock } = house;
    let given: Given;
    try {
      given = await work();
    } catch (error) {
      await held.drop();
      throw error;
    }
    if (given.kind === 'kept') {
      await held.answered(given.answer);
      return giveKept(response, given.answer, []);
    }
    const { reply } = given;
    if (reply.kind === 'stream') {
      const stream = new SharedStream(call, reply, held, house);
      response.on('close', () => stream.left());
      return answer(response, call, { ...reply, stream }, clock, slowReaderMs);
    }
    const { answer: kept, fault } = await keepReply(call, reply, clock, Number.POSITIVE_INFINITY);
    if (fault !== null && mayHaveKept(fault)) held.leave();
    else if (mayBeMadeAgain(kept.status, fault)) await held.drop();
    else await held.answered(kept);
    giveKept(response, kept, []);
  }

  /** Asked to come back: an SDK that retries does so by itself. */
  #busy(response: Outgoing, call: Call): void {
    const fault = keyInUse();
    const { status, headers, body } = refusalOf(
      call,
      fault,
      fault.retry.afterMs,
      this.#deps.house.clock,
      `/v1${call.path}`,
    );
    const at = headers.indexOf('x-should-retry');
    giveKept(response, { status, headers: at < 0 ? headers : headers.with(at + 1, 'true'), body }, []);
  }

  #refuse(response: Outgoing, call: Call, fault: Fault): void {
    refuse(response, call, fault, fault.retry.afterMs, this.#deps.house.clock);
  }
}

/** A key in the hands of the call that is made under it. */
class HeldKey {
  readonly #house: JobHouse;
  readonly #name: KeyName;
  readonly #token: string;

  constructor(house: JobHouse, name: KeyName, token: string) {
    this.#house = house;
    this.#name = name;
    this.#token = token;
    house.runner.holdKey(token);
  }

  async answered(answer: KeptAnswer): Promise<void> {
    const { queue, clock, config } = this.#house;
    const kept = answer.body.length <= config.limits.answerBytes ? answer : null;
    const token = this.#token;
    await this.#settled(queue.answerKey({ ...this.#name, token, answer: kept, now: clock.wall() }));
  }

  /** Left to whoever asks when its lease has run out: that one finds the job again, should it have been kept after all. */
  leave(): void {
    this.#house.runner.letKeyGo(this.#token);
  }

  async drop(): Promise<void> {
    await this.#settled(this.#house.queue.dropKey({ ...this.#name, token: this.#token }));
  }

  /** The answer is there and is given, whatever becomes of the key: it can be taken over when its lease has run out. */
  async #settled(work: Promise<void>): Promise<void> {
    await work.catch((error: unknown) => {
      console.error(`holdfast: what came of an idempotency key cannot be kept: ${String(error)}`);
    });
    this.#house.runner.letKeyGo(this.#token);
  }
}

/** A stream that is kept while it is given, and goes on to its end when nobody reads it any more. */
class SharedStream implements ReplyStream {
  readonly #stream: ReplyStream;
  readonly #collected: Collected;
  #left = false;

  constructor(call: Call, reply: Reply & { kind: 'stream' }, held: HeldKey, { clock, config }: JobHouse) {
    this.#stream = reply.stream;
    this.#collected = new Collected(config.limits.answerBytes);
    const { status } = reply;
    const headers = headersOf(call, reply.headers, clock);
    this.#stream.onEnding(({ fault }) => {
      const body = this.#collected.all();
      void (fault === null ? held.answered({ status, headers, body }) : held.drop());
    });
  }

  start(sink: Sink): void {
    this.#stream.start({
      write: (chunk) => {
        this.#collected.write(chunk);
        return this.#left || sink.write(chunk);
      },
      end: () => {
        if (!this.#left) sink.end();
      },
      fail: (fault) => {
        if (!this.#left) sink.fail(fault);
      },
    });
  }

  /** The reader has gone, perhaps while it was too slow. */
  left(): void {
    this.#left = true;
    this.#stream.resume();
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

function mayBeMadeAgain(status: number, fault: Fault | null): boolean {
  if (fault !== null && (fault.retry.here || fault.retry.elsewhere || fault.kind === 'cancelled')) return true;
  return status >= 500 || CAME_TO_NOTHING.has(status);
}

/** The same request: method, path and body, byte for byte. */
function fingerprintOf({ method, path, body }: Call): string {
  const digest = createHash('sha256').update(`${method} ${path}\n`);
  if (body instanceof Uint8Array) digest.update(body);
  return digest.digest('base64url');
}

/** Keys are of any length, and may name what is nobody's business. */
function hash(key: string): string {
  return createHash('sha256').update(key).digest('base64url');
}
