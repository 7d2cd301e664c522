/**
 * The callers: a process that takes orders over its channel, carries them out, and reports. It reads the measured
 * process's usage itself, at the same moments at which it begins and stops counting calls.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../statistics.ts';
import { cpuMicroseconds, residentKilobytes } from '../usage.ts';
import { Connection, type Listener } from './connection.ts';
import { CHUNKS, conversation, type Manner } from './conversation.ts';
import type { Destination, IdleOrder, IdleReport, LoadOrder, LoadReport, Order, Spread } from './orders.ts';

/**
 * Streams are left to end for as long, twice what one takes, ms. A hundred callers who hang up at once are another kind of
 * traffic: what a target does about them would be found in its next slice, and code that was compiled for callers who stay
 * compiled anew.
 */
const LINGER_MS = 2_000;

/** All idle streams must be open by then; whoever cannot open them has fallen short, ms. */
const OPEN_WITHIN_MS = 60_000;

function requestFor({ port, headers }: Destination, bodyBytes: number, manner: Manner): Buffer {
  const body = Buffer.from(conversation(bodyBytes, manner));
  const own = {
    host: `127.0.0.1:${port}`,
    'content-type': 'application/json',
    accept: manner === 'whole' ? 'application/json' : 'text/event-stream',
    authorization: 'Bearer sk-bench',
    'user-agent': 'holdfast-bench',
    ...headers,
    'content-length': String(body.length),
  };
  const lines = Object.entries(own).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`POST /v1/chat/completions HTTP/1.1\r\n${lines.join('')}\r\n`), body]);
}

class Load implements Listener {
  readonly #order: LoadOrder;
  readonly #request: Buffer;
  readonly #connections = new Set<Connection>();
  readonly #free: Connection[] = [];
  readonly #latencies: number[] = [];
  readonly #firstBytes: number[] = [];
  #state: 'warming' | 'measuring' | 'stopping' = 'warming';
  #measuringSince = 0;
  #calls = 0;
  #chunks = 0;
  #bad = 0;
  #chunksAtStart = 0;

  constructor(order: LoadOrder) {
    this.#order = order;
    this.#request = requestFor(order.to, order.bodyBytes, order.manner);
  }

  async run(): Promise<LoadReport> {
    const { pattern, warmMs, measureMs, to } = this.#order;
    if (pattern.kind === 'closed') for (let n = 0; n < pattern.connections; n += 1) this.#call();
    else this.#keepPace(pattern.perSecond);
    await sleep(warmMs);

    const cpuBefore = usageOf(to);
    this.#state = 'measuring';
    this.#measuringSince = performance.now();
    this.#chunksAtStart = this.#chunksSoFar();
    await sleep(measureMs);
    const seconds = (performance.now() - this.#measuringSince) / 1000;
    const chunks = this.#chunksSoFar() - this.#chunksAtStart;
    const cpuAfter = usageOf(to);
    this.#state = 'stopping';

    const report: LoadReport = {
      calls: this.#calls,
      chunks,
      bad: this.#bad,
      seconds,
      cpuMicroseconds: cpuAfter - cpuBefore,
      latencyMs: spread(this.#latencies),
      firstByteMs: spread(this.#firstBytes),
    };
    await this.#leave();
    return report;
  }

  onFirstContent(connection: Connection): void {
    if (this.#counts(connection)) this.#firstBytes.push(performance.now() - connection.sentAt);
  }

  onAnswer(connection: Connection, good: boolean): void {
    this.#chunks += connection.events;
    const whole = this.#order.manner === 'whole' || connection.events === CHUNKS;
    if (this.#state === 'measuring') {
      this.#calls += 1;
      if (!good || !whole) this.#bad += 1;
    }
    if (this.#counts(connection)) this.#latencies.push(performance.now() - connection.sentAt);
    if (this.#state === 'stopping') return;
    if (this.#order.pattern.kind === 'closed') connection.send(this.#request);
    else this.#free.push(connection);
  }

  onClose(connection: Connection): void {
    this.#connections.delete(connection);
    if (this.#state === 'stopping') return;
    const at = this.#free.indexOf(connection);
    if (at >= 0) this.#free.splice(at, 1);
    if (connection.busy) this.#bad += 1;
    if (this.#order.pattern.kind === 'closed') this.#call();
  }

  /** Times of a call count when the whole of it lies in the measured time. */
  #counts(connection: Connection): boolean {
    return this.#state === 'measuring' && connection.sentAt >= this.#measuringSince;
  }

  #call(): void {
    const free = this.#free.pop();
    if (free !== undefined) return free.send(this.#request);
    const connection = new Connection(this.#order.to.port, this);
    this.#connections.add(connection);
    connection.send(this.#request);
  }

  /** Sends at fixed times, also when answers are late: callers do not wait for one another. */
  #keepPace(perSecond: number): void {
    const everyMs = 1000 / perSecond;
    let next = performance.now();
    const beat = (): void => {
      if (this.#state === 'stopping') return;
      for (const now = performance.now(); next <= now; next += everyMs) this.#call();
      setTimeout(beat, Math.max(1, Math.floor(next - performance.now())));
    };
    beat();
  }

  #chunksSoFar(): number {
    let chunks = this.#chunks;
    for (const { busy, events } of this.#connections) if (busy) chunks += events;
    return chunks;
  }

  async #leave(): Promise<void> {
    const until = performance.now() + LINGER_MS;
    while (performance.now() < until && [...this.#connections].some(({ busy }) => busy)) await sleep(10);
    for (const connection of this.#connections) connection.destroy();
  }
}

class Idle implements Listener {
  readonly #order: IdleOrder;
  readonly #open = new Set<Connection>();
  #begun = 0;

  constructor(order: IdleOrder) {
    this.#order = order;
  }

  async run(): Promise<IdleReport> {
    const { to, streams, perSecond, settleMs } = this.#order;
    const { pid } = to;
    if (pid === null) throw new Error('an idle order needs a process to look at');
    const request = requestFor(to, 1024, 'idle');
    const kilobytesBefore = residentKilobytes(pid);
    const all: Connection[] = [];
    // In steps of a tenth of a second, and never many ahead of the answers: a burst would measure queues.
    const giveUpAt = performance.now() + OPEN_WITHIN_MS;
    while (all.length < streams && performance.now() < giveUpAt) {
      const room = Math.min(perSecond / 10, perSecond - (all.length - this.#begun), streams - all.length);
      for (let n = 0; n < room; n += 1) {
        const connection = new Connection(to.port, this);
        connection.send(request);
        all.push(connection);
      }
      await sleep(100);
    }
    await sleep(settleMs);
    const report = { alive: this.#open.size, kilobytesBefore, kilobytesAfter: residentKilobytes(pid) };
    for (const connection of all) connection.destroy();
    return report;
  }

  onFirstContent(connection: Connection): void {
    this.#begun += 1;
    this.#open.add(connection);
  }

  onAnswer(connection: Connection): void {
    this.#open.delete(connection);
  }

  onClose(connection: Connection): void {
    this.#open.delete(connection);
  }
}

function usageOf({ pid }: Destination): number {
  return pid === null ? 0 : cpuMicroseconds(pid);
}

function spread(sample: readonly number[]): Spread {
  return { p50: quantile(sample, 0.5), p99: quantile(sample, 0.99) };
}

process.on('message', (order: Order) => {
  const work = order.kind === 'load' ? new Load(order) : new Idle(order);
  void work.run().then((report) => process.send?.(report));
});
process.on('disconnect', () => process.exit(0));
