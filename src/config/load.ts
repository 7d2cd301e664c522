import { COMPATIBLE, COMPATIBLE_NAMES } from '../providers/openai/compatible.ts';
import { checkFields } from './check.ts';
import type { Config } from './config.ts';
import { countersWarnings, readCountersPassword, resolveCounters } from './counters.ts';
import { databaseWarnings, readDatabasePassword, resolveDatabase } from './database.ts';
import { readServerVariables, readUpstreamVariables } from './environment.ts';
import type { Environment } from './environment.ts';
import type { TargetSection } from './file.ts';
import { readObservingVariables } from './observing.ts';
import { ConfigError, type Problem } from './problem.ts';
import { checkReferences } from './references.ts';
import { DEFAULT_PORT, resolveConfig } from './resolve.ts';
import { isSecret, NO_SECRET, readSecret, secretReferenceFault } from './secrets.ts';
import type { SecretSource } from './secret-stores/store.ts';
import type { Secret } from './secrets.ts';
import { memberOf } from './server-address.ts';
import { NO_SOURCE, readSource } from './source.ts';
import type { Finding } from './source.ts';

export interface LoadOptions {
  /** Configuration file; left out, the environment alone is read. */
  readonly file?: string | undefined;
  readonly env: Environment;
  /** Relative paths, in the file too, are taken from here. Default: the working directory. */
  readonly cwd?: string | undefined;
  /**
   * `skip` checks the references without reading what they name, for a machine that has no secrets; `database` reads the
   * password of the database alone, for work on that. Default `read`.
   */
  readonly secrets?: 'read' | 'skip' | 'database' | undefined;
}

/**
 * Reads a configuration: the file, then the environment, which goes before it for where to listen and keep records.
 * The upstream variables (`OPENAI_API_KEY`, `OPENAI_BASE_URL`) describe the one target `openai` when the file has none.
 *
 * @throws {ConfigError} with every problem of both, where it stands and how to put it right
 */
export async function loadConfig({ file, env, cwd = process.cwd(), secrets = 'read' }: LoadOptions): Promise<Config> {
  const source = file === undefined ? NO_SOURCE : await readSource(file, cwd);
  const { file: said, findings } = checkFields(source.value);
  const server = readServerVariables(env);
  const observing = readObservingVariables(env);
  const port = server.port ?? said?.server?.port ?? DEFAULT_PORT;

  const named = namedTargets(source.value);
  const upstream = named.length === 0 ? readUpstreamVariables(env, port) : null;
  const fromEnvironment = upstream === null ? {} : environmentTargets(upstream);
  findings.push(...checkReferences(source.value, { targets: Object.keys(fromEnvironment), port }));

  const keys = named.length === 0 ? Object.entries(fromEnvironment).map(withKey) : named;
  // A gateway that is to start without some of its keys takes each up when its store has it.
  const lenient = said?.keys?.policy === 'warn' || said?.keys?.policy === 'off';
  const read = await readKeys(keys, { env, cwd, read: secrets === 'read' }, lenient);
  // A key that came from the environment alone has been judged there, in the words of the environment.
  if (named.length > 0) findings.push(...read.findings);

  const password = await readCountersPassword(memberOf(source.value, 'counters'), {
    env,
    cwd,
    read: secrets === 'read',
  });
  findings.push(...password.findings);
  server.problems.push(...password.problems);

  const databases = await readDatabasePasswords(source.value, server.database !== null, {
    env,
    cwd,
    read: secrets !== 'skip',
  });
  findings.push(...databases.findings);
  server.problems.push(...databases.problems);

  const captureKey = await readCaptureKey(source.value, { env, cwd, read: secrets === 'read' });
  findings.push(...captureKey.findings);

  const problems = [
    ...findings.map((finding) => source.locate(finding)),
    ...server.problems,
    ...observing.problems,
    ...(upstream?.problems ?? []),
  ];
  if (problems.length > 0 || said === null) throw new ConfigError(problems);

  const targets = named.length === 0 ? fromEnvironment : (said.targets ?? {});
  const section = server.counters ?? said.counters;
  const counters = resolveCounters(section, password.secret);
  // The address alone may come from the environment; what else the file says of the database stands.
  const written = typeof said.database === 'object' ? said.database : {};
  const databaseSection = server.database === null ? said.database : { ...written, url: server.database };
  const database = resolveDatabase(databaseSection, databases.own);
  const jobsSection = said.jobs?.database;
  const jobsDatabase = jobsSection === undefined ? database : resolveDatabase(jobsSection, databases.jobs);
  const warnings = [
    ...countersWarnings(counters, section),
    ...databaseWarnings('database', database, databaseSection),
    ...databaseWarnings('jobs.database', jobsDatabase, jobsSection),
  ];
  if (upstream === null && (env['OPENAI_BASE_URL'] ?? '') !== '') warnings.push(BASE_URL_UNUSED);
  return resolveConfig(said, {
    ...server,
    database,
    counters,
    jobsDatabase,
    observing: observing.said,
    captureKey: captureKey.secret,
    cwd,
    targets,
    secrets: read.secrets,
    warnings,
  });
}

