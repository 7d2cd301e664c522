import type { ContinuationStyle } from '../engine/continuing/ports.ts';
import type { StickPolicy } from '../engine/conversations.ts';
import type { FaultKind } from '../engine/fault/fault.ts';
import type { Jitter, ValidationMode } from '../engine/policy.ts';
import type { CompatibleName } from '../providers/openai/compatible.ts';
import type { CountersSection } from './counters.ts';
import type { DatabaseSection } from './database.ts';
import type { FitSection } from './fit.ts';
import type { JobsSection } from './jobs.ts';
import type { CacheSection } from './cache.ts';
import type { HedgeSection } from './hedge.ts';
import type { DegradedSection } from './ladder.ts';

import type { ObservingSections } from './observing.ts';
import type { PriceSection } from './prices.ts';
import type { TenancySections } from './tenancy.ts';

// What holdfast.yaml says once it is checked and its units are read: durations in milliseconds, sizes in bytes. What
// was left out is still left out; `resolve.ts` fills it in. What each field means stands in `schema.ts`.

type Optional<T> = { readonly [K in keyof T]?: T[K] | undefined };

export type TimeoutsSection = Optional<{
  connect: number;
  headers: number;
  firstContent: number;
  idle: number;
  total: number;
}>;

export type RetrySection = Optional<{
  attempts: number;
  base: number;
  factor: number;
  cap: number;
  jitter: Jitter;
  maxWait: number;
  maxAttempts: number;
}>;

export type BudgetSection = Optional<{ capacity: number; costPerRetry: number; refillPerSuccess: number }>;

export type AdaptiveSection = Optional<{ suspicion: boolean; throttle: boolean; concurrency: boolean; keys: boolean }>;

export type PacingSection = Optional<{ enabled: boolean; requestsPerMinute: number; tokensPerMinute: number }>;

export type BreakerSection = Optional<{
  enabled: boolean;
  consecutiveFailures: number;
  failureRate: number;
  minimumVolume: number;
  window: number;
  open: number;
  maxOpen: number;
  openGrowth: number;
  jitter: number;
  halfOpenProbes: number;
}>;

/** The whole list, or changes to the one it would be otherwise. */
export type FallbackSection =
  | readonly FaultKind[]
  | Optional<{ add: readonly FaultKind[]; remove: readonly FaultKind[] }>;

type EveryTarget = Optional<{
  budget: BudgetSection;
  breaker: BreakerSection;
  adaptive: AdaptiveSection;
  account: string;
  pacing: PacingSection;
  headers: Readonly<Record<string, string>>;
  allowInsecure: boolean;
  environment: string;
  rotateBy: number;
  continues: ContinuationStyle;
  losses: 'tell' | 'refuse';
}>;

export type TargetSection = EveryTarget &
  (
    | ({ readonly provider: 'openai' } & Optional<{
        key: string;
        baseUrl: string;
        organization: string;
        project: string;
      }>)
    | ({ readonly provider: 'azure'; readonly key: string; readonly baseUrl: string } & Optional<{
        deployment: string;
        apiVersion: string;
      }>)
    | ({ readonly provider: 'openai-compatible'; readonly key: string; readonly baseUrl: string } & Optional<{
        responses: 'native' | 'translate';
      }>)
    | ({ readonly provider: 'anthropic' | 'gemini' } & Optional<{ key: string; baseUrl: string }>)
    | ({ readonly provider: CompatibleName } & Optional<{
        key: string;
        baseUrl: string;
        responses: 'native' | 'translate';
      }>)
  );

/** A target by its id alone, or with a share and a model of its own. */
export type RungTargetSection = string | ({ readonly target: string } & Optional<{ weight: number; model: string }>);

/** One target, several equally good ones, or a degraded answer. */
type RungSection = RungTargetSection | readonly RungTargetSection[] | DegradedSection;

export type RouteSection = {
  readonly models: readonly string[];
  readonly ladder: readonly RungSection[];
} & Optional<{ id: string }> &
  RouteDefaults;

export type RouteDefaults = Optional<{
  timeouts: TimeoutsSection;
  wholeTimeouts: TimeoutsSection;
  retry: RetrySection;
  fallbackOn: FallbackSection;
  validate: ValidationMode;
  fit: FitSection;
  hedge: HedgeSection;
  cache: CacheSection;
  continue: boolean;
  stick: StickPolicy;
}>;

export type ConfigFile = Optional<{
  server: Optional<{
    host: string;
    port: number;
    open: boolean;
    trustedProxies: readonly string[];
    limits: Optional<{
      bodyBytes: number;
      heldBytes: number;
      headerBytes: number;
      slowRequest: number;
      slowReader: number;
      drain: number;
    }>;
  }>;
  environment: string;
  keys: Optional<{ policy: 'require' | 'warn' | 'off'; rotateEvery: number }>;
  data: string;
  database: DatabaseSection;
  counters: string | CountersSection;
  jobs: JobsSection;
  records: Optional<{ retention: Optional<{ age: number; size: number }> }>;
  targets: Readonly<Record<string, TargetSection>>;
  routes: readonly RouteSection[];
  prices: readonly PriceSection[];
  defaults: RouteDefaults & Optional<{ budget: BudgetSection; breaker: BreakerSection; adaptive: AdaptiveSection }>;
}> &
  ObservingSections &
  TenancySections;
