import type { Receiver } from '../../../src/engine/ports.ts';
import { HttpWire } from '../../../src/providers/http.ts';
import type { Order } from '../../../src/simulator/virtual/order.ts';
import type { Request, Service } from '../../../src/simulator/virtual/provider.ts';

/** The same call from everybody. */
export const QUESTION: { model: string; messages: { role: 'user'; content: string }[] } = {
  model: 'gpt-4o',
  messages: [{ role: 'user', content: 'How is the weather?' }],
};

/** Any key will do for a simulator; it has to be one. */
export const KEY = 'sk-storm';

const BODY = Buffer.from(JSON.stringify(QUESTION));
const HEADERS = ['content-type', 'application/json', 'authorization', `Bearer ${KEY}`];

/** A server on this machine that takes orders over real HTTP. */
export class HttpService implements Service {
  readonly spec = { id: 'http' };
  readonly #origin: string;
  readonly #wire: HttpWire;

  readonly #headers: string[];

  /** @param patienceMs how long the caller says it will wait, as official SDKs do; null when it does not say. */
  constructor(port: number, patienceMs: number | null) {
    this.#headers = patienceMs === null ? HEADERS : [...HEADERS, 'x-stainless-timeout', String(patienceMs / 1000)];
    this.#origin = `http://127.0.0.1:${port}`;
    this.#wire = new HttpWire(this.#origin);
  }

  receive(_order: Order, receiver: Receiver): Request {
    const request = { method: 'POST', path: '/v1/chat/completions', headers: this.#headers, body: BODY, raw: false };
    const exchange = this.#wire.send(this.#origin, request, receiver);
    return { leave: () => exchange.abort() };
  }

  close(): Promise<void> {
    return this.#wire.close();
  }
}