const BASE_URL_UNUSED = 'OPENAI_BASE_URL is set but not used: the configuration file names its own targets';

/** Without a key of its own the gateway lets callers bring theirs to an upstream that was named. */
function environmentTargets(upstream: { hasKey: boolean; baseUrl: string | null }): Record<string, TargetSection> {
  if (!upstream.hasKey && upstream.baseUrl === null) return {};
  return {
    openai: {
      provider: 'openai',
      key: upstream.hasKey ? DEFAULT_KEY : 'caller',
      baseUrl: upstream.baseUrl ?? undefined,
    },
  };
}

const DEFAULT_KEY = 'env:OPENAI_API_KEY';

/** Where a provider's own tools look for its key. */
const DEFAULT_KEYS: Readonly<Record<string, string>> = {
  openai: DEFAULT_KEY,
  anthropic: 'env:ANTHROPIC_API_KEY',
  gemini: 'env:GEMINI_API_KEY',
  ...Object.fromEntries(
    COMPATIBLE_NAMES.map((name) => {
      const { keyVariable } = COMPATIBLE[name];
      return [name, keyVariable === null ? 'none' : `env:${keyVariable}`];
    }),
  ),
};

interface NamedTarget {
  readonly id: string;
  /** The reference as it was written; null where it is missing or not text, which is reported elsewhere. */
  readonly key: string | null;
}

/** The targets of a file and their keys, whatever else may be wrong with them. */
function namedTargets(value: unknown): NamedTarget[] {
  if (typeof value !== 'object' || value === null || !('targets' in value)) return [];
  const { targets } = value;
  return typeof targets === 'object' && targets !== null ? Object.entries(targets).map(withKey) : [];
}

function withKey([id, target]: [string, unknown]): NamedTarget {
  if (typeof target !== 'object' || target === null) return { id, key: null };
  const { provider, key } = target as { provider?: unknown; key?: unknown };
  if (typeof key === 'string') return { id, key };
  const usual = typeof provider === 'string' ? DEFAULT_KEYS[provider] : undefined;
  return { id, key: key === undefined ? (usual ?? null) : null };
}

/** The passwords of the databases, where there are any. One that both get from the same variable is complained of once. */
async function readDatabasePasswords(
  value: unknown,
  inEnvironment: boolean,
  source: SecretSource,
): Promise<{ own: Secret; jobs: Secret; findings: Finding[]; problems: Problem[] }> {
  const said = memberOf(value, 'database');
  const saidOfJobs = memberOf(memberOf(value, 'jobs'), 'database');
  const own = await readDatabasePassword('database', said, said !== undefined || inEnvironment, source);
  const jobs = await readDatabasePassword('jobs.database', saidOfJobs, saidOfJobs !== undefined, source);
  const problems = own.problems.length > 0 ? own.problems : jobs.problems;
  return { own: own.secret, jobs: jobs.secret, findings: [...own.findings, ...jobs.findings], problems };
}

/** What captures are encrypted with, where the file names it. */
async function readCaptureKey(value: unknown, source: SecretSource): Promise<{ secret: Secret; findings: Finding[] }> {
  const capture = typeof value === 'object' && value !== null && 'capture' in value ? value.capture : null;
  const written = typeof capture === 'object' && capture !== null && 'key' in capture ? capture.key : 'none';
  if (typeof written !== 'string' || secretReferenceFault(written) !== null) return { secret: NO_SECRET, findings: [] };
  const found = await readSecret(written, source);
  const fault = isSecret(found) ? (found.kind === 'held' ? found.missing : null) : found;
  const findings: Finding[] = fault === null ? [] : [{ path: ['capture', 'key'], at: 'value', ...fault }];
  return { secret: isSecret(found) ? found : NO_SECRET, findings };
}

async function readKeys(
  targets: readonly NamedTarget[],
  source: SecretSource,
  lenient: boolean,
): Promise<{ secrets: Map<string, Secret>; findings: Finding[] }> {
  const secrets = new Map<string, Secret>();
  const findings: Finding[] = [];
  for (const { id, key } of targets) {
    if (key === null || secretReferenceFault(key) !== null) continue;
    const found = await readSecret(key, source);
    if (isSecret(found)) secrets.set(id, found);
    const fault = isSecret(found) ? (found.kind === 'held' ? found.missing : null) : found;
    if (fault !== null && !lenient) findings.push({ path: ['targets', id, 'key'], at: 'value', ...fault });
  }
  return { secrets, findings };
}
