import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { readAsks, retriesTold } from '../engine/admission/asks.ts';
import { type Call, NOTHING_SAID, type Upload } from '../engine/call.ts';
import { Cancellation } from '../engine/cancellation.ts';
import type { Counters } from '../engine/admission/quota.ts';
import type { Clock } from '../engine/clock.ts';
import type { Fault } from '../engine/fault/fault.ts';
import { faultOf } from '../engine/fault/index.ts';
import type { Reply } from '../engine/reply.ts';
import type { Handler } from '../engine/route.ts';
import type { PayloadThread } from '../payload/thread/payload-thread.ts';
import { keyTakenFrom } from '../providers/gemini/path.ts';
import { operationOf, readRequest } from '../providers/openai/request.ts';
import { isLoopback } from '../config/addresses.ts';
import type { ServerConfig } from '../config/config.ts';
import type { TraceOf } from '../observe/trace/beginnings.ts';
import type { Guest } from '../tenants/holder.ts';
import { foreignPageGuard } from './access.ts';
import { ADMIN_ROOT, type AdminApi } from './admin/api.ts';
import { answer, refuse } from './answer.ts';
import type { Dashboard } from './dashboard/dashboard.ts';
import { DirectConnections } from './direct/direct-connections.ts';
import type { Incoming, Outgoing } from './exchange.ts';
import type { MetricsPage } from './metrics.ts';
import { type BodyRead, hasBody, keepsBody, readBody } from './body.ts';
import { BodyRoom } from './body-room.ts';
import { answerCount, COUNT_PATH } from './count.ts';
import { openApiDocument } from './description/openapi.ts';
import { callIds } from '../engine/call-id.ts';
import type { Door, Stranger } from './door.ts';
import { isBackgroundPath } from './jobs/background.ts';
import { isJobsPath } from './jobs/api.ts';
import { notKept } from './jobs/refusals.ts';
import type { Jobs } from './jobs/open.ts';
import { draining, tooSlow } from './limits.ts';
import { pathBelowRoot, usualCall, type Called } from './path.ts';
import { TurnEnd } from './turn-end.ts';
import { faultOfBytes, refuseBytes } from './unreadable.ts';

export type GatewayOptions = Pick<ServerConfig, 'host' | 'port' | 'limits'>;

/** What `/readyz` answers. */
export interface Readiness {
  /** Whether calls can be answered, as far as can be known from here. */
  readonly ready: boolean;
  /** Told beside it: the targets, their keys, and what else may explain it. */
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface GatewayDeps {
  readonly clock: Clock;
  readonly handle: Handler;
  /** Where callers' use is counted. */
  readonly counters: Counters;
  /** Larger bodies are skimmed, in bytes. */
  readonly parsedUpTo: number;
  readonly door: Door;
  readonly admin: AdminApi;
  readonly metrics: MetricsPage;
  readonly dashboard: Dashboard;
  /** Where an arriving call stands in a trace. */
  readonly traceOf: TraceOf;
  readonly readiness: () => Readiness;
  /** Replies have been written: what is to be done about their calls may be done. */
  readonly replied: () => void;
  /** Where prompts are counted. */
  readonly payload: PayloadThread;
  /** Calls that run in the background, or once. */
  readonly jobs: Jobs;
}

/** A reply that is to be written. */
interface Due {
  readonly request: Incoming;
  readonly response: Outgoing;
  readonly call: Call;
  readonly reply: Reply;
}

/** Longer than the load balancers in front of us keep theirs (60 s): the one who closes first must not be us. */
const KEEP_ALIVE_MS = 65_000;

/** The OpenAI-compatible server: reads requests into calls, hands them to the line, writes its replies. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #deps: GatewayDeps;
  readonly #server: Server;
  readonly #nextId: () => string;
  readonly #direct: DirectConnections;
  readonly #foreign: (request: Incoming) => Fault | null;
  readonly #room: BodyRoom;
  /** Written together at the end of a turn: with each written by itself, a call costs an eighth more on a busy gateway. */
  readonly #replies = new TurnEnd<Due>((due) => this.#write(due), { after: () => this.#deps.replied() });
  #draining = false;
  #running = 0;
  #idle: (() => void) | null = null;

