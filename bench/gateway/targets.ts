import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, listening, start, stop } from '../processes.ts';
import type { Destination } from '../traffic/orders.ts';

/** What stands between callers and the upstream. `direct`: nothing, the zero of every latency. */
export type TargetName = 'direct' | 'floor' | 'holdfast' | 'portkey';

/** A target that takes calls. */
export interface RunningTarget {
  readonly name: TargetName;
  readonly destination: Destination;
  stop(): Promise<void>;
}

interface Launch {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What a caller must send for it to reach the upstream. */
  readonly headers: Readonly<Record<string, string>>;
  readonly cleanUp: () => void;
}

const FLOOR = fileURLToPath(new URL('../targets/floor.ts', import.meta.url));
const HOLDFAST = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const PEERS = fileURLToPath(new URL('../peers', import.meta.url));
const PORTKEY = join(PEERS, 'node_modules', '@portkey-ai/gateway', 'build/start-server.js');
const nothing = (): void => undefined;

const LAUNCHES: Readonly<Record<Exclude<TargetName, 'direct'>, (port: number, upstream: string) => Launch>> = {
  floor: (port, upstream) => ({
    command: [process.execPath, FLOOR],
    env: { PORT: String(port), UPSTREAM: upstream },
    headers: {},
    cleanUp: nothing,
  }),

  holdfast(port, upstream) {
    const data = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
    return {
      command: [process.execPath, HOLDFAST, 'serve'],
      env: {
        HOLDFAST_HOST: '127.0.0.1',
        HOLDFAST_PORT: String(port),
        HOLDFAST_DATA: data,
        OPENAI_API_KEY: 'sk-bench',
        OPENAI_BASE_URL: `${upstream}/v1`,
      },
      headers: {},
      cleanUp: () => rmSync(data, { recursive: true, force: true }),
    };
  },

  portkey: (port, upstream) => ({
    command: [process.execPath, PORTKEY, `--port=${port}`, '--headless'],
    env: {},
    headers: { 'x-portkey-provider': 'openai', 'x-portkey-custom-host': `${upstream}/v1` },
    cleanUp: nothing,
  }),
};

/**
 * Starts a target afresh.
 * @param openFiles files and sockets it may have open.
 * @throws {Error} when it does not come up.
 */
export async function startTarget(name: TargetName, upstreamPort: number, openFiles?: number): Promise<RunningTarget> {
  if (name === 'direct') {
    return { name, destination: { port: upstreamPort, headers: {}, pid: null }, stop: () => Promise.resolve() };
  }
  const port = await freePort();
  const { command, env, headers, cleanUp } = LAUNCHES[name](port, `http://127.0.0.1:${upstreamPort}`);
  process.once('exit', cleanUp);
  const started = start(command, { core: 'measured', env, ...(openFiles === undefined ? {} : { openFiles }) });
  await listening(name, started, port);
  return {
    name,
    destination: { port, headers, pid: started.pid },
    async stop() {
      await stop(started);
      cleanUp();
      process.off('exit', cleanUp);
    },
  };
}
