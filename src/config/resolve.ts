import { resolve as resolvePath } from 'node:path';
import type { FaultKind } from '../engine/fault/fault.ts';
import {
  DEFAULT_ADAPTIVE,
  DEFAULT_BREAKER,
  DEFAULT_BUDGET,
  DEFAULT_FALLBACK_ON,
  DEFAULT_PACING,
  DEFAULT_RETRY,
  DEFAULT_TIMEOUTS,
  DEFAULT_VALIDATION,
} from '../engine/policy.ts';
import type {
  AdaptivePolicy,
  BreakerPolicy,
  BudgetPolicy,
  PacingPolicy,
  RetryPolicy,
  RoutePolicy,
  Rung,
} from '../engine/policy.ts';
import { COMPATIBLE, COMPATIBLE_NAMES, isCompatible } from '../providers/openai/compatible.ts';
import { parseUrl } from './addresses.ts';
import { defaultRoutes } from './config.ts';
import type { CountersConfig } from './counters.ts';
import type { DatabaseConfig } from './database.ts';
import type { Config, DefaultPolicies, RecordsConfig, ServerConfig, TargetConfig } from './config.ts';
import type {
  AdaptiveSection,
  BreakerSection,
  BudgetSection,
  ConfigFile,
  FallbackSection,
  PacingSection,
  RetrySection,
  RouteSection,
  RungTargetSection,
  TargetSection,
  TimeoutsSection,
} from './file.ts';
import { resolveFit } from './fit.ts';
import { modelWarnings } from './own-models.ts';
import { deepFreeze, frozenSet } from './freeze.ts';
import { resolveCache } from './cache.ts';
import { resolveHedge } from './hedge.ts';
import { isDegraded, resolveDegraded } from './ladder.ts';
import { resolveJobs } from './jobs.ts';
import { resolvePrices } from './prices.ts';
import { routeId } from './references.ts';
import { NO_SECRET } from './secrets.ts';
import type { Secret } from './secrets.ts';
import {
  type ObservingVariables,
  resolveCapture,
  resolveLogs,
  resolveRedaction,
  resolveTelemetry,
  telemetryWarnings,
} from './observing.ts';
import { resolveTenancy, tenancyWarnings } from './tenancy.ts';

/** Where the providers are that have an address of their own. */
const PROVIDER_URLS: Readonly<Record<string, string>> = {
  openai: 'https://api.openai.com/v1',
  anthropic: 'https://api.anthropic.com/v1',
  gemini: 'https://generativelanguage.googleapis.com/v1beta',
  ...Object.fromEntries(COMPATIBLE_NAMES.map((name) => [name, COMPATIBLE[name].home])),
};

/** What stands beside the file when it is resolved. */
export interface Given {
  readonly host: string | null;
  readonly port: number | null;
  readonly data: string | null;
  readonly counters: CountersConfig;
  readonly database: DatabaseConfig;
  readonly jobsDatabase: DatabaseConfig;
  readonly observing: ObservingVariables;
  /** What captures are encrypted with; none: a file of the data directory's own. */
  readonly captureKey: Secret;
  readonly cwd: string;
  /** Targets of the file, or those of the environment when the file has none. */
  readonly targets: Readonly<Record<string, TargetSection>>;
  /** What the targets' keys name, by target id. */
  readonly secrets: ReadonlyMap<string, Secret>;
  readonly warnings: readonly string[];
}

