import type { Clock, Random } from '../../engine/clock.ts';
import type { DueWebhook, JobQueue } from '../queue.ts';
import { deliver, type DeliveryRules } from './deliver.ts';
import { signed } from './sign.ts';

export interface SenderOptions {
  readonly queue: JobQueue;
  readonly clock: Clock;
  readonly random: Random;
  readonly rules: DeliveryRules;
  /** Deliveries that are tried of one message. */
  readonly attempts: number;
  /** What is said of a job that has ended, as JSON. */
  readonly bodyOf: (due: DueWebhook) => string;
  readonly changed: (id: string) => void;
}

/** Deliveries under way at once: receivers may be slow. */
const AT_ONCE = 50;

/** Rests between deliveries, ms: soon at first, for a receiver that restarts, then over some three hours, for one that is repaired. */
const RESTS_MS = [5_000, 30_000, 120_000, 600_000, 1_800_000, 3_600_000, 5_400_000] as const;

/** Tells receivers of jobs that have ended, until they have taken it or have refused too often. */
export class WebhookSender {
  readonly #options: SenderOptions;
  #sending = 0;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Begins the deliveries that are due. @returns when they have been begun, not when they are over. */
  async send(): Promise<void> {
    const { queue, clock } = this.#options;
    const most = AT_ONCE - this.#sending;
    if (most <= 0) return;
    for (const due of await queue.dueWebhooks({ most, now: clock.wall() })) {
      this.#sending += 1;
      void this.#sendOne(due)
        // It was not settled, so it is due again when the store says so.
        .catch((error: unknown) => console.error(`holdfast: the webhook of ${due.job.id} cannot be settled:`, error))
        .finally(() => (this.#sending -= 1));
    }
  }

  async #sendOne(due: DueWebhook): Promise<void> {
    const { queue, clock, random, rules, attempts, bodyOf } = this.#options;
    const { job, secrets } = due;
    const body = bodyOf(due);
    const now = clock.wall();
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'Holdfast',
      ...signed(messageId(due), now, body, secrets),
    };
    const delivery = await deliver({ url: job.webhook?.url ?? '', headers, body }, rules);
    const made = due.attempts + 1;
    const again = delivery.kind === 'refused' && delivery.again && made < attempts;
    await queue.settleWebhook({
      id: job.id,
      error: delivery.kind === 'delivered' ? null : delivery.error,
      againAt: again ? clock.wall() + restMs(made, random) : null,
    });
    this.#options.changed(job.id);
  }
}

/** The same for every delivery of one ending, so that a receiver can tell that it has it already. */
function messageId({ job }: DueWebhook): string {
  return `msg_${job.id}_${job.history.at(-1)?.seq ?? 0}`;
}

/** A tenth more or less, so that a crowd of messages does not come back at once. @param made deliveries so far */
function restMs(made: number, random: Random): number {
  const rest = RESTS_MS[Math.min(made, RESTS_MS.length) - 1] ?? RESTS_MS[0];
  return Math.round(rest * (0.9 + random() / 5));
}
