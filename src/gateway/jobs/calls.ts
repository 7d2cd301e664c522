import type { Outgoing } from '../exchange.ts';
import type { Call } from '../../engine/call.ts';
import type { Handler } from '../../engine/route.ts';
import { answer, refuse } from '../answer.ts';
import { asksForMore, type JobAsks, readJobAsks } from './asks.ts';
import type { BackgroundResponses } from './background.ts';
import { failed, type Given } from './given.ts';
import { type JobHouse, ownerOf } from './house.ts';
import { defective, giveKept, keepReply } from './kept.ts';
import type { Once } from './once.ts';
import { placeholder } from './shown.ts';

interface JobCallsDeps {
  readonly house: JobHouse;
  readonly handle: Handler;
  readonly background: BackgroundResponses;
  readonly once: Once;
  /** How long a caller may leave an answer unread, ms. */
  readonly slowReaderMs: number;
}

/** Operations that can be kept and made later. */
const CAN_WAIT: ReadonlySet<string> = new Set(['chat', 'responses', 'embeddings', 'messages']);

/** Calls that ask for more than an answer: a job, a placeholder when it takes long, or to be made once. */
export class JobCalls {
  readonly #deps: JobCallsDeps;

  constructor(deps: JobCallsDeps) {
    this.#deps = deps;
  }

  /** Whether a call is to be given to {@link take}: what every call passes. */
  wants(call: Call): boolean {
    const { operation, headers } = call;
    if (operation === 'responses' && this.#deps.background.wants(call)) return true;
    if (!asksForMore(headers) || call.problem !== null) return false;
    if (CAN_WAIT.has(operation)) return true;
    // What is carried unread can be made once, too, where it is small enough to be compared.
    return headers['idempotency-key'] !== undefined && call.method === 'POST' && call.body instanceof Uint8Array;
  }

  /** Answers such a call. Rejects on a defect of our own alone. */
  async take(response: Outgoing, call: Call): Promise<void> {
    const { clock } = this.#deps.house;
    const asks = readJobAsks(call.headers);
    if (asks.fault !== null) return refuse(response, call, asks.fault, null, clock);
    const owner = ownerOf(call.caller.tenant);
    const wrong = asks.webhook === null ? null : await this.#deps.house.webhookFault(owner, asks.webhook);
    if (wrong !== null) return refuse(response, call, wrong, null, clock);
    if (asks.key !== null) {
      return this.#deps.once.make(response, call, asks.key, (jobId) => this.#make(call, asks, () => undefined, jobId));
    }
    const left = (): void => {
      if (!response.writableFinished) call.cancellation.cancel('the caller closed the connection');
    };
    response.on('close', left);
    const given = await this.#make(call, asks, () => response.off('close', left), null);
    if (given.kind === 'kept') return giveKept(response, given.answer, []);
    answer(response, call, given.reply, clock, this.#deps.slowReaderMs);
  }

  /**
   * @param turned called when the call has become a job, and goes on without its caller
   * @param id of a job that is asked for; null: any
   */
  async #make(call: Call, asks: JobAsks, turned: () => void, id: string | null): Promise<Given> {
    const { house, handle, background } = this.#deps;
    const canWait = CAN_WAIT.has(call.operation);
    if (canWait && background.wants(call)) return background.create(call, id);
    if (canWait && asks.background) {
      const kept = await house.keep(call, { id, origin: 'asked', webhook: asks.webhook });
      if (kept.kind === 'refused') return failed(kept.fault);
      return { kind: 'kept', answer: placeholder(kept.job, ['preference-applied', 'respond-async'], call.stream) };
    }
    if (!canWait || asks.placeholderMs === null) return { kind: 'reply', reply: await handle(call) };
    return this.#race(call, asks.placeholderMs, asks.webhook, turned);
  }

  /** Gives the answer if it comes in time, and else a placeholder, behind which the call goes on. */
  async #race(call: Call, placeholderMs: number, webhook: string | null, turned: () => void): Promise<Given> {
    const { house, handle } = this.#deps;
    const { clock } = house;
    house.warmUp();
    const reply = handle(call);
    const { promise: late, resolve: ring } = Promise.withResolvers<null>();
    const alarm = clock.at(call.startedAt + placeholderMs, () => ring(null));
    const first = await Promise.race([reply, late]).finally(() => alarm.cancel());
    if (first !== null) return { kind: 'reply', reply: first };
    const attempt = reply
      .then((one) => keepReply(call, one, clock, house.config.limits.answerBytes))
      .catch((error: unknown) => defective(call, error, clock));
    const kept = await house.keepGoing(call, attempt, webhook);
    // Where it cannot be kept, it is waited for after all: that is what the caller would have had without asking.
    if (kept.kind === 'refused') return { kind: 'reply', reply: await reply };
    turned();
    return { kind: 'kept', answer: placeholder(kept.job, [], call.stream) };
  }
}
