/**
 * The least that a proxy on Node can cost: node:http in front, undici's `dispatch` behind, bodies buffered, headers passed
 * on. It checks nothing, keeps nothing and survives nothing; everything else is measured as a multiple of it.
 *
 * Environment: PORT, UPSTREAM (origin).
 */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { type Dispatcher, Pool } from 'undici';

const OF_THE_REQUEST: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'host',
  'keep-alive',
  'transfer-encoding',
]);
const OF_THE_ANSWER: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'transfer-encoding']);

const pool = new Pool(process.env['UPSTREAM'] ?? '', {
  connections: null,
  pipelining: 1,
  headersTimeout: 0,
  bodyTimeout: 0,
});

class Forward implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse;
  #controller: Dispatcher.DispatchController | null = null;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  abandon(): void {
    this.#controller?.abort(new Error('the caller left'));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    this.#response.writeHead(status, without(OF_THE_ANSWER, headers));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#response.write(chunk)) return;
    controller.pause();
    this.#response.once('drain', () => controller.resume());
  }

  onResponseEnd(): void {
    this.#response.end();
  }

  onResponseError(): void {
    if (!this.#response.headersSent) this.#response.writeHead(502);
    this.#response.end();
  }
}

function without(names: ReadonlySet<string>, headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const kept: IncomingHttpHeaders = {};
  for (const name in headers) if (!names.has(name)) kept[name] = headers[name];
  return kept;
}

const server = createServer({ keepAliveTimeout: 65_000 }, (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = chunks.length === 1 ? (chunks[0] ?? null) : Buffer.concat(chunks);
    const forward = new Forward(response);
    response.on('close', () => {
      if (!response.writableFinished) forward.abandon();
    });
    const { url = '/', method = 'GET', headers } = request;
    const kept = without(OF_THE_REQUEST, headers);
    pool.dispatch({ path: url, method: method as Dispatcher.HttpMethod, headers: kept, body }, forward);
  });
});
server.listen({ port: Number(process.env['PORT']), host: '127.0.0.1', backlog: 65_535 });