/** Fills in everything that was left out, once: afterwards nothing looks for a default. */
export function resolveConfig(file: ConfigFile, given: Given): Config {
  const defaults = resolveDefaults(file);
  const targets = Object.entries(given.targets).map(([id, section]) =>
    resolveTarget(id, section, given.secrets.get(id) ?? NO_SECRET, defaults),
  );
  const routes = file.routes?.map((section) => resolveRoute(section, defaults));
  const tenancy = resolveTenancy(file);
  const telemetry = resolveTelemetry(file, given.observing);
  return deepFreeze({
    server: resolveServer(file, given),
    data: resolvePath(given.cwd, given.data ?? file.data ?? 'data'),
    records: resolveRecords(file),
    logs: resolveLogs(file, given.observing),
    redaction: resolveRedaction(file),
    capture: resolveCapture(file, given.captureKey),
    telemetry,
    database: given.database,
    counters: given.counters,
    jobs: resolveJobs(file.jobs, given.jobsDatabase),
    keys: {
      policy: file.keys?.policy ?? null,
      environment: file.environment ?? null,
      rotateEveryMs: file.keys?.rotateEvery ?? null,
    },
    targets,
    routes: routes ?? defaultRoutes(targets, defaults),
    prices: resolvePrices(file.prices),
    defaults,
    tenancy,
    needsSimulator: targets.length === 0,
    warnings: [
      ...given.warnings,
      ...modelWarnings(routes ?? [], targets),
      ...tenancyWarnings(tenancy),
      ...telemetryWarnings(telemetry),
    ],
  });
}

/** Where the gateway will listen, as far as it can be said before everything else is checked. */
export const DEFAULT_PORT = 4141;

function resolveServer({ server }: ConfigFile, { host, port }: Given): ServerConfig {
  const limits = server?.limits;
  return {
    host: host ?? server?.host ?? '127.0.0.1',
    port: port ?? server?.port ?? DEFAULT_PORT,
    open: server?.open ?? false,
    trustedProxies: server?.trustedProxies ?? [],
    limits: {
      bodyBytes: limits?.bodyBytes ?? 64 * 1_048_576,
      // One body of the largest size has to fit, or nobody could ever send it.
      heldBytes: Math.max(limits?.heldBytes ?? 512 * 1_048_576, limits?.bodyBytes ?? 64 * 1_048_576),
      headerBytes: limits?.headerBytes ?? 64 * 1_024,
      slowRequestMs: limits?.slowRequest ?? 15_000,
      slowReaderMs: limits?.slowReader ?? 60_000,
      drainMs: limits?.drain ?? 30_000,
    },
  };
}

function resolveRecords({ records }: ConfigFile): RecordsConfig {
  const retention = records?.retention;
  return { retention: { ageMs: retention?.age ?? 30 * 86_400_000, sizeBytes: retention?.size ?? 1_073_741_824 } };
}

function resolveDefaults({ defaults }: ConfigFile): DefaultPolicies {
  return {
    ...bothTimeouts(defaults?.timeouts, defaults?.wholeTimeouts, {
      timeouts: DEFAULT_TIMEOUTS.stream,
      wholeTimeouts: DEFAULT_TIMEOUTS.whole,
    }),
    retry: retryPolicy(defaults?.retry, DEFAULT_RETRY),
    budget: budgetPolicy(defaults?.budget, DEFAULT_BUDGET),
    breaker: breakerPolicy(defaults?.breaker, DEFAULT_BREAKER),
    adaptive: adaptivePolicy(defaults?.adaptive, DEFAULT_ADAPTIVE),
    fallbackOn: fallbackKinds(defaults?.fallbackOn, DEFAULT_FALLBACK_ON),
    validate: defaults?.validate ?? DEFAULT_VALIDATION,
    fit: resolveFit(defaults?.fit, null),
    hedge: resolveHedge(defaults?.hedge, null),
    cache: resolveCache(defaults?.cache, null),
    continues: defaults?.continue ?? false,
    stick: defaults?.stick ?? 'call',
  };
}

