import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, type RunningGateway, startGateway } from '../../../src/gateway/index.ts';
import { type Simulator, startSimulator } from '../../../src/simulator/index.ts';

export type Json = Record<string, unknown>;

export const TENANTS = ['shop', 'desk', 'lab'] as const;

/** The model whose calls go to the provider that misbehaves never and speaks slowly, so that its callers can leave. */
export const SLOW_MODEL = 'gpt-4.1-nano';

/** Speeds of the providers: the third takes seconds for an answer, as a real one does. */
const PROVIDERS = { one: 0.02, two: 0.02, three: 1 } as const;

export type ProviderName = keyof typeof PROVIDERS;

/** A gateway with three tenants and three providers: everything that a mixed run needs, and all who keep count of it. */
export class MixedHouse {
  readonly providers: Readonly<Record<ProviderName, Simulator>>;
  readonly baseUrl: string;
  /** A key of each tenant, in their order. */
  readonly keys: readonly string[];
  readonly #gateway: RunningGateway;
  readonly #directory: string;
  readonly #token: string;

  private constructor(
    providers: Readonly<Record<ProviderName, Simulator>>,
    gateway: RunningGateway,
    directory: string,
    token: string,
    keys: readonly string[],
  ) {
    this.providers = providers;
    this.baseUrl = gateway.baseUrl;
    this.keys = keys;
    this.#gateway = gateway;
    this.#directory = directory;
    this.#token = token;
  }

  static async open(): Promise<MixedHouse> {
    const start = (name: ProviderName): Promise<Simulator> =>
      startSimulator({
        name,
        speed: PROVIDERS[name],
        rememberedRequests: 0,
        ...(name === 'three' ? { answerTokens: 300 } : {}),
      });
    const [one, two, three] = await Promise.all([start('one'), start('two'), start('three')]);
    const providers = { one, two, three };
    const directory = await mkdtemp(join(tmpdir(), 'holdfast-mixed-'));
    const file = join(directory, 'holdfast.yaml');
    const targets = Object.entries(providers).map(([name, { url }]) => [
      name,
      { provider: 'openai', baseUrl: `${url}/v1`, key: 'env:PROVIDER_KEY', breaker: { enabled: false } },
    ]);
    const routes = [
      { id: 'slow', models: [`${SLOW_MODEL}*`], ladder: ['three'] },
      { id: 'default', models: ['*'], ladder: ['one', 'two'], retry: { attempts: 2 } },
    ];
    // JSON is YAML too.
    await writeFile(
      file,
      JSON.stringify({ keys: { policy: 'off' }, targets: Object.fromEntries(targets) as Json, routes }),
    );
    const env = { PROVIDER_KEY: 'sk-any-0123456789', HOLDFAST_PORT: '0', HOLDFAST_DATA: join(directory, 'data') };
    const gateway = await startGateway(await loadConfig({ file, env, cwd: directory }));
    const token = gateway.firstAdminToken ?? '';
    const keys: string[] = [];
    for (const tenant of TENANTS) {
      await ask(gateway, token, '/tenants', { id: tenant });
      keys.push((await ask(gateway, token, '/keys', { tenant }))['secret'] as string);
    }
    return new MixedHouse(providers, gateway, directory, token, keys);
  }

  /** Asks the admin API. @throws {Error} when it refuses */
  admin(path: string): Promise<Json> {
    return ask(this.#gateway, this.#token, path);
  }

  async metrics(): Promise<string> {
    return (await this.#get('/metrics')).text();
  }

  /** What is told once a second, alike to all who listen, until `over` is aborted or the gateway ends it. */
  async *frames(over: AbortSignal): AsyncGenerator<Json> {
    const { body } = await this.#get('/admin/api/live', over);
    if (body === null) return;
    let text = '';
    try {
      for await (const piece of body.pipeThrough(new TextDecoderStream())) {
        const events = (text + piece).split('\n\n');
        text = events.pop() ?? '';
        for (const event of events) {
          const [, data] = /^event: frame\ndata: (.*)$/s.exec(event) ?? [];
          if (data !== undefined) yield JSON.parse(data) as Json;
        }
      }
    } catch (error) {
      if (!over.aborted) throw error;
    }
  }

  async close(): Promise<void> {
    await this.#gateway.stop();
    await Promise.all(Object.values(this.providers).map((provider) => provider.close()));
    await rm(this.#directory, { recursive: true });
  }

  #get(path: string, signal?: AbortSignal): Promise<Response> {
    const url = this.baseUrl.replace(/\/v1$/, path);
    return fetch(url, {
      headers: { authorization: `Bearer ${this.#token}` },
      ...(signal === undefined ? {} : { signal }),
    });
  }
}

async function ask({ baseUrl }: RunningGateway, token: string, path: string, body?: Json): Promise<Json> {
  const response = await fetch(baseUrl.replace(/\/v1$/, `/admin/api${path}`), {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${path} was answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Json;
}
