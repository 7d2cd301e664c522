import { isLoopback } from '../config/addresses.ts';
import { assemble } from '../config/assemble.ts';
import { type Config, type NewTarget, withTarget } from '../config/config.ts';
import { keeperFor } from '../config/keys/for-config.ts';
import { LimitsRefresh, tellingTargets } from '../config/limits/refresh.ts';
import type { KeyEvent } from '../config/keys/report.ts';
import { HeldSecret } from '../config/secrets.ts';
import { callIds } from '../engine/call-id.ts';
import { SystemClock } from '../engine/system-clock.ts';
import type { Tell } from '../engine/admission/quota.ts';
import type { CallRecord } from '../engine/record.ts';
import type { HouseLog } from '../observe/log/house-log.ts';
import { budgetFamilies, jobFamilies, targetFamilies } from '../observe/metrics/gauges.ts';
import { PayloadThread } from '../payload/thread/payload-thread.ts';
import { type Simulator, startSimulator } from '../simulator/index.ts';
import { tellOfBreakers } from './breaker-news.ts';
import { openCounting, shareWord } from './counting.ts';
import { AdminApi } from './admin/api.ts';
import { burnOf } from './admin/see/budgets.ts';
import { Dashboard } from './dashboard/dashboard.ts';
import { Door } from './door.ts';
import { eventOfGuessing, eventOfQuota } from './events.ts';
import { checkKeysAtStart, keysReady, standings, tellKeyEvent } from './keys.ts';
import { openObserving } from './observing.ts';
import { peerAddress } from './peer.ts';
import { recallUse } from './recall.ts';
import { openJobs } from './jobs/open.ts';
import { jobRung } from './jobs/rung.ts';
import { MetricsPage } from './metrics.ts';
import { Gateway, type Readiness } from './server.ts';
import { mayBeOpen, openTenancy } from './tenancy.ts';
import { packageVersion } from './version.ts';

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

  const clock = new SystemClock();
  const { log = null, onRecord } = options;
  const running = (): number => gateway.running;
  const writeReplies = (): void => gateway.writeReplies();
  const settled = (record: CallRecord): CallRecord => jobs.house.settled(record);
  const observing = openObserving(config, { clock, running, writeReplies, log, onRecord, settled });
  const counting = await openCounting(config.counters, clock, (line) => console.error(line));
  if (counting.recall !== null) {
    const { recall } = counting;
    const recalling = recallUse({ database: tenancy.database, directory, recall, at: clock.wall() });
    await recalling.catch((error: unknown) => {
      console.error(
        'holdfast: what was used before this start cannot be read, so limits begin with nothing used:',
        error,
      );
    });
  }
  const say = (words: string): void => console.error(`holdfast: ${words}`);
  const limits = new LimitsRefresh(tellingTargets(config), { clock, say });
  const hear = limits.hear.bind(limits);
  const keys = keeperFor(config, clock, { tell: hearOfKey, remember: true, hear });
  const payload = new PayloadThread();
  const line = assemble(config, {
    clock,
    random: Math.random,
    payload,
    told: limits.told,
    renewKey: (target, sentAt, fault) => keys.renew(target, sentAt, fault),
    jobRung: (policy) => jobRung(policy, () => jobs.house),
    counters: counting.counters,
    tell(event) {
      observing.note(eventOfQuota(event, directory));
      options.onQuotaEvent?.(event);
    },
    emit: (record) => observing.emit(record),
  });
  const stopWord = shareWord(line.targets, counting.hints, clock);
  const stopNews = tellOfBreakers(line.targets, clock, (event) => observing.note(event));
  const addressOf = peerAddress(config.server.trustedProxies);
  const door = new Door({
    directory,
    clock,
    open: mayBeOpen(config),
    forwardsKeys: config.targets.some(({ key }) => key.kind === 'caller'),
    addressOf,
    onGuessing: (address, prefix) => observing.tell(eventOfGuessing(address, prefix, clock.wall())),
  });
  const { capture, live, queries, traceOf } = observing;
  const handle = capture === null ? line.handle : capture.around(line.handle);
  const admin = new AdminApi({
    ...tenancy,
    clock,
    addressOf,
    tell: (event) => observing.tell(event),
    counters: counting.counters,
    queries,
    live,
    capture,
    targets: line.targets,
    room: line.room,
    keyReports: () => keys.reports(),
    routes: config.routes.map(({ id }) => id),
    loopbackOnly: isLoopback(config.server.host),
    nextId: callIds(clock.wall()),
    version: packageVersion(),
  });
  const families = [
    ...observing.families,
    ...targetFamilies(line.targets, () => clock.now()),
    ...budgetFamilies(() => burnOf({ directory, counters: counting.counters, clock })),
    ...jobFamilies(() => jobs.house.tally),
  ];
  observing.send(families);
  const jobs = openJobs(config, {
    clock,
    random: Math.random,
    handle,
    parsedUpTo: line.parsedUpTo,
    traceOf,
    directory,
    nextId: callIds(clock.wall()),
    say,
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
    replied: () => observing.finish(),
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
    limits.stop();
    stopWord();
    stopNews();
    await jobs.stop(config.server.limits.drainMs);
    await line.close();
    observing.finish();
    await counting.counters.close();
    await payload.close();
    await observing.close();
    await tenancy.close();
    await simulator?.close();
  };

  let port: number;
  try {
    await checkKeysAtStart(keys, config);
    port = await gateway.listen();
    jobs.start();
    limits.start();
  } catch (error) {
    await closeRest();
    throw explainBinding(error, config);
  }
  const { host } = config.server;
  return {
    baseUrl: `http://${host.includes(':') ? `[${host}]` : host}:${port}/v1`,
    config,
    simulator,
    running,
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
    line.targets.find(({ id }) => id === event.target)?.standing.clearForAll(clock.now());
  }

  function readiness(): Readiness {
    const targets = Object.fromEntries(line.targets.map((target) => [target.id, target.breaker.state.name]));
    return { ready: keysReady(keys, config), facts: { targets, keys: standings(keys), counters: counting.standing() } };
  }
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
