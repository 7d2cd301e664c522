import { readFileSync } from 'node:fs';
import { isLoopback } from '../config/addresses.ts';
import { assemble } from '../config/assemble.ts';
import { type Config, type NewTarget, withTarget } from '../config/config.ts';
import { keeperFor } from '../config/keys/for-config.ts';
import type { KeyEvent } from '../config/keys/report.ts';
import { HeldSecret } from '../config/secrets.ts';
import { callIds } from '../engine/call-id.ts';
import { SystemClock } from '../engine/system-clock.ts';
import type { Tell } from '../engine/admission/quota.ts';
import type { CallRecord } from '../engine/record.ts';
import { Capture } from '../observe/capture/capture.ts';
import { EventWriter } from '../observe/event-writer.ts';
import type { HouseEvent } from '../observe/events.ts';
import type { HouseLog } from '../observe/log/house-log.ts';
import type { Family } from '../observe/metrics/families.ts';
import { CallMetrics } from '../observe/metrics/call-metrics.ts';
import { budgetFamilies, processFamilies, targetFamilies } from '../observe/metrics/gauges.ts';
import { QueryThread } from '../observe/queries/query-thread.ts';
import { RecordStore } from '../observe/store.ts';
import { houseRedactor } from '../observe/redact/house-redactor.ts';
import { heardTrace, tracing } from '../observe/trace/beginnings.ts';
import { Telemetry } from '../observe/trace/telemetry.ts';
import { PayloadThread } from '../payload/thread/payload-thread.ts';
import { type Simulator, startSimulator } from '../simulator/index.ts';
import type { Database } from '../storage/database.ts';
import { openCounting, shareWord } from './counting.ts';
import { AfterReplies } from './after-replies.ts';
import { AdminApi } from './admin/api.ts';
import { burnOf } from './admin/see/budgets.ts';
import { showCall } from './admin/see/calls.ts';
import { showFrame } from './admin/see/live.ts';
import { Dashboard } from './dashboard/dashboard.ts';
import { Door } from './door.ts';
import { eventOfGuessing, eventOfQuota } from './events.ts';
import { checkKeysAtStart, keysReady, standings, tellKeyEvent } from './keys.ts';
import { peerAddress } from './peer.ts';
import { LiveBoard } from './live/board.ts';
import { recallUse } from './recall.ts';
import { openJobs } from './jobs/open.ts';
import { jobRung } from './jobs/rung.ts';
import { MetricsPage } from './metrics.ts';
import { Gateway, type Readiness } from './server.ts';
import { mayBeOpen, openTenancy } from './tenancy.ts';

/** A gateway that is up. */
export interface RunningGateway {
  /** The base URL for an SDK: `http://127.0.0.1:4141/v1`. */
  readonly baseUrl: string;
  readonly config: Config;
  /** The simulator that stands in for a provider; null when there is a real one. */
  readonly simulator: Simulator | null;
  readonly running: () => number;
  /** Everybody is let in without a key: there is no tenant yet. */
  readonly open: () => boolean;
  /** The admin token of a new data directory, to be shown this once; null later on. */
  readonly firstAdminToken: string | null;
  /** Stops gracefully. @returns how many calls had to be cut off. */
  stop(): Promise<number>;
}

export interface StartOptions {
  /** Told of each call and event. @default nobody is told of calls, and of events on stderr */
  readonly log?: Pick<HouseLog, 'call' | 'event'>;
  /** Told of each record besides the store; for tests and embedders. */
  readonly onRecord?: (record: CallRecord) => void;
  /** Told of what happens to keys. @default a line on stderr */
  readonly onKeyEvent?: (event: KeyEvent) => void;
  /** Told of budgets and daily limits that run out. */
  readonly onQuotaEvent?: Tell;
}

/**
 * Starts everything that `holdfast serve` runs: the line, its records, the server, and the simulator where there is no
 * provider.
 *
 * @throws {Error} the port is in use, the host cannot be bound, or an open gateway would be reachable from elsewhere.
 */
