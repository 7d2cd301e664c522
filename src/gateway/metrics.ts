import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Family } from '../observe/metrics/families.ts';
import { expose } from '../observe/metrics/exposition.ts';

export interface MetricsDeps {
  readonly families: readonly Family[];
  /** Lets the request in, or answers it itself with why not. */
  readonly admit: (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;
}

/** `GET /metrics`: what a scraper reads. */
export class MetricsPage {
  readonly #deps: MetricsDeps;

  constructor(deps: MetricsDeps) {
    this.#deps = deps;
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    this.#answer(request, response).catch((error: unknown) => {
      console.error('holdfast: the metrics hit a defect:', error);
      response.destroy();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!(await this.#deps.admit(request, response))) return;
    const { contentType, body } = await expose(this.#deps.families, request.headers.accept);
    response
      .writeHead(200, {
        'content-type': contentType,
        'content-length': Buffer.byteLength(body),
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      })
      .end(body);
  }
}
