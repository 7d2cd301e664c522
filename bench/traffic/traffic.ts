import { fileURLToPath } from 'node:url';
import { ask, freePort, listening, start, type Started, stop } from '../processes.ts';
import type { IdleOrder, IdleReport, LoadOrder, LoadReport } from './orders.ts';

const UPSTREAM = fileURLToPath(new URL('./upstream.ts', import.meta.url));
const CALLERS = fileURLToPath(new URL('./callers.ts', import.meta.url));

/** Upstream and callers, each a process of its own on the core that is not measured. */
export class Traffic {
  readonly upstreamPort: number;
  readonly #upstream: Started;
  readonly #callers: Started;

  private constructor(upstreamPort: number, upstream: Started, callers: Started) {
    this.upstreamPort = upstreamPort;
    this.#upstream = upstream;
    this.#callers = callers;
  }

  /** @param openFiles files and sockets that each of the two may have open. */
  static async start(openFiles: number): Promise<Traffic> {
    const port = await freePort();
    const upstream = start([process.execPath, UPSTREAM], {
      core: 'traffic',
      openFiles,
      env: { PORT: String(port) },
    });
    await listening('the upstream', upstream, port);
    const callers = start([process.execPath, CALLERS], { core: 'traffic', openFiles, channel: true });
    return new Traffic(port, upstream, callers);
  }

  load(order: Omit<LoadOrder, 'kind'>): Promise<LoadReport> {
    return ask<LoadReport>(this.#callers, { kind: 'load', ...order });
  }

  idle(order: Omit<IdleOrder, 'kind'>): Promise<IdleReport> {
    return ask<IdleReport>(this.#callers, { kind: 'idle', ...order });
  }

  async stop(): Promise<void> {
    await stop(this.#callers);
    await stop(this.#upstream);
  }
}
