import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../config/load.ts';
import { startGateway } from '../../gateway/index.ts';
import { holdfast } from '../../inprocess/holdfast.ts';
import { startSimulator } from '../../simulator/index.ts';
import type { Simulator, Weather } from '../../simulator/index.ts';
import type { Connection } from './application.ts';
import type { Sdk } from './sdk.ts';

/** By which door the calls of the second side enter. */
export type DemoDoor = 'in-process' | 'gateway';

/** Factor on the real thing's latencies: short enough for a demo, long enough for calls to overlap. */
const SPEED = 0.1;

/** One side of the comparison, with providers of its own. */
export interface Side extends Connection {
  readonly name: 'direct' | 'holdfast';
  /** Begins the weather over the first provider. */
  turn(weather: Weather): void;
  close(): Promise<void>;
}

/**
 * Both sides, each with simulators of its own.
 *
 * @throws {Error} when a port or the gateway's directory cannot be had
 */
export async function openSides(
  sdk: Sdk,
  seed: number,
  door: DemoDoor,
): Promise<readonly [direct: Side, holdfast: Side]> {
  const direct = await directSide(sdk, seed);
  try {
    return [direct, await holdfastSide(sdk, seed, door)];
  } catch (error) {
    await direct.close();
    throw error;
  }
}

/** The SDK alone: it knows one provider. Its options are the defaults, retries included. */
async function directSide(sdk: Sdk, seed: number): Promise<Side> {
  const one = await provider('one', seed);
  return {
    name: 'direct',
    connect: connectTo(sdk, `${one.url}/v1`),
    fetch: globalThis.fetch,
    turn: (weather) => one.setWeather(weather),
    close: () => one.close(),
  };
}

/** The SDK with the same options through Holdfast, which knows a second provider. Its options are the defaults too. */
async function holdfastSide(sdk: Sdk, seed: number, door: DemoDoor): Promise<Side> {
  const [one, two] = await Promise.all([provider('one', seed), provider('two', seed)]);
  const closeProviders = (): Promise<unknown> => Promise.all([one.close(), two.close()]);
  const open = door === 'gateway' ? throughGateway : inProcess;
  try {
    const opened = await open(sdk, one, two);
    return {
      ...opened,
      name: 'holdfast',
      turn: (weather) => one.setWeather(weather),
      async close() {
        await opened.close();
        await closeProviders();
      },
    };
  } catch (error) {
    await closeProviders();
    throw error;
  }
}

type Opened = Connection & Pick<Side, 'close'>;

function inProcess(sdk: Sdk, one: Simulator, two: Simulator): Promise<Opened> {
  const door = holdfast({ fallbacks: [{ id: 'two', baseUrl: `${two.url}/v1`, apiKey: 'sk-demo-two' }] });
  return Promise.resolve({
    connect: connectTo(sdk, `${one.url}/v1`),
    fetch: door.fetch,
    close: () => door.close(),
  });
}

async function throughGateway(sdk: Sdk, one: Simulator, two: Simulator): Promise<Opened> {
  const data = await mkdtemp(join(tmpdir(), 'holdfast-demo-'));
  const file = join(data, 'holdfast.yaml');
  const target = ({ url }: Simulator) => ({ provider: 'openai-compatible', baseUrl: `${url}/v1`, key: 'env:DEMO_KEY' });
  // JSON is YAML too.
  const written = {
    // The providers' own count of requests is part of what is shown.
    keys: { policy: 'off' },
    targets: { one: target(one), two: target(two) },
    routes: [{ models: ['*'], ladder: ['one', 'two'] }],
  };
  await writeFile(file, JSON.stringify(written));
  const config = await loadConfig({ file, env: { HOLDFAST_PORT: '0', HOLDFAST_DATA: data, DEMO_KEY: 'sk-demo' } });
  const gateway = await startGateway(config);
  return {
    connect: connectTo(sdk, gateway.baseUrl),
    fetch: globalThis.fetch,
    async close() {
      await gateway.stop();
      await rm(data, { recursive: true, force: true });
    },
  };
}

function provider(name: string, seed: number): Promise<Simulator> {
  return startSimulator({ name, seed, speed: SPEED, rememberedRequests: 0 });
}

function connectTo({ OpenAI }: Sdk, baseURL: string): Connection['connect'] {
  return (through) => new OpenAI({ baseURL, apiKey: 'sk-demo', fetch: through });
}