function resolveTarget(id: string, section: TargetSection, key: Secret, defaults: DefaultPolicies): TargetConfig {
  const azure = section.provider === 'azure' ? section : null;
  const openai = section.provider === 'openai' ? section : null;
  const headers = Object.entries(section.headers ?? {});
  return {
    id,
    provider: isCompatible(section.provider) ? 'openai-compatible' : section.provider,
    server: isCompatible(section.provider) ? section.provider : null,
    baseUrl: cleanUrl(section),
    key,
    deployment: azure?.deployment ?? null,
    apiVersion: azure?.apiVersion ?? null,
    organization: openai?.organization ?? null,
    project: openai?.project ?? null,
    headers: Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value])),
    budget: budgetPolicy(section.budget, defaults.budget),
    breaker: breakerPolicy(section.breaker, defaults.breaker),
    adaptive: adaptivePolicy(section.adaptive, defaults.adaptive),
    account: section.account ?? id,
    pacing: pacingPolicy(section.pacing, key),
    environment: section.environment ?? null,
    rotateBy: section.rotateBy ?? null,
    continues: section.continues ?? null,
    losses: section.losses ?? 'tell',
    responses: responsesAt(section),
  };
}

/** Whether a server has the Responses API: as is said of it, or else as is known of it. */
function responsesAt(section: TargetSection): TargetConfig['responses'] {
  const told = 'responses' in section ? section.responses : undefined;
  const lacks = isCompatible(section.provider) && !COMPATIBLE[section.provider].responses;
  return told ?? (lacks ? 'translate' : 'native');
}

/** People paste addresses with a final slash, without `/v1`, or with the `/openai` that Azure's pages show. */
function cleanUrl(section: TargetSection): string {
  const { provider, baseUrl = PROVIDER_URLS[section.provider] ?? '' } = section;
  const plain = (parseUrl(baseUrl)?.href ?? baseUrl).replace(/\/+$/, '');
  if (provider === 'azure') {
    const resource = plain.replace(/\/openai(?:\/v1)?$/, '');
    return section.apiVersion === undefined ? `${resource}/openai/v1` : resource;
  }
  const hasPath = (parseUrl(plain)?.pathname ?? '/') !== '/';
  const usual = parseUrl(PROVIDER_URLS[provider] ?? '')?.pathname ?? '';
  return hasPath ? plain : plain + usual;
}

function resolveRoute(section: RouteSection, defaults: DefaultPolicies): RoutePolicy {
  const fallbackOn = fallbackKinds(section.fallbackOn, defaults.fallbackOn);
  return {
    id: routeId(section.id, section.models),
    models: section.models,
    ladder: section.ladder.flatMap((rung) => (isDegraded(rung) ? [] : [resolveRung(rung)])),
    degraded: section.ladder.flatMap((rung) => (isDegraded(rung) ? [resolveDegraded(rung, fallbackOn)] : [])),
    ...bothTimeouts(section.timeouts, section.wholeTimeouts, defaults),
    retry: retryPolicy(section.retry, defaults.retry),
    fallbackOn,
    validate: section.validate ?? defaults.validate,
    fit: resolveFit(section.fit, defaults.fit),
    hedge: resolveHedge(section.hedge, defaults.hedge),
    cache: resolveCache(section.cache, defaults.cache),
    continues: section.continue ?? defaults.continues,
    stick: section.stick ?? defaults.stick,
  };
}

function resolveRung(rung: RungTargetSection | readonly RungTargetSection[]): Rung {
  const entries: readonly RungTargetSection[] = typeof rung === 'object' && 'length' in rung ? rung : [rung];
  return {
    targets: entries.map((entry) => {
      const { target, weight = 1, model = null } = typeof entry === 'string' ? { target: entry } : entry;
      return { target, weight, model };
    }),
  };
}

/**
 * A route's timers for streams also hold for whole answers where they mean the same; how long the headers and the first
 * content of a whole answer may take is bounded by its total, since they come only when it is done.
 */
