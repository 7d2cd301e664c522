import { Worker } from 'node:worker_threads';
import type { Call } from '../../engine/call.ts';
import type { Reply } from '../../engine/reply.ts';
import type { Handler } from '../../engine/route.ts';
import type { CaptureWorkerData, FromCaptureWorker, ToCaptureWorker } from './capture.worker.ts';
import type { KeptExchange, SeenMessage } from './exchange.ts';
import { Kept, TeeStream } from './tee.ts';

export interface CaptureOptions extends CaptureWorkerData {
  /** Ids of the routes whose calls are kept. */
  readonly routes: readonly string[];
  /** Ids of the tenants whose calls are kept. */
  readonly tenants: readonly string[];
  /** Longest part of a body that is kept, in bytes. */
  readonly bodyBytes: number;
  /** Told when something could not be kept, at most once a minute. @default prints to stderr */
  readonly onTrouble?: (message: string) => void;
}

/** Exchanges on their way to the thread that keeps them, in bytes; beyond, they are given up. */
const MOST_UNDER_WAY = 32 * 1024 * 1024;

const TELL_EVERY_MS = 60_000;

/** How long `close` waits for what is under way, ms. */
const CLOSE_WITHIN_MS = 5_000;

/**
 * Keeps what is asked and answered on the routes and by the tenants that were named: redacted and encrypted in a thread of its
 * own, so that no call waits for it.
 */
export class Capture {
  readonly #worker: Worker;
  readonly #routes: ReadonlySet<string>;
  readonly #tenants: ReadonlySet<string>;
  readonly #bodyBytes: number;
  readonly #onTrouble: (message: string) => void;
  readonly #reading = new Map<number, PromiseWithResolvers<KeptExchange | null>>();
  readonly #closed: PromiseWithResolvers<void> = Promise.withResolvers();
  #asked = 0;
  #underWay = 0;
  #dropped = 0;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(options: CaptureOptions) {
    const { routes, tenants, bodyBytes, onTrouble, directory, secret, limits, personal } = options;
    this.#routes = new Set(routes);
    this.#tenants = new Set(tenants);
    this.#bodyBytes = bodyBytes;
    this.#onTrouble = onTrouble ?? ((message) => process.stderr.write(`holdfast: ${message}\n`));
    // The compiler rewrites import paths, but not this one.
    const file = import.meta.url.endsWith('.ts') ? './capture.worker.ts' : './capture.worker.js';
    this.#worker = new Worker(new URL(file, import.meta.url), {
      name: 'holdfast-capture',
      workerData: { directory, secret, limits, personal } satisfies CaptureWorkerData,
      execArgv: ['--disable-warning=ExperimentalWarning'],
      resourceLimits: { maxOldGenerationSizeMb: 128 },
    });
    this.#worker.on('message', (message: FromCaptureWorker) => this.#hear(message));
    this.#worker.on('error', (error) => this.#lose(String(error)));
    this.#worker.unref();
  }

  /** The line, with what passes it kept. */
  around(handle: Handler): Handler {
    return async (call) => {
      // The line may put another body in its place; what is kept is what the caller sent.
      const { body } = call;
      const reply = await handle(call);
      return this.#isWanted(call) ? this.#keep(call, body, reply) : reply;
    };
  }

  /**
   * What was kept of a call; null: nothing.
   * @throws {Error} it cannot be read: the file is damaged, or the key is another
   */
  read(call: string): Promise<KeptExchange | null> {
    const waiting = Promise.withResolvers<KeptExchange | null>();
    this.#asked += 1;
    this.#reading.set(this.#asked, waiting);
    this.#tell({ kind: 'read', call, asked: this.#asked });
    return waiting.promise;
  }

  async close(): Promise<void> {
    this.#worker.ref();
    this.#tell({ kind: 'close' });
    const alarm = setTimeout(() => this.#closed.resolve(), CLOSE_WITHIN_MS);
    await this.#closed.promise;
    clearTimeout(alarm);
    await this.#worker.terminate();
  }

  #isWanted({ route, caller }: Call): boolean {
    return (route !== null && this.#routes.has(route)) || (caller.tenant !== null && this.#tenants.has(caller.tenant));
  }

  #keep(call: Call, body: Call['body'], reply: Reply): Reply {
    switch (reply.kind) {
      case 'whole':
        this.#send(call, body, reply.status, { headers: reply.headers, ...this.#beginning(reply.body) });
        return reply;
      case 'failed':
        this.#send(call, body, null, { headers: {}, ...this.#beginning(Buffer.from(JSON.stringify(reply.fault))) });
        return reply;
      case 'stream': {
        const { status, headers } = reply;
        const kept = new Kept(this.#bodyBytes);
        const stream = new TeeStream(reply.stream, kept);
        stream.onEnding(() => this.#send(call, body, status, { headers, body: kept.take(), bytes: kept.bytes }));
        return { ...reply, stream };
      }
    }
  }

  #send(call: Call, body: Call['body'], status: number | null, reply: SeenMessage): void {
    const sent = body instanceof Uint8Array ? this.#beginning(body) : { body: null, bytes: 0 };
    const bytes = (sent.body?.length ?? 0) + (reply.body?.length ?? 0);
    if (this.#underWay + bytes > MOST_UNDER_WAY) {
      this.#dropped += 1;
      return this.#say('exchanges come faster than they can be kept');
    }
    this.#underWay += bytes;
    const { id, arrivedAt: at, route, caller, headers, method, path } = call;
    const request = { headers: { ...headers }, ...sent, method, path };
    const exchange = { call: id, at, route, tenant: caller.tenant, request, reply: { ...reply, status } };
    this.#tell({ kind: 'keep', exchange, bytes });
  }

  #beginning(body: Uint8Array): Pick<SeenMessage, 'body' | 'bytes'> {
    return { body: body.subarray(0, this.#bodyBytes).slice(), bytes: body.length };
  }

  #tell(message: ToCaptureWorker): void {
    this.#worker.postMessage(message);
  }

  #hear(message: FromCaptureWorker): void {
    switch (message.kind) {
      case 'kept':
        this.#underWay -= message.bytes;
        if (message.trouble !== null) {
          this.#dropped += 1;
          this.#say(message.trouble);
        }
        return;
      case 'read': {
        const waiting = this.#reading.get(message.asked);
        this.#reading.delete(message.asked);
        if (message.trouble === null) waiting?.resolve(message.exchange);
        else waiting?.reject(new Error(message.trouble));
        return;
      }
      case 'closed':
        this.#closed.resolve();
    }
  }

  #lose(reason: string): void {
    this.#say(`the thread that keeps them died: ${reason}`);
    for (const waiting of this.#reading.values()) waiting.reject(new Error(reason));
    this.#reading.clear();
    this.#closed.resolve();
  }

  #say(reason: string): void {
    const now = performance.now();
    if (now - this.#toldAt < TELL_EVERY_MS) return;
    this.#toldAt = now;
    this.#onTrouble(`requests and answers could not be captured (${reason}); ${this.#dropped} so far, calls go on.`);
  }
}