export async function startGateway(wanted: Config, options: StartOptions = {}): Promise<RunningGateway> {
  const tenancy = await openTenancy(wanted);
  const { directory } = tenancy;
  const simulator = wanted.needsSimulator ? await startSimulator(STAND_IN) : null;
  const config = simulator === null ? wanted : withTarget(wanted, simulatedTarget(simulator));

  const { ageMs, sizeBytes } = config.records.retention;
  const store = new RecordStore({
    directory: config.data,
    retention: { maxAgeMs: ageMs, maxBytes: sizeBytes },
    personal: config.redaction.personal,
  });
  // Events stand with the tenants they are about.
  const events = config.database.kind === 'sqlite' ? null : openEvents(tenancy.database, ageMs);
  const keepEvent = (event: HouseEvent): void => (events === null ? store.appendEvent(event) : events.append(event));
  const clock = new SystemClock();
  const counting = await openCounting(config.counters, clock, (line) => console.error(line));
  if (counting.recall !== null) {
    const { recall } = counting;
    const recalling = tenancy.fromRecords((database) => recallUse({ database, directory, recall, at: clock.wall() }));
    await recalling.catch((error: unknown) => {
      console.error(
        'holdfast: what was used before this start cannot be read, so limits begin with nothing used:',
        error,
      );
    });
  }
  const keys = keeperFor(config, clock, { tell: hearOfKey, remember: true });
  const { onRecord, log = null } = options;
  const payload = new PayloadThread();
  const redactor = houseRedactor(config.data, config.redaction.personal);
  const metrics = new CallMetrics((text) => redactor.text(text));
  const queries = new QueryThread(config.data);
  const live = new LiveBoard({
    now: () => clock.wall(),
    inFlight: () => gateway.running,
    write: { frame: showFrame, call: showCall },
  });
  const records = new AfterReplies<CallRecord>((record) => {
    metrics.add(record);
    store.append(record);
    live.hear(record);
    log?.call(record);
    telemetry?.call(record);
    onRecord?.(record);
  });
  const line = assemble(config, {
    clock,
    random: Math.random,
    payload,
    renewKey: (target, sentAt, fault) => keys.renew(target, sentAt, fault),
    jobRung: (policy) => jobRung(policy, () => jobs.house),
    counters: counting.counters,
    tell(event) {
      const shown = eventOfQuota(event, directory);
      keepEvent(shown);
      log?.event(shown);
      options.onQuotaEvent?.(event);
    },
    emit: (record) => records.add(record),
  });
  const stopWord = shareWord(line.targets, counting.hints, clock);
  const addressOf = peerAddress(config.server.trustedProxies);
  const door = new Door({
    directory,
    clock,
    open: mayBeOpen(config),
    forwardsKeys: config.targets.some(({ key }) => key.kind === 'caller'),
    addressOf,
    onGuessing: (address, prefix) => tell(eventOfGuessing(address, prefix, clock.wall())),
  });
  const capture = openCapture(config);
  const handle = capture === null ? line.handle : capture.around(line.handle);
  const admin = new AdminApi({
    ...tenancy,
    clock,
    addressOf,
    tell,
    counters: counting.counters,
    queries,
    live,
    capture,
    targets: line.targets,
    keyReports: () => keys.reports(),
    routes: config.routes.map(({ id }) => id),
    loopbackOnly: isLoopback(config.server.host),
    nextId: callIds(clock.wall()),
    version: packageVersion(),
  });
  const families = [
    ...metrics.families(),
    ...targetFamilies(line.targets, () => clock.now()),
    ...budgetFamilies(() => burnOf({ directory, counters: counting.counters, clock })),
    ...processFamilies({
      running: () => gateway.running,
      recordsPending: () => store.pending,
      recordsDropped: () => store.dropped,
    }),
  ];
  const telemetry = openTelemetry(config, families);
  const traceOf = config.telemetry === null ? heardTrace : tracing(config.telemetry.traceShare, Math.random);
  const jobs = openJobs(config, {
    clock,
    random: Math.random,
    handle,
    parsedUpTo: line.parsedUpTo,
    traceOf,
    directory,
    nextId: callIds(clock.wall()),
    say: (words) => console.error(`holdfast: ${words}`),
  });
  const gateway = new Gateway(config.server, {
    clock,
    handle,
    counters: counting.counters,
    parsedUpTo: line.parsedUpTo,
    door,
    admin,
    dashboard: new Dashboard(),
    traceOf,
    metrics: new MetricsPage({
      families,
      // While everybody is let in anyway there is nobody to hide from.
      admit: (request, response) =>
        mayBeOpen(config) && directory.empty ? Promise.resolve(true) : admin.admits(request, response),
    }),
    readiness,
    payload,
    jobs,
  });
  const closeRest = async (): Promise<void> => {
    keys.stop();
    stopWord();
    await jobs.stop(config.server.limits.drainMs);
    await line.close();
    records.finish();
    await counting.counters.close();
    await telemetry?.close();
    await capture?.close();
    await payload.close();
    await queries.close();
    await store.close();
    await events?.close();
    await tenancy.close();
    await simulator?.close();
  };

  let port: number;
  try {
    await checkKeysAtStart(keys, config);
    port = await gateway.listen();
    jobs.start();
  } catch (error) {
    await closeRest();
    throw explainBinding(error, config);
  }
  const { host } = config.server;
  return {
    baseUrl: `http://${host.includes(':') ? `[${host}]` : host}:${port}/v1`,
    config,
    simulator,
    running: () => gateway.running,
    open: () => directory.empty,
    firstAdminToken: tenancy.firstToken,
    async stop() {
      const cut = await gateway.drain();
      await closeRest();
      return cut;
    },
  };

  function hearOfKey(event: KeyEvent): void {
    (options.onKeyEvent ?? tellKeyEvent)(event);
    // A key that was dead is tried again at once when it is another, or welcome again.
    if (event.kind !== 'rotated' && event.kind !== 'key-accepted') return;
    line.targets.find(({ id }) => id === event.target)?.standing.clear();
  }

  /** What a person should see soon is said at once, besides being stored. */
  function tell(event: HouseEvent): void {
    if (log === null) console.error(`holdfast: ${event.message}`);
    else log.event(event);
    keepEvent(event);
  }

  function readiness(): Readiness {
    const targets = Object.fromEntries(line.targets.map((target) => [target.id, target.breaker.state.name]));
    return { ready: keysReady(keys, config), facts: { targets, keys: standings(keys), counters: counting.standing() } };
  }
}