function bothTimeouts(
  stream: TimeoutsSection | undefined,
  whole: TimeoutsSection | undefined,
  base: Pick<DefaultPolicies, 'timeouts' | 'wholeTimeouts'>,
): Pick<DefaultPolicies, 'timeouts' | 'wholeTimeouts'> {
  const totalMs = whole?.total ?? stream?.total ?? base.wholeTimeouts.totalMs;
  return {
    timeouts: {
      connectMs: stream?.connect ?? base.timeouts.connectMs,
      headersMs: stream?.headers ?? base.timeouts.headersMs,
      firstContentMs: stream?.firstContent ?? base.timeouts.firstContentMs,
      idleMs: stream?.idle ?? base.timeouts.idleMs,
      totalMs: stream?.total ?? base.timeouts.totalMs,
    },
    wholeTimeouts: {
      connectMs: whole?.connect ?? stream?.connect ?? base.wholeTimeouts.connectMs,
      headersMs: whole?.headers ?? base.wholeTimeouts.headersMs,
      firstContentMs: whole?.firstContent ?? totalMs,
      idleMs: whole?.idle ?? stream?.idle ?? base.wholeTimeouts.idleMs,
      totalMs,
    },
  };
}

function retryPolicy(section: RetrySection | undefined, base: RetryPolicy): RetryPolicy {
  return {
    attempts: section?.attempts ?? base.attempts,
    baseMs: section?.base ?? base.baseMs,
    factor: section?.factor ?? base.factor,
    capMs: section?.cap ?? base.capMs,
    jitter: section?.jitter ?? base.jitter,
    maxWaitMs: section?.maxWait ?? base.maxWaitMs,
    maxAttempts: section?.maxAttempts ?? base.maxAttempts,
  };
}

function budgetPolicy(section: BudgetSection | undefined, base: BudgetPolicy): BudgetPolicy {
  return {
    capacity: section?.capacity ?? base.capacity,
    costPerRetry: section?.costPerRetry ?? base.costPerRetry,
    refillPerSuccess: section?.refillPerSuccess ?? base.refillPerSuccess,
  };
}

function breakerPolicy(section: BreakerSection | undefined, base: BreakerPolicy): BreakerPolicy {
  return {
    enabled: section?.enabled ?? base.enabled,
    consecutiveFailures: section?.consecutiveFailures ?? base.consecutiveFailures,
    failureRate: section?.failureRate ?? base.failureRate,
    minimumVolume: section?.minimumVolume ?? base.minimumVolume,
    windowMs: section?.window ?? base.windowMs,
    openMs: section?.open ?? base.openMs,
    maxOpenMs: section?.maxOpen ?? base.maxOpenMs,
    openGrowth: section?.openGrowth ?? base.openGrowth,
    jitter: section?.jitter ?? base.jitter,
    halfOpenProbes: section?.halfOpenProbes ?? base.halfOpenProbes,
  };
}

/** A key that each caller brings is of an account of its own: what one is told of its limits holds for no other. */
function pacingPolicy(section: PacingSection | undefined, key: Secret): PacingPolicy {
  return {
    enabled: (section?.enabled ?? DEFAULT_PACING.enabled) && key.kind !== 'caller',
    requestsPerMinute: section?.requestsPerMinute ?? null,
    tokensPerMinute: section?.tokensPerMinute ?? null,
  };
}

function adaptivePolicy(section: AdaptiveSection | undefined, base: AdaptivePolicy): AdaptivePolicy {
  return {
    suspicion: section?.suspicion ?? base.suspicion,
    throttle: section?.throttle ?? base.throttle,
    concurrency: section?.concurrency ?? base.concurrency,
    keys: section?.keys ?? base.keys,
  };
}

function fallbackKinds(section: FallbackSection | undefined, base: ReadonlySet<FaultKind>): ReadonlySet<FaultKind> {
  if (section === undefined) return frozenSet(base);
  if ('length' in section) return frozenSet(section);
  const removed = new Set(section.remove);
  return frozenSet([...base, ...(section.add ?? [])].filter((kind) => !removed.has(kind)));
}
