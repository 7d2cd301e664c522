import { DatabaseSync } from 'node:sqlite';
import { connect } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OpenAI } from 'openai';
import { expect } from 'vitest';
import type { FaultKind } from '../src/engine/fault/fault.ts';
import type {
  AdaptivePolicy,
  BreakerPolicy,
  BudgetPolicy,
  RetryPolicy,
  Timeouts,
  ValidationMode,
} from '../src/engine/policy.ts';
import type { CallRecord } from '../src/engine/record.ts';
import { loadConfig, startGateway, type StartOptions } from '../src/gateway/index.ts';
import { holdfast } from '../src/inprocess/holdfast.ts';
import type { Simulator } from '../src/simulator/index.ts';
import { databasePath } from '../src/storage/data-directory.ts';

/** The two ways into the line. What holds at one has to hold at the other. */
export const DOORS = ['gateway', 'in process'] as const;
export type DoorName = (typeof DOORS)[number];

/** One rung of a ladder that both doors can have: a simulator, and the model to ask it for. */
interface Rung {
  readonly at: Pick<Simulator, 'url'>;
  readonly model?: string;
}

export interface DoorOptions {
  /** Tried in order. Their ids are `primary`, `second`, `third`. */
  readonly ladder: readonly [Rung, ...Rung[]];
  /** For streams and whole answers alike, ms. */
  readonly timeouts?: Partial<Timeouts>;
  readonly retry?: Partial<RetryPolicy>;
  readonly budget?: Partial<BudgetPolicy>;
  readonly breaker?: Partial<BreakerPolicy>;
  /** @default everything off, so that one case does not teach the next about their common target */
  readonly adaptive?: AdaptivePolicy;
  readonly fallbackOn?: readonly FaultKind[];
  readonly validate?: ValidationMode;
}

/** An open door, and a close watch on what goes through it. */
export interface Door {
  /** What an SDK is to be pointed at. */
  readonly baseURL: string;
  /** What an SDK is to be given as `fetch`. */
  readonly fetch: typeof globalThis.fetch;
  /** The official SDK as an application would make it: its own retries and all. */
  readonly client: OpenAI;
  readonly records: readonly CallRecord[];
  /** Calls that were made, and so records that are due. */
  readonly calls: number;
  /** Makes one call and gives what came of it, with its one record. */
  watch<T>(call: () => Promise<T>): Promise<Watched<T>>;
  /** Resolves once every call that was made has left its record: an SDK may have heard enough a moment before. */
  settled(): Promise<void>;
  /** Says that so many calls were made without `fetch`, each of which owes a record too. */
  owe(calls: number): void;
  /** Checks that every call has left exactly one record, in memory and on disk, and closes. */
  close(): Promise<void>;
}

type Watched<T> = { readonly record: CallRecord } & (
  | { readonly value: T; readonly error: null }
  | { readonly value: null; readonly error: unknown }
);

/** What a key looks like to a caller; the simulators take any. */
export const CALLERS_KEY = 'sk-caller-0123456789';

const IDS = ['primary', 'second', 'third'] as const;

export function openDoor(name: DoorName, options: DoorOptions): Promise<Door> {
  return name === 'gateway' ? openGateway(configFor(options)) : Promise.resolve(openInProcess(options));
}

/** A gateway with a configuration file of its own, listening on a free port, keeping its records in a fresh directory. */
export async function openGateway(
  config: object,
  options: StartOptions = {},
): Promise<Door & { readonly port: number; readonly data: string }> {
  const home = await mkdtemp(join(tmpdir(), 'holdfast-test-'));
  const file = join(home, 'holdfast.yaml');
  // JSON is YAML too, and needs no writer of its own. What tests count at a provider are their own requests, so nobody asks
  // it about keys unless a test says so.
  await writeFile(file, JSON.stringify({ keys: { policy: 'off' }, ...config }));
  const data = join(home, 'data');
  const env = { TARGET_KEY: 'sk-target-0123456789', HOLDFAST_PORT: '0', HOLDFAST_DATA: data };
  const records: CallRecord[] = [];
  const gateway = await startGateway(await loadConfig({ file, env, cwd: home }), {
    ...options,
    onRecord: (record) => records.push(record),
  });
  const door = watched(gateway.baseUrl, globalThis.fetch, records, () => true);
  return {
    ...door,
    // A spread would freeze what a getter says.
    get calls() {
      return door.calls;
    },
    port: Number(new URL(gateway.baseUrl).port),
    data,
    async close() {
      await door.close();
      await gateway.stop();
      expect(storedCalls(data), 'every record is on disk').toBe(records.length);
      await rm(home, { recursive: true });
    },
  };
}

/** Records in a data directory, counted with nothing of Holdfast's own in between. */
export function storedCalls(data: string): number {
  const database = new DatabaseSync(databasePath(data), { readOnly: true });
  try {
    return Number(database.prepare('select count(*) as calls from calls').get()?.['calls']);
  } finally {
    database.close();
  }
}

