import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Series } from '../../../src/simulator/virtual/tally.ts';
import type { Scene } from '../../../src/simulator/virtual/world.ts';
import { ask, freePort, listening, start, type Started, stop } from '../../processes.ts';
import type { Told } from '../measures.ts';
import { holdfast } from '../policies/holdfast.ts';
import type { Policy } from '../policies/policy.ts';
import type { CallersFacts, CallersOrder, CallersReport, Ending, PortsReport, ProvidersReport } from './orders.ts';
import { ANSWER_MS, ATTEMPT_MS, type HttpScene } from './scenes.ts';

const PROVIDERS = fileURLToPath(new URL('./providers.ts', import.meta.url));
const CALLERS = fileURLToPath(new URL('./callers.ts', import.meta.url));
const HOLDFAST = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));

/** Time for everybody to hear of the beginning, ms. */
const NOTICE_MS = 500;

/** Calls may be under way for a while after the last has arrived: three attempts of a second with waits between, ms. */
const AFTERWARDS_MS = 6000;

/** One client in one scene. */
export interface Act {
  readonly scene: HttpScene;
  readonly policy: Policy;
}

/** What acts that went on at the same time came to. */
export interface Performance {
  readonly told: readonly Told[];
  /** The longest time for which one of the processes had no turn, ms. */
  readonly heldUpMs: number;
}

/** Providers and callers, each a process of its own; a gateway comes with each act of Holdfast. */
export class Stage {
  readonly #providers: Started;
  readonly #callers: Started;

  constructor() {
    this.#providers = start([process.execPath, PROVIDERS], { core: 'traffic', channel: true });
    this.#callers = start([process.execPath, CALLERS], { core: 'traffic', channel: true });
  }

  /** Plays acts at the same time, each with providers of its own. */
  async play(acts: readonly Act[], seed: number): Promise<Performance> {
    const providers = acts.flatMap(({ scene: { scene } }) =>
      scene.providers.map(({ workers, weather }) => ({ workers, weather, answerMs: ANSWER_MS })),
    );
    const { ports } = await ask<PortsReport>(this.#providers, { kind: 'open', providers });
    const castings = cast(acts, ports);
    const gateways = await Promise.all(
      castings.map(({ act, ports: own }) =>
        act.policy.id === holdfast.id ? Gateway.start(own) : Promise.resolve(null),
      ),
    );
    try {
      const longest = Math.max(...acts.map(({ scene: { scene } }) => scene.forMs));
      const span = { beginsAt: Date.now() + NOTICE_MS, forMs: longest + AFTERWARDS_MS };
      const callers = castings.map(({ act, ports: own }, at) => factsOf(act, gateways[at]?.port ?? own[0] ?? 0));
      const [seen, made] = await Promise.all([
        ask<ProvidersReport>(this.#providers, { kind: 'watch', span }),
        ask<CallersReport>(this.#callers, { seed, span, callers } satisfies CallersOrder),
      ]);
      const told = castings.map(({ act, first }, at) => ({
        series: seriesOf(act.scene.scene, made.endings[at] ?? [], seen.requests.slice(first)),
      }));
      return { told, heldUpMs: Math.max(seen.heldUpMs, made.heldUpMs) };
    } finally {
      for (const gateway of gateways) await gateway?.stop();
    }
  }

  async stop(): Promise<void> {
    await stop(this.#callers);
    await stop(this.#providers);
  }
}

/** An act with the ports of its providers, and the place of the first among all. */
interface Casting {
  readonly act: Act;
  readonly ports: readonly number[];
  readonly first: number;
}

function cast(acts: readonly Act[], ports: readonly number[]): Casting[] {
  let first = 0;
  return acts.map((act) => {
    const count = act.scene.scene.providers.length;
    const casting = { act, ports: ports.slice(first, first + count), first };
    first += count;
    return casting;
  });
}

function factsOf({ scene: { scene }, policy }: Act, port: number): CallersFacts {
  const { callsPerSecond, forMs, deadlineMs } = scene;
  return { client: policy.id, port, callsPerSecond, forMs, deadlineMs, attemptMs: ATTEMPT_MS };
}

/** `holdfast serve`, as it ships but for the time that a scene gives to an attempt. */
class Gateway {
  readonly port: number;
  readonly #started: Started;
  readonly #directory: string;

  private constructor(port: number, started: Started, directory: string) {
    this.port = port;
    this.#started = started;
    this.#directory = directory;
  }

  static async start(upstreams: readonly number[]): Promise<Gateway> {
    const port = await freePort();
    const directory = mkdtempSync(join(tmpdir(), 'holdfast-storm-'));
    const targets = Object.fromEntries(
      upstreams.map((upstream, at) => [
        `target-${at}`,
        { provider: 'openai-compatible', baseUrl: `http://127.0.0.1:${upstream}/v1`, key: 'caller' },
      ]),
    );
    const wholeTimeouts = { headers: ATTEMPT_MS, firstContent: ATTEMPT_MS };
    const routes = [{ models: ['*'], ladder: Object.keys(targets), wholeTimeouts }];
    const file = join(directory, 'holdfast.yaml');
    // JSON is YAML.
    writeFileSync(file, JSON.stringify({ targets, routes, server: { port }, data: join(directory, 'data') }));
    const started = start([process.execPath, HOLDFAST, 'serve', '--config', file], { core: 'measured' });
    await listening('holdfast', started, port);
    return new Gateway(port, started, directory);
  }

  async stop(): Promise<void> {
    await stop(this.#started);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** What callers and providers have seen, as the virtual world counts it. */
function seriesOf(
  { binMs, providers }: Scene,
  endings: readonly Ending[],
  requests: readonly (readonly number[])[],
): Series {
  const counts = new Counts(binMs);
  const own = providers.map(({ id }, at) => [id, requests[at] ?? []] as const);
  return {
    binMs,
    offered: counts.of(endings.map(({ at }) => at)),
    answered: counts.of(endings.filter(({ answered }) => answered).map(({ at }) => at)),
    attempts: counts.of(own.flatMap(([, times]) => times)),
    attemptsAt: Object.fromEntries(own.map(([id, times]) => [id, counts.of(times)])),
    goodput: counts.of(endings.filter(({ answered }) => answered).map(({ endedAt }) => endedAt)),
    errors: counts.of(endings.filter(({ answered }) => !answered).map(({ endedAt }) => endedAt)),
  };
}

class Counts {
  readonly #binMs: number;

  constructor(binMs: number) {
    this.#binMs = binMs;
  }

  of(times: readonly number[]): number[] {
    const counts: number[] = [];
    for (const time of times) {
      const bin = Math.floor(time / this.#binMs);
      while (counts.length <= bin) counts.push(0);
      counts[bin] = (counts[bin] as number) + 1;
    }
    return counts;
  }
}
