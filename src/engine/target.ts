import { Account } from './sharing/account.ts';
import { Breaker } from './health/breaker.ts';
import { RetryBudget } from './health/budget.ts';
import { Concurrency } from './health/concurrency.ts';
import { Latency } from './health/latency.ts';
import {
  type AdaptivePolicy,
  type BreakerPolicy,
  type BudgetPolicy,
  DEFAULT_ADAPTIVE,
  DEFAULT_PACING,
  type PacingPolicy,
} from './policy.ts';
import type { Endpoint } from './ports.ts';
import { Standing } from './health/standing.ts';
import { Suspicion } from './health/suspicion.ts';
import { Throttle } from './health/throttle.ts';

export interface TargetPolicies {
  readonly budget: BudgetPolicy;
  readonly breaker: BreakerPolicy;
  /** @default everything on */
  readonly adaptive?: Partial<AdaptivePolicy>;
  /** @default learnt from what the provider tells */
  readonly pacing?: Partial<PacingPolicy>;
  /** Whether what is found of its key holds for the next call: not where each caller brings its own. @default true */
  readonly ownKey?: boolean;
  /** Whether people's calls may come, for whom background work keeps places free. @default true */
  readonly people?: boolean;
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
  readonly account: Account;
  readonly standing: Standing;

  /** @param account that its key is of; without one, an account of its own */
  constructor(endpoint: Endpoint, policies: TargetPolicies, account?: Account) {
    const { suspicion, throttle, concurrency, keys } = { ...DEFAULT_ADAPTIVE, ...policies.adaptive };
    this.endpoint = endpoint;
    this.budget = new RetryBudget(policies.budget);
    this.breaker = new Breaker(policies.breaker);
    this.suspicion = new Suspicion(suspicion, this.latency);
    this.throttle = new Throttle(throttle);
    this.concurrency = new Concurrency(concurrency, this.latency, policies.people);
    this.standing = new Standing(keys && (policies.ownKey ?? true));
    this.account = account ?? new Account(endpoint.id, { ...DEFAULT_PACING, ...policies.pacing });
  }

  get id(): string {
    return this.endpoint.id;
  }
}
