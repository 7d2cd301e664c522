import type { BudgetPolicy } from '../policy.ts';

/**
 * The retry budget of one target: a token bucket that only successes refill. In a full outage it runs dry and retries
 * stop, whatever the number of callers; in good weather it is always full. (The shape of gRPC's retry throttling, A6,
 * and of the AWS SDKs' standard mode, with the refill that our storm runs favour.)
 */
export class RetryBudget {
  readonly #policy: BudgetPolicy;
  #tokens: number;

  constructor(policy: BudgetPolicy) {
    this.#policy = policy;
    this.#tokens = policy.capacity;
  }

  /** Takes what one retry costs; false, and nothing taken, when the bucket cannot pay. */
  take(): boolean {
    if (this.#tokens < this.#policy.costPerRetry) return false;
    this.#tokens -= this.#policy.costPerRetry;
    return true;
  }

  succeeded(): void {
    this.#tokens = Math.min(this.#policy.capacity, this.#tokens + this.#policy.refillPerSuccess);
  }

  get tokens(): number {
    return this.#tokens;
  }
}