  constructor(options: GatewayOptions, deps: GatewayDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#nextId = callIds(deps.clock.wall());
    this.#room = new BodyRoom(options.limits.heldBytes);
    this.#foreign = isLoopback(options.host) ? foreignPageGuard() : () => null;
    const { headerBytes, slowRequestMs } = options.limits;
    this.#server = createServer(
      {
        keepAliveTimeout: KEEP_ALIVE_MS,
        headersTimeout: slowRequestMs,
        // Bodies are timed by their silences: a large upload may take its time, a stalled one may not.
        requestTimeout: 0,
        maxHeaderSize: headerBytes,
        connectionsCheckingInterval: Math.min(5_000, slowRequestMs),
        noDelay: true,
      },
      (request, response) => this.#receive(request, response),
    );
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
      if (error.code === 'ECONNRESET') socket.destroy();
      else refuseBytes(socket, faultOfBytes(error, options.limits), this.#nextId());
    });
    this.#direct = new DirectConnections(this.#server, {
      clock: deps.clock,
      headerBytes,
      keepMs: KEEP_ALIVE_MS,
      silentMs: slowRequestMs,
      takes: (url) => !this.#draining && usualCall('POST', url) !== undefined,
      receive: (request, response) => this.#receiveUsual(request, response),
      silent: (socket) => refuseBytes(socket, tooSlow(slowRequestMs), this.#nextId()),
    });
  }

  /** Calls under way. */
  get running(): number {
    return this.#running;
  }

  /** Writes the replies that wait for the end of this turn of events. */
  writeReplies(): void {
    this.#replies.finish();
  }

  /** @throws {Error} the address is in use or cannot be bound. @returns the port in use. */
  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      // The largest backlog: a burst of new connections should wait, not be refused.
      this.#server.listen({ port: this.#options.port, host: this.#options.host, backlog: 65_535 }, () => {
        this.#server.off('error', reject);
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  /**
   * Stops gracefully: running calls finish, new ones are turned away with 503 and `Retry-After`.
   * @returns how many calls were cut off because they outlived `limits.drainMs`.
   */
  async drain(): Promise<number> {
    this.#draining = true;
    if (this.#running > 0) {
      await new Promise<void>((resolve) => {
        const alarm = setTimeout(resolve, this.#options.limits.drainMs);
        this.#idle = () => {
          clearTimeout(alarm);
          resolve();
        };
      });
    }
    const cut = this.#running;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    this.#direct.closeAll();
    await closed;
    return cut;
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    if (this.#draining || !this.#receiveUsual(request, response)) this.#receiveOther(request, response);
  }

  /** @returns false where it is another kind of request */
  #receiveUsual(request: Incoming, response: Outgoing): boolean {
    const usual = usualCall(request.method, request.url ?? '/');
    if (usual === undefined) return false;
    const foreign = this.#foreign(request);
    if (foreign !== null) this.#turnAway(request, response, foreign);
    else this.#begin(request, response, usual, null);
    return true;
  }

  #receiveOther(request: IncomingMessage, response: ServerResponse): void {
    const url = addressOf(request);
    if (url === '/healthz') return sendJson(response, 200, { status: 'ok' });
    if (url === '/readyz') return this.#ready(response);
    if (url === '/openapi.json') return sendJson(response, 200, openApiDocument('/'));
    if (this.#draining) {
      response.setHeader('connection', 'close');
      return this.#turnAway(request, response, draining());
    }
    if (url === '/metrics') return this.#deps.metrics.handle(request, response);
    if (url.startsWith(`${ADMIN_ROOT}/`)) return this.#deps.admin.handle(request, response);
    const foreign = this.#foreign(request);
    if (foreign !== null) return this.#turnAway(request, response, foreign);
    const path = pathBelowRoot(url);
    if (path === null) {
      if (this.#deps.dashboard.handle(request, response)) return;
      return this.#turnAway(request, response, unknownPath(url));
    }
    if (path === COUNT_PATH) {
      const guest = this.#deps.door.recognise(request, this.#deps.clock.wall());
      return 'fault' in guest ? this.#turnAway(request, response, guest.fault) : this.#count(request, response, guest);
    }
    if (isJobsPath(path) || isBackgroundPath(path)) return this.#job(request, response, path);
    this.#begin(request, response, called(request, path), () => uploadOf(request));
  }

  /** Requests about jobs are no calls: they leave no record. */
  #job(request: IncomingMessage, response: ServerResponse, path: string): void {
    const guest = this.#deps.door.recognise(request, this.#deps.clock.wall());
    if ('fault' in guest) return this.#turnAway(request, response, guest.fault);
    const { api, background } = this.#deps.jobs;
    if (isJobsPath(path)) return api.handle(request, response, path, guest, this.#room);
    background.handle(request, response, path, guest).then(
      (known) => {
        // It may be a provider's own, whatever its id looks like.
        if (!known) this.#begin(request, response, called(request, path), () => uploadOf(request));
      },
      (error: unknown) => this.#turnAway(request, response, notKept(error)),
    );
  }

  /** @param upload how to carry its body unread; null for what is always read */
  #begin(request: Incoming, response: Outgoing, { path, operation }: Called, upload: (() => Upload) | null): void {
    const method = request.method ?? 'GET';
    const startedAt = this.#deps.clock.now();
    const arrivedAt = this.#deps.clock.wall();
    const guest = this.#deps.door.recognise(request, arrivedAt);
    if ('fault' in guest) {
      if (!guest.recorded) return this.#turnAway(request, response, guest.fault);
      const unread = { operation, method, path, body: null, startedAt, arrivedAt };
      return this.#call(request, response, unread, guest, guest.fault);
    }
    if (upload !== null && operation === 'passthrough' && !keepsBody(request)) {
      const body = hasBody(request) ? upload() : null;
      return this.#call(request, response, { operation, method, path, body, startedAt, arrivedAt }, guest, null);
    }
    const done = (read: BodyRead): void => {
      if (read.kind === 'gone') return;
      const body = read.kind === 'body' ? read.body : null;
      const problem = read.kind === 'refused' ? read.fault : null;
      if (read.kind === 'body' && read.held > 0) this.#holdUntilOver(response, read.held);
      this.#call(request, response, { operation, method, path, body, startedAt, arrivedAt }, guest, problem);
    };
    readBody(request, this.#options.limits, this.#deps.clock, done, this.#room);
  }

  /** A body may be sent again as long as its call goes on. */
  #holdUntilOver(response: Outgoing, bytes: number): void {
    if (response.closed) this.#room.give(bytes);
    else response.once('close', () => this.#room.give(bytes));
  }

  #call(
    request: Incoming,
    response: Outgoing,
    seen: Pick<Call, 'operation' | 'method' | 'path' | 'body' | 'startedAt' | 'arrivedAt'>,
    guest: Guest | Stranger,
    refused: Fault | null,
  ): void {
    const { headers } = request;
    const { reading, problem, parsed } = readRequest(
      seen.operation,
      seen.path,
      seen.body instanceof Uint8Array ? seen.body : null,
      this.#deps.parsedUpTo,
    );
    const caller = 'fault' in guest ? guest.plain : guest.callerOf(headers, seen, reading);
    const unwelcome = 'kind' in caller ? caller : null;
    // Whoever takes a placeholder is not kept waiting: how long it waits for that says nothing of the answer.
    if (headers['x-holdfast-placeholder-after'] !== undefined) delete headers['x-stainless-timeout'];
    const asks = readAsks(headers);
    const cancellation = new Cancellation();
    // Written out, because spreading two objects into a third costs a microsecond here.
    const call: Call = {
      operation: seen.operation,
      method: seen.method,
      path: seen.path,
      body: seen.body,
      parsed,
      notes: NOTHING_SAID,
      told: NOTHING_SAID,
      startedAt: seen.startedAt,
      arrivedAt: seen.arrivedAt,
      model: reading.model,
      stream: reading.stream,
      choices: reading.choices,
      pins: reading.pins,
      problem: refused ?? unwelcome ?? problem ?? asks.fault,
      id: this.#nextId(),
      door: 'gateway',
      caller: 'kind' in caller ? guest.plain : caller,
      queueMs: asks.queueMs,
      headers,
      patienceMs: asks.patienceMs,
      callerRetries: retriesTold(headers),
      trace: this.#deps.traceOf(headers),
      expectedTokens: 0,
      admission: null,
      cancellation,
      route: null,
      attempts: [],
      waitedMs: 0,
      upstreamMs: 0,
    };
    this.#running += 1;
    const { jobs } = this.#deps;
    const isJob = jobs.calls.wants(call);
    response.on('close', () => {
      if (!isJob && !response.writableFinished) cancellation.cancel('the caller closed the connection');
      this.#running -= 1;
      if (this.#running === 0) this.#idle?.();
    });
    if (isJob) {
      jobs.calls.take(response, call).catch((error: unknown) => this.#broken(response, call, error));
      return;
    }
    this.#deps.handle(call).then(
      (reply) => this.#replies.add({ request, response, call, reply }),
      (error: unknown) => this.#broken(response, call, error),
    );
  }

  #write({ request, response, call, reply }: Due): void {
    try {
      // What is left of a refused body would be read as the next request: the connection has to go.
      if (call.problem !== null && !request.complete) response.setHeader('connection', 'close');
      answer(response, call, reply, this.#deps.clock, this.#options.limits.slowReaderMs);
      if (call.problem !== null) request.resume();
    } catch (error) {
      this.#broken(response, call, error);
    }
  }

  #count(request: IncomingMessage, response: ServerResponse, guest: Guest): void {
    const { clock, counters, payload: thread } = this.#deps;
    const refuse = (fault: Fault): void => this.#turnAway(request, response, fault);
    const deps = { thread, limits: this.#options.limits, room: this.#room, clock, counters, refuse };
    answerCount(request, response, guest, deps);
  }

  /** A defect of Holdfast's own: the caller is told so, and the process lives on. */
  #broken(response: Outgoing, call: Call, error: unknown): void {
    console.error(`holdfast: call ${call.id} hit a defect:`, error);
    if (response.headersSent) response.destroy();
    else refuse(response, call, faultOf('internal'), null, this.#deps.clock);
  }

  /** Refuses what never became a call. */
  #turnAway(request: Incoming, response: Outgoing, fault: Fault): void {
    if (!request.complete) response.setHeader('connection', 'close');
    const call = { id: this.#nextId(), attempts: [] };
    refuse(response, call, fault, fault.retry.afterMs, this.#deps.clock);
    request.resume();
  }

  #ready(response: ServerResponse): void {
    const { ready, facts } = this.#deps.readiness();
    const status = this.#draining ? 'draining' : ready ? 'ready' : 'not ready';
    sendJson(response, status === 'ready' ? 200 : 503, { status, running: this.#running, ...facts });
  }
}

/** A request's address. A key that stands in it, as Google's wire allows, goes where nobody writes it down. */
function addressOf(request: IncomingMessage): string {
  const url = request.url ?? '/';
  const taken = url.includes('key=') ? keyTakenFrom(url) : null;
  if (taken === null) return url;
  request.headers['x-goog-api-key'] ??= taken.key;
  request.url = taken.url;
  return taken.url;
}

/** A body that is carried as it comes. */
function uploadOf(request: IncomingMessage): Upload {
  return { kind: 'upload', source: request.iterator({ destroyOnReturn: false }) };
}

/** What a request asks for that is not one of the usual calls. */
function called({ method = 'GET' }: IncomingMessage, path: string): Called {
  const query = path.indexOf('?');
  return { path, operation: operationOf(method, query < 0 ? path : path.slice(0, query)) };
}

function unknownPath(url: string): Fault {
  const path = url.split('?', 1)[0] ?? url;
  return faultOf('not-found', {
    message: `there is nothing at ${path.slice(0, 200)}`,
    remedy: url.startsWith('/anthropic')
      ? "Point Anthropic's SDK at /anthropic, without /v1: it asks for /anthropic/v1/messages then."
      : 'End the base URL in /v1, and write the path as the API reference does: /v1/chat/completions.',
    evidence: ['path outside /v1'],
    code: 'unknown_url',
  });
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response
    .writeHead(status, {
      'content-type': 'application/json',
      'content-length': bytes.length,
      'cache-control': 'no-store',
    })
    .end(bytes);
}
