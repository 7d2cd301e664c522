import { Breaker } from './breaker.ts';
import { RetryBudget } from './budget.ts';
import type { BreakerPolicy, BudgetPolicy } from './policy.ts';
import type { Endpoint } from './ports.ts';

/** An endpoint with what the engine remembers of it, across all calls: its health and the retries it can still bear. */
export class Target {
  readonly endpoint: Endpoint;
  readonly budget: RetryBudget;
  readonly breaker: Breaker;

  constructor(endpoint: Endpoint, policies: { readonly budget: BudgetPolicy; readonly breaker: BreakerPolicy }) {
    this.endpoint = endpoint;
    this.budget = new RetryBudget(policies.budget);
    this.breaker = new Breaker(policies.breaker);
  }

  get id(): string {
    return this.endpoint.id;
  }
}
