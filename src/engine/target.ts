import { Breaker } from './breaker.ts';
import { RetryBudget } from './budget.ts';
import { Concurrency } from './concurrency.ts';
import { Latency } from './latency.ts';
import { type AdaptivePolicy, type BreakerPolicy, type BudgetPolicy, DEFAULT_ADAPTIVE } from './policy.ts';
import type { Endpoint } from './ports.ts';
import { Suspicion } from './suspicion.ts';
import { Throttle } from './throttle.ts';

export interface TargetPolicies {
  readonly budget: BudgetPolicy;
  readonly breaker: BreakerPolicy;
  /** @default everything on */
  readonly adaptive?: Partial<AdaptivePolicy>;
}

/** An endpoint with what the engine remembers of it, across all calls: how well it does, and what it can still bear. */
export class Target {
  readonly endpoint: Endpoint;
  readonly budget: RetryBudget;
  readonly breaker: Breaker;
  readonly latency: Latency = new Latency();
  readonly suspicion: Suspicion;
  readonly throttle: Throttle;
  readonly concurrency: Concurrency;

  constructor(endpoint: Endpoint, policies: TargetPolicies) {
    const { suspicion, throttle, concurrency } = { ...DEFAULT_ADAPTIVE, ...policies.adaptive };
    this.endpoint = endpoint;
    this.budget = new RetryBudget(policies.budget);
    this.breaker = new Breaker(policies.breaker);
    this.suspicion = new Suspicion(suspicion, this.latency);
    this.throttle = new Throttle(throttle);
    this.concurrency = new Concurrency(concurrency, this.latency);
  }

  get id(): string {
    return this.endpoint.id;
  }
}
