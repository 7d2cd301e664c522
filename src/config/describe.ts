import type { Budget, Limits } from '../engine/admission/limits.ts';
import type { RoutePolicy, Timeouts } from '../engine/policy.ts';
import type { Config, TargetConfig } from './config.ts';
import type { CountersConfig } from './counters.ts';
import { type DatabaseConfig, describeDatabase } from './database.ts';
import { describeFit } from './fit.ts';
import { describeCache } from './cache.ts';
import { describeHedge } from './hedge.ts';
import { describeDegraded } from './ladder.ts';
import type { Secret } from './secrets.ts';
import type { TenancyConfig } from './tenancy.ts';
import { formatDuration, formatSize } from './units.ts';

/** The configuration as plain data that can be shown: secrets by their reference, sets as lists. */
export function configToJson(config: Config): unknown {
  const targets = config.targets.map((target) => ({ ...target, key: keyName(target.key) }));
  const { counters } = config;
  const shownCounters = counters.kind === 'memory' ? counters : { ...counters, password: keyName(counters.password) };
  const shown = (_: string, value: unknown): unknown => (value instanceof Set ? [...value] : value);
  const capture = config.capture === null ? null : { ...config.capture, key: keyName(config.capture.key) };
  const database = databaseToJson(config.database);
  const jobs = { ...config.jobs, database: databaseToJson(config.jobs.database) };
  return JSON.parse(JSON.stringify({ ...config, targets, database, counters: shownCounters, jobs, capture }, shown));
}

/** The configuration as a page for people: what is listened on, what can be called, and how. */
export function describeConfig(config: Config): string {
  const { server, records } = config;
  const { ageMs, sizeBytes } = records.retention;
  const lines = [
    `listens  ${server.host.includes(':') ? `[${server.host}]` : server.host}:${server.port}`,
    config.database.kind === 'sqlite'
      ? `records  ${config.data}, kept ${formatDuration(ageMs)} and up to ${formatSize(sizeBytes)}`
      : `records  in the database, kept ${formatDuration(ageMs)}`,
    `database ${describeDatabase(config.database)}`,
    ...describeJobsDatabase(config),
    `counters ${describeCounters(config.counters)}`,
    '',
    'targets',
    ...(config.needsSimulator ? ['  none; the built-in simulator will stand in'] : config.targets.map(describeTarget)),
    '',
    'routes, the first that matches is taken',
    ...config.routes.flatMap(describeRoute),
    ...describeTenancy(config.tenancy),
    ...config.warnings.flatMap((warning) => ['', `warning: ${warning}`]),
  ];
  return lines.join('\n');
}

function databaseToJson(database: DatabaseConfig): unknown {
  return database.kind === 'sqlite' ? database : { ...database, password: keyName(database.password) };
}

/** Worth a line where jobs are kept elsewhere. */
function describeJobsDatabase({ database, jobs }: Config): string[] {
  const place = describeDatabase(jobs.database);
  return place === describeDatabase(database) ? [] : [`jobs     ${place}`];
}

function describeTenancy({ organisations, tenants }: TenancyConfig): string[] {
  if (organisations.length === 0 && tenants.length === 0) return [];
  return [
    '',
    'tenants, beside those of the database',
    ...organisations.map(({ id, limits }) => `  organisation ${id}: ${describeLimits(limits)}`),
    ...tenants.flatMap(({ id, organisation, limits, perUser, workloads }) => [
      `  ${id} of ${organisation ?? 'default'}: ${describeLimits(limits)}`,
      ...(Object.keys(perUser).length === 0 ? [] : [`    each user: ${describeLimits(perUser)}`]),
      ...workloads.map((part) => `    workload ${part.id}: ${describeLimits(part.limits)}`),
    ]),
  ];
}

function describeLimits(limits: Limits): string {
  const parts = Object.entries(limits).map(([name, amount]: [string, number | Budget]) => {
    if (typeof amount === 'number') return `${name} ${amount}`;
    const { warn, refuse } = amount;
    const thresholds = [warn === undefined ? null : `warn ${warn}`, refuse === undefined ? null : `refuse ${refuse}`];
    return `${name} ${thresholds.filter((threshold) => threshold !== null).join(', ')}`;
  });
  return parts.join('; ') || 'no limits';
}

function describeCounters(counters: CountersConfig): string {
  if (counters.kind === 'memory') return 'in memory';
  const { host, port, tls, database, prefix } = counters;
  return `${tls ? 'rediss' : 'redis'}://${host.includes(':') ? `[${host}]` : host}:${port}/${database}, keys begin with ${prefix}`;
}

function describeTarget({
  id,
  provider,
  server,
  baseUrl,
  key,
  deployment,
  breaker,
  losses,
  responses,
}: TargetConfig): string {
  const parts = [id, server ?? provider, baseUrl, `key ${keyName(key)}`];
  if (deployment !== null) parts.push(`deployment ${deployment}`);
  if (!breaker.enabled) parts.push('no breaker');
  if (losses === 'refuse') parts.push('refuses losses');
  if (responses === 'translate') parts.push('responses as chat');
  return `  ${parts.join('  ')}`;
}

function describeRoute(route: RoutePolicy): string[] {
  const { retry } = route;
  return [
    `  ${route.id}: ${route.models.join(', ')}`,
    ...route.ladder.map(({ targets }, index) => {
      const names = targets.map(({ target, weight, model }) => {
        const share = targets.length > 1 ? ` (weight ${weight})` : '';
        return `${target}${model === null ? '' : ` as ${model}`}${share}`;
      });
      return `    ${index + 1}. ${names.join(' or ')}`;
    }),
    ...(route.degraded ?? []).map(
      (policy, index) => `    ${route.ladder.length + index + 1}. ${policy.rung}: ${describeDegraded(policy)}`,
    ),
    `    retry: ${retry.attempts} attempts at a target, ${retry.maxAttempts} in all; ` +
      `${formatDuration(retry.baseMs)} × ${retry.factor} up to ${formatDuration(retry.capMs)}, ${retry.jitter} jitter; ` +
      `sits out hints up to ${formatDuration(retry.maxWaitMs)}`,
    `    streams: ${describeTimeouts(route.timeouts)}`,
    `    whole answers: ${describeTimeouts(route.wholeTimeouts)}`,
    `    falls back on: ${[...route.fallbackOn].join(', ') || 'nothing'}`,
    `    validation: ${route.validate}`,
    ...(route.fit ? [`    fit: ${describeFit(route.fit)}`] : []),
    ...(route.stick === 'conversation' ? ['    conversations stay where they were answered last'] : []),
    ...(route.continues === true ? ['    goes on with streams that break off'] : []),
    ...(route.cache ? [`    cache: ${describeCache(route.cache)}`] : []),
    ...(route.hedge ? [`    hedge: ${describeHedge(route.hedge)}`] : []),
  ];
}

function describeTimeouts({ connectMs, headersMs, firstContentMs, idleMs, totalMs }: Timeouts): string {
  const headers = headersMs === null ? '' : `, headers ${formatDuration(headersMs)}`;
  const [connect, first, idle, total] = [connectMs, firstContentMs, idleMs, totalMs].map(formatDuration);
  return `connect ${connect}${headers}, first content ${first}, idle ${idle}, total ${total}`;
}

function keyName(key: Secret): string {
  return key.kind === 'held' ? key.reference : key.kind;
}
