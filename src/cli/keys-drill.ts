import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import type { Simulator } from '../simulator/index.ts';

interface DrillOptions {
  readonly json?: true;
}

/** One step of the drill, as it went. */
interface DrillStep {
  readonly step: string;
  /** How long it took Holdfast to notice, ms. */
  readonly ms: number;
  readonly answered: number;
  readonly failed: number;
}

/** `holdfast keys drill`: a rotation from end to end, rehearsed where nothing can break. */
export function drillCommand(): Command {
  return new Command('drill')
    .description('rehearse the rotation of a provider key under load, with a simulated provider')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
A gateway of its own, a simulated provider and a key in a file: the key is replaced, replaced by one that the provider
refuses, and replaced without any overlap, while calls go on. Exit code 1 when a call fails.

Example:
  holdfast keys drill`,
    )
    .action(drill);
}

async function drill(_options: DrillOptions, command: Command): Promise<void> {
  // `keys` itself has --json too, and takes it wherever it stands.
  const { json } = command.optsWithGlobals<DrillOptions>();
  const steps = await rehearse();
  if (json === true) console.log(JSON.stringify({ steps }, null, 2));
  else console.log(steps.map(line).join('\n'));
  const failed = steps.reduce((sum, step) => sum + step.failed, 0);
  if (failed > 0) command.error(`holdfast: ${failed} call(s) failed during the drill`, { exitCode: 1 });
  if (json !== true) console.log('\nNo call failed. docs/keys.md has the order for a real rotation.');
}

function line({ step, ms, answered, failed }: DrillStep): string {
  return `${step}: after ${(ms / 1000).toFixed(1)} s; ${answered} calls answered, ${failed} failed`;
}

const [FIRST, SECOND, MISTYPED, THIRD] = ['first', 'second', 'mistyped', 'third'].map(
  (name) => `sk-drill-${name}-0123456789`,
) as [string, string, string, string];

/** Calls a second while the keys change: lively, and nothing to a machine. */
const CALLS_A_SECOND = 50;

/** A step that has not been noticed by then never will be: files are read every five seconds. */
const GIVES_UP_MS = 20_000;

async function rehearse(): Promise<DrillStep[]> {
  // A whole gateway, which the other commands for keys need nothing of.
  const { loadConfig, startGateway } = await import('../gateway/index.ts');
  const { startSimulator } = await import('../simulator/index.ts');
  const home = await mkdtemp(join(tmpdir(), 'holdfast-drill-'));
  const provider = await startSimulator({ keys: [FIRST], rememberedRequests: 1 });
  const keyFile = join(home, 'key');
  const file = join(home, 'holdfast.yaml');
  await writeFile(keyFile, FIRST);
  const target = { provider: 'openai-compatible', baseUrl: `${provider.url}/v1`, key: `file:${keyFile}` };
  // JSON is YAML too.
  await writeFile(file, JSON.stringify({ targets: { drill: target } }));
  const events: string[] = [];
  const config = await loadConfig({ file, env: { HOLDFAST_PORT: '0', HOLDFAST_DATA: join(home, 'data') } });
  const gateway = await startGateway(config, { onKeyEvent: ({ kind }) => events.push(kind) });
  const load = new Load(gateway.baseUrl);
  const put = (key: string, accepted: readonly string[]): Promise<void> => {
    provider.acceptKeys(accepted);
    return writeFile(keyFile, key);
  };
  try {
    return [
      await load.during(
        'a new key is taken up',
        () => put(SECOND, [FIRST, SECOND]),
        () => events.includes('rotated'),
      ),
      await load.during(
        'the old key is revoked',
        () => revoke(provider, [SECOND]),
        () => true,
      ),
      await load.during(
        'a mistyped key is found out, the old one stays in use',
        () => put(MISTYPED, [SECOND]),
        () => events.includes('new-key-refused'),
      ),
      await load.during(
        'a key is replaced in the moment the old one dies',
        () => put(THIRD, [THIRD]),
        () => events.filter((kind) => kind === 'rotated').length === 2,
      ),
    ];
  } finally {
    load.stop();
    await gateway.stop();
    await provider.close();
    await rm(home, { recursive: true, force: true });
  }
}

function revoke(provider: Simulator, accepted: readonly string[]): Promise<void> {
  provider.acceptKeys(accepted);
  return Promise.resolve();
}

/** Calls at a steady rate, counted. */
class Load {
  readonly #baseUrl: string;
  readonly #timer: NodeJS.Timeout;
  #answered = 0;
  #failed = 0;

  constructor(baseUrl: string) {
    this.#baseUrl = baseUrl;
    this.#timer = setInterval(() => void this.#call(), 1000 / CALLS_A_SECOND);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Does a step, waits until it has been noticed, and one second more of calls after it. */
  async during(step: string, act: () => Promise<void>, noticed: () => boolean): Promise<DrillStep> {
    const [answered, failed, began] = [this.#answered, this.#failed, performance.now()];
    await act();
    while (!noticed()) {
      if (performance.now() - began > GIVES_UP_MS) throw new Error(`not noticed within 20 s: ${step}`);
      await pause(20);
    }
    const ms = performance.now() - began;
    await pause(1000);
    return { step, ms, answered: this.#answered - answered, failed: this.#failed - failed };
  }

  async #call(): Promise<void> {
    const body = JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'drill' }] });
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${this.#baseUrl}/chat/completions`, { method: 'POST', headers, body }).catch(
      () => null,
    );
    await response?.arrayBuffer();
    if (response?.ok === true) this.#answered += 1;
    else this.#failed += 1;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