/** Keeps requests and answers, where somebody asked for that. */
function openCapture({ capture, data, redaction }: Config): Capture | null {
  if (capture === null) return null;
  const { key, ...rest } = capture;
  const secret = key.kind === 'held' ? key.reveal() : null;
  return new Capture({ ...rest, secret, directory: data, personal: redaction.personal });
}

function openEvents(database: Database, keepMs: number): EventWriter {
  return new EventWriter({ database, keepMs, onTrouble: (message) => console.error(`holdfast: ${message}`) });
}

/** Sends what the calls leave to a collector, where one is configured. */
function openTelemetry({ telemetry, targets, data, redaction }: Config, families: readonly Family[]): Telemetry | null {
  if (telemetry === null) return null;
  const { endpoint, service, metricsEveryMs } = telemetry;
  return new Telemetry({
    endpoint,
    service,
    version: packageVersion(),
    directory: data,
    personal: redaction.personal,
    providers: Object.fromEntries(targets.map(({ id, provider }) => [id, provider])),
    metricsEveryMs,
    families: () => families,
  });
}

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    readonly version: string;
  };
  return version;
}

/** Short answers at a lively pace: enough to see streaming, over before anybody wonders. */
const STAND_IN = { speed: 0.25, answerTokens: 40 } as const;

function simulatedTarget({ url }: Simulator): NewTarget {
  const key = new HeldSecret('the simulator takes any key', { value: 'sk-simulated', since: null });
  return { id: 'simulator', provider: 'openai', baseUrl: `${url}/v1`, key };
}

function explainBinding(error: unknown, { server }: Config): Error {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === 'EADDRINUSE') {
    return new Error(
      `port ${server.port} on ${server.host} is in use. Stop what listens there, or choose another: HOLDFAST_PORT=4242.`,
    );
  }
  if (code === 'EADDRNOTAVAIL')
    return new Error(`this machine has no address ${server.host} (server.host, HOLDFAST_HOST).`);
  if (code === 'EACCES') return new Error(`port ${server.port} may only be bound by root; choose one above 1023.`);
  return error instanceof Error ? error : new Error(String(error));
}
