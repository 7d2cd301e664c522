import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort, listening, start, type Started, stop } from '../processes.ts';
import type { Destination } from '../traffic/orders.ts';

const HOLDFAST = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** The disk that is filled; the gateway starts on it while there is room. */
const SMALL_DISK_BYTES = 8 * 1024 * 1024;

const FILLING = Buffer.alloc(64 * 1024);

/** Runs what follows the directory with a small disk mounted there, and a log that has no room at all. */
const ON_A_SMALL_DISK = `directory=$1; shift
  mount -t tmpfs -o size=${SMALL_DISK_BYTES} holdfast-bench "$directory" && exec "$@" >/dev/full`;

/** Runs what follows the directory with a log that goes to a pipe which nobody reads. */
const WITH_A_STUCK_LOG = 'mkfifo "$1/log"; log="$1/log"; shift; exec "$@" 1<>"$log"';

const NEEDS_NAMESPACES =
  'a full disk needs Linux namespaces (unshare --mount --map-root-user), which this machine refuses';

export interface GatewayOptions {
  readonly upstreamPort: number;
  /** Where telemetry is sent; null: nowhere. */
  readonly collector: string | null;
  /** Share of the traces that is sent. */
  readonly traceShare: number;
  /** Calls come with a key of a tenant, whose last use is written down besides. @default everybody is let in */
  readonly keyed?: boolean;
  /** What records and log are written to. @default a disk that takes them */
  readonly disk?: 'sound' | 'stuck' | 'full';
}

/** A gateway in a process of its own. */
export interface ObservedGateway {
  readonly destination: Destination;
  readonly url: string;
  /** Where it keeps its records. */
  readonly data: string;
  /** The token that it showed when it started. */
  readonly adminToken: string;
  /** The last it said on stderr. */
  readonly complaints: () => string;
  /** Records that it has not stored: they wait, or were given up. */
  unstored(): Promise<number>;
  stop(): Promise<void>;
}

/** @throws {Error} when it does not come up, or this machine cannot give it the disk. */
export async function startGateway(options: GatewayOptions): Promise<ObservedGateway> {
  const { upstreamPort, collector, traceShare, keyed = false, disk = 'sound' } = options;
  const home = mkdtempSync(join(tmpdir(), 'holdfast-bench-see-'));
  const data = mkdtempSync(join(home, 'data-'));
  const cleanUp = (): void => rmSync(home, { recursive: true, force: true });
  process.once('exit', cleanUp);
  const file = join(home, 'holdfast.yaml');
  // JSON is YAML too.
  const telemetry = collector === null ? {} : { telemetry: { endpoint: collector, traces: { share: traceShare } } };
  writeFileSync(file, JSON.stringify(telemetry));
  const port = await freePort();
  const env = {
    HOLDFAST_HOST: '127.0.0.1',
    HOLDFAST_PORT: String(port),
    HOLDFAST_DATA: data,
    OPENAI_API_KEY: 'sk-bench',
    OPENAI_BASE_URL: `http://127.0.0.1:${upstreamPort}/v1`,
  };
  const command = [
    ...around(disk, disk === 'stuck' ? home : data),
    process.execPath,
    HOLDFAST,
    'serve',
    '--config',
    file,
  ];
  const started = start(command, { core: 'measured', env });
  await listening(disk === 'full' ? `the gateway on a full disk (${NEEDS_NAMESPACES})` : 'the gateway', started, port);
  const url = `http://127.0.0.1:${port}`;
  const adminToken = await tokenSaidBy(started);
  const headers: Record<string, string> = {};
  if (keyed) headers['authorization'] = `Bearer ${await keyAt(url, adminToken)}`;
  // The disk is mounted for that process alone.
  if (disk === 'full') fill(`/proc/${started.pid}/root${data}`);
  return {
    destination: { port, headers, pid: started.pid },
    url,
    data,
    adminToken,
    complaints: started.complaints,
    unstored: () => unstored(url, adminToken),
    async stop() {
      await stop(started);
      cleanUp();
      process.off('exit', cleanUp);
    },
  };
}

function around(disk: 'sound' | 'stuck' | 'full', directory: string): readonly string[] {
  switch (disk) {
    case 'sound':
      return [];
    case 'stuck':
      return ['sh', '-c', WITH_A_STUCK_LOG, 'sh', directory];
    case 'full':
      // A mount of its own goes with the process.
      return ['unshare', '--mount', '--map-root-user', 'sh', '-c', ON_A_SMALL_DISK, 'sh', directory];
  }
}

/** Leaves no room on a small disk. */
function fill(directory: string): void {
  const file = openSync(join(directory, 'filling'), 'w');
  try {
    for (let left = 2 * SMALL_DISK_BYTES; left > 0; left -= writeSync(file, FILLING));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return;
    throw error;
  } finally {
    closeSync(file);
  }
  throw new Error(`${directory} took twice what a small disk holds`);
}

/** It is said a moment after the port is open. */
async function tokenSaidBy({ complaints, child }: Started): Promise<string> {
  while (child.exitCode === null) {
    const [token] = /hf_admin_\w+/.exec(complaints()) ?? [];
    if (token !== undefined) return token;
    await sleep(20);
  }
  throw new Error(`the gateway ended. It said: ${complaints()}`);
}

/** A key of a new tenant. */
async function keyAt(url: string, adminToken: string): Promise<string> {
  const make = async (what: string, body: object): Promise<{ readonly secret?: string }> => {
    const headers = { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' };
    const response = await fetch(`${url}/admin/api/${what}`, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${what} at ${url} was answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as { readonly secret?: string };
  };
  await make('tenants', { id: 'bench' });
  const { secret = '' } = await make('keys', { tenant: 'bench' });
  return secret;
}

/** From its metrics. */
async function unstored(url: string, adminToken: string): Promise<number> {
  const page = await (await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${adminToken}` } })).text();
  const counts = [...page.matchAll(/^holdfast_records_(?:pending|dropped_total) (\d+)$/gm)].map(([, count]) =>
    Number(count),
  );
  if (counts.length !== 2)
    throw new Error(`the metrics at ${url} do not say what was not stored:\n${page.slice(0, 500)}`);
  return counts.reduce((sum, count) => sum + count, 0);
}