function openInProcess({ ladder: [first, ...others], fallbackOn, ...policies }: DoorOptions): Door {
  const records: CallRecord[] = [];
  const hold = holdfast({
    adaptive: UNLEARNT,
    pacing: UNPACED,
    ...policies,
    ...(fallbackOn === undefined ? {} : { fallbackOn }),
    fallbacks: others.map(({ at, model }, index) => ({
      id: IDS[index + 1] ?? 'another',
      baseUrl: `${at.url}/v1`,
      apiKey: 'sk-fallback-0123456789',
      ...(model === undefined ? {} : { model }),
    })),
    onRecord: (record) => records.push(record),
  });
  if (first.model !== undefined) throw new Error('In process the first model is the one that the caller asks for.');
  const door = watched(`${first.at.url}/v1`, hold.fetch, records, isForTheLine);
  return {
    ...door,
    get calls() {
      return door.calls;
    },
    async close() {
      await door.close();
      await hold.close();
    },
  };
}

/** The in-process door takes these; everything else goes past it to the plain fetch. */
function isForTheLine(method: string, path: string): boolean {
  if (method === 'GET') return path.endsWith('/models');
  return method === 'POST' && /\/(?:chat\/completions|responses|embeddings)$/.test(path);
}

/** Counts the calls that go in and the records that come out. */
function watched(
  baseURL: string,
  through: typeof globalThis.fetch,
  records: CallRecord[],
  isMeant: (method: string, path: string) => boolean,
): Door {
  let calls = 0;
  const counting = (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const { method, url } = input instanceof Request ? input : { method: 'GET', url: input };
    if (isMeant(init?.method ?? method, new URL(url).pathname)) calls += 1;
    return through(input, init);
  };
  const fetch = Object.assign(counting, { Response });
  const settled = (): Promise<void> =>
    until(
      () => records.length >= calls,
      () => `${records.length}/${calls} records`,
    );
  return {
    baseURL,
    fetch,
    client: new OpenAI({ baseURL, apiKey: CALLERS_KEY, fetch }),
    records,
    get calls() {
      return calls;
    },
    async watch(call) {
      const before = records.length;
      const outcome = await call().then(
        (value) => ({ value, error: null }),
        (error: unknown) => ({ value: null, error }),
      );
      await settled();
      const [record, ...more] = records.slice(before);
      if (record === undefined || more.length > 0) throw new Error(`one call left ${more.length + 1} records`);
      return { ...outcome, record };
    },
    settled,
    owe(more) {
      calls += more;
    },
    async close() {
      await settled();
      expect(records.length, 'one record for each call').toBe(calls);
      expect(new Set(records.map(({ id }) => id)).size, 'ids are unique').toBe(calls);
    },
  };
}

const UNLEARNT: AdaptivePolicy = { suspicion: false, throttle: false, concurrency: false, keys: false };

/** The rate limits that a fault tells of are made up. */
const UNPACED = { enabled: false };

function configFor(options: DoorOptions): object {
  const { ladder, timeouts, retry, budget, breaker, adaptive = UNLEARNT, fallbackOn, validate } = options;
  const rungs = ladder.map(({ at, model }, index) => ({ id: IDS[index] ?? 'another', at, model }));
  return {
    targets: Object.fromEntries(
      rungs.map(({ id, at }) => [
        id,
        {
          provider: id === 'primary' ? 'openai' : 'openai-compatible',
          baseUrl: `${at.url}/v1`,
          key: 'env:TARGET_KEY',
          ...(budget === undefined ? {} : { budget }),
          ...(breaker === undefined ? {} : { breaker: inFileWords(breaker) }),
          adaptive,
          pacing: UNPACED,
        },
      ]),
    ),
    routes: [
      {
        models: ['*'],
        ladder: rungs.map(({ id, model }) => (model === undefined ? id : { target: id, model })),
        ...(timeouts === undefined ? {} : { timeouts: inFileWords(timeouts), wholeTimeouts: inFileWords(timeouts) }),
        ...(retry === undefined ? {} : { retry: inFileWords(retry) }),
        ...(fallbackOn === undefined ? {} : { fallbackOn }),
        ...(validate === undefined ? {} : { validate }),
      },
    ],
  };
}

/** In the file the unit stands with the number: `idleMs: 300` is `idle: 300` there. */
function inFileWords(policy: object): object {
  return Object.fromEntries(Object.entries(policy).map(([name, value]) => [name.replace(/Ms$/, ''), value]));
}

/**
 * Waits until something has become true, looking once a turn of the event loop and then every millisecond.
 *
 * @throws {Error} after `withinMs`, with what `state` says then.
 */
export async function until(
  condition: () => boolean,
  state: () => string = () => condition.toString(),
  withinMs = 15_000,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not so within ${withinMs} ms: ${state()}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Waits until a port of this machine takes connections. */
export async function listening(port: number): Promise<void> {
  let up = false;
  const knock = (): void => {
    const socket = connect(port, '127.0.0.1', () => {
      up = true;
      socket.destroy();
    });
    socket.once('error', () => setTimeout(knock, 5));
  };
  knock();
  await until(
    () => up,
    () => `nobody listens on port ${port}`,
  );
}
