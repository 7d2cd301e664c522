import type { FaultKind } from '../engine/fault/fault.ts';
import type { CachePolicy } from '../engine/answers.ts';
import type { ContinuationStyle } from '../engine/continuing/ports.ts';
import type { StickPolicy } from '../engine/conversations.ts';
import type { FitPolicy } from '../engine/fitting.ts';
import type { HedgePolicy } from '../engine/hedge/hedger.ts';
import type {
  AdaptivePolicy,
  BreakerPolicy,
  BudgetPolicy,
  PacingPolicy,
  RetryPolicy,
  RoutePolicy,
  Timeouts,
  ValidationMode,
} from '../engine/policy.ts';
import type { CountersConfig } from './counters.ts';
import type { DatabaseConfig } from './database.ts';
import type { JobsConfig } from './jobs.ts';
import { DEFAULT_PACING } from '../engine/policy.ts';
import type { CompatibleName } from '../providers/openai/compatible.ts';
import type { ProviderName } from '../providers/provider-name.ts';
import { foreignModels } from './own-models.ts';
import { deepFreeze } from './freeze.ts';
import { NO_SECRET } from './secrets.ts';
import type { Secret } from './secrets.ts';
import type { CaptureConfig, LogsConfig, RedactionConfig, TelemetryConfig } from './observing.ts';
import type { PriceConfig } from './prices.ts';
import type { TenancyConfig } from './tenancy.ts';

export interface ServerConfig {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** The operator confirms that whoever reaches a host beyond this machine may spend the keys. */
  readonly open: boolean;
  /** Addresses and ranges of proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  readonly limits: {
    readonly bodyBytes: number;
    /** Request bodies of all calls under way together; at least `bodyBytes`. */
    readonly heldBytes: number;
    readonly headerBytes: number;
    /** How long a caller may take over its request head, or stall within its body. */
    readonly slowRequestMs: number;
    /** How long a caller may leave an answer unread. */
    readonly slowReaderMs: number;
    /** How long running calls may take to finish when the gateway stops. */
    readonly drainMs: number;
  };
}

export interface RecordsConfig {
  readonly retention: { readonly ageMs: number; readonly sizeBytes: number };
}

export interface TargetConfig {
  readonly id: string;
  readonly provider: ProviderName;
  /** Which of the compatible servers that are known it is; null for any other. */
  readonly server: CompatibleName | null;
  /**
   * Without a final slash. For `openai`, `openai-compatible` and `anthropic` it includes `/v1`, for `azure` with
   * the v1 API `/openai/v1`; with the dated API it ends before `/openai`.
   */
  readonly baseUrl: string;
  readonly key: Secret;
  /** Azure: deployment to call with the dated API; null: the v1 API, where the model is the deployment's name. */
  readonly deployment: string | null;
  /** Azure: version of the dated API; null: the v1 API. */
  readonly apiVersion: string | null;
  /** OpenAI: sent as `OpenAI-Organization`. */
  readonly organization: string | null;
  /** OpenAI: sent as `OpenAI-Project`. */
  readonly project: string | null;
  /** Extra request headers, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly budget: BudgetPolicy;
  readonly breaker: BreakerPolicy;
  readonly adaptive: AdaptivePolicy;
  /** Targets of one account share its provider's limits. */
  readonly account: string;
  readonly pacing: PacingPolicy;
  /** What its key is for: `production`; null where nobody said. */
  readonly environment: string | null;
  /** When its key is overdue to be replaced, ms since 1970; null: by its age. */
  readonly rotateBy: number | null;
  /** How its models go on with an answer that broke off. @default null: as is known of them */
  readonly continues?: ContinuationStyle | null;
  /** What becomes of a call that its wire has not all the words for: sent without them and told, or left to another target. */
  readonly losses: 'tell' | 'refuse';
  /** Compatible servers: whether they have the Responses API, or are asked for chat completions in its place. */
  readonly responses: 'native' | 'translate';
}

/** How keys are looked after. */
interface KeysConfig {
  /** What a key that cannot be used means for the start; null: it stops at what can be seen from here, and tells the rest. */
  readonly policy: 'require' | 'warn' | 'off' | null;
  /** What this gateway is for: `production`; null where nobody said. */
  readonly environment: string | null;
  /** Age at which a key is due to be replaced, ms; null: none. */
  readonly rotateEveryMs: number | null;
}

