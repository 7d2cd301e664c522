import { fileURLToPath } from 'node:url';
import { freePort, listening, start, stop } from '../processes.ts';

const COLLECTOR = fileURLToPath(new URL('../targets/collector.ts', import.meta.url));

/** A collector that takes what it is sent, on the core that is not measured. */
export interface Collector {
  readonly url: string;
  /** What it has taken so far. */
  bytes(): Promise<number>;
  stop(): Promise<void>;
}

export async function startCollector(): Promise<Collector> {
  const port = await freePort();
  const started = start([process.execPath, COLLECTOR], { core: 'traffic', env: { PORT: String(port) } });
  await listening('the collector', started, port);
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    bytes: async () => ((await (await fetch(url)).json()) as { readonly bytes: number }).bytes,
    stop: () => stop(started),
  };
}