/** What routes and targets are when they do not say otherwise. */
export interface DefaultPolicies {
  readonly timeouts: Timeouts;
  readonly wholeTimeouts: Timeouts;
  readonly retry: RetryPolicy;
  readonly budget: BudgetPolicy;
  readonly breaker: BreakerPolicy;
  readonly adaptive: AdaptivePolicy;
  readonly fallbackOn: ReadonlySet<FaultKind>;
  readonly validate: ValidationMode;
  readonly fit: FitPolicy | null;
  readonly hedge: HedgePolicy | null;
  readonly cache: CachePolicy | null;
  readonly continues: boolean;
  readonly stick: StickPolicy;
}

/** Everything that can be configured, with nothing left open. Frozen all the way down. */
export interface Config {
  readonly server: ServerConfig;
  /** Absolute path of the directory for records. */
  readonly data: string;
  readonly records: RecordsConfig;
  readonly logs: LogsConfig;
  readonly redaction: RedactionConfig;
  /** Whose requests and answers are kept; null: nobody's. */
  readonly capture: CaptureConfig | null;
  /** Where traces and metrics are sent; null: nowhere. */
  readonly telemetry: TelemetryConfig | null;
  /** Where tenants and keys are. */
  readonly database: DatabaseConfig;
  readonly counters: CountersConfig;
  readonly jobs: JobsConfig;
  readonly keys: KeysConfig;
  readonly targets: readonly TargetConfig[];
  readonly routes: readonly RoutePolicy[];
  /** Prices in place of the list prices of models' makers. */
  readonly prices: readonly PriceConfig[];
  readonly defaults: DefaultPolicies;
  readonly tenancy: TenancyConfig;
  /** There is no target: neither a file nor the environment names an upstream, so the simulator is to be one. */
  readonly needsSimulator: boolean;
  /** Things that are allowed but worth a line at start-up. */
  readonly warnings: readonly string[];
}

/** A target that is made at run time; what is left out is as in a file that leaves it out, and `key` is none. */
export type NewTarget = Pick<TargetConfig, 'id' | 'provider' | 'baseUrl'> & Partial<TargetConfig>;

/**
 * The same configuration with one more target. Routes stay as they are; where there is none yet, one for every model
 * is made that tries the targets in order.
 *
 * @throws {Error} a target of this id is there already
 */
export function withTarget(config: Config, added: NewTarget): Config {
  if (config.targets.some(({ id }) => id === added.id)) throw new Error(`there is a target ${added.id} already`);
  const target: TargetConfig = {
    key: NO_SECRET,
    deployment: null,
    apiVersion: null,
    organization: null,
    project: null,
    headers: {},
    budget: config.defaults.budget,
    breaker: config.defaults.breaker,
    adaptive: config.defaults.adaptive,
    account: added.id,
    pacing: DEFAULT_PACING,
    environment: null,
    rotateBy: null,
    server: null,
    losses: 'tell',
    responses: 'native',
    ...added,
  };
  const targets = [...config.targets, target];
  const routes = config.routes.length > 0 ? config.routes : defaultRoutes(targets, config.defaults);
  return deepFreeze({ ...config, targets, routes, needsSimulator: false });
}

/**
 * The routes of a configuration that names none: every model, every target in order, each a rung of its own. The models of
 * providers that have a wire of their own go to those, and no other model does: nobody has said what should take over there.
 */
export function defaultRoutes(targets: readonly TargetConfig[], defaults: DefaultPolicies): readonly RoutePolicy[] {
  if (targets.length === 0) return [];
  const providers = [...new Set(targets.map(({ provider }) => provider))];
  const foreign = providers.length === 1 ? [] : providers.filter((name) => foreignModels(name).length > 0);
  const open = targets.filter(({ provider }) => !foreign.includes(provider));
  return [
    ...foreign.map((name) => {
      const theirs = targets.filter(({ provider }) => provider === name);
      return defaultRoute(name, foreignModels(name), theirs, defaults);
    }),
    defaultRoute('default', ['*'], open.length === 0 ? targets : open, defaults),
  ];
}

function defaultRoute(
  id: string,
  models: readonly string[],
  targets: readonly TargetConfig[],
  defaults: DefaultPolicies,
): RoutePolicy {
  return {
    id,
    models,
    ladder: targets.map(({ id }) => ({ targets: [{ target: id, weight: 1, model: null }] })),
    timeouts: defaults.timeouts,
    wholeTimeouts: defaults.wholeTimeouts,
    retry: defaults.retry,
    fallbackOn: defaults.fallbackOn,
    validate: defaults.validate,
    fit: defaults.fit,
    hedge: defaults.hedge,
    cache: defaults.cache,
    continues: defaults.continues,
    stick: defaults.stick,
  };
}
