import type { Dispatcher } from 'undici';
import type { Call } from '../../engine/call.ts';
import type { Endpoint, Exchange, Receiver } from '../../engine/ports.ts';
import { outgoingTraceparent } from '../../engine/trace.ts';
import { HttpWire } from '../http.ts';
import { isKeptBack, pushHeader } from '../request-headers.ts';
import { type Address, type Provider, type ProviderName, PROVIDERS } from './provider.ts';
import { withModel } from './splice.ts';

/** How a target is reached and what it is told. */
export interface EndpointOptions {
  readonly id: string;
  readonly provider: ProviderName;
  /** The API's root, e.g. `https://api.openai.com/v1`. */
  readonly baseUrl: string;
  /** Gives the key at the time of the call; null sends none; `caller` hands on what the caller sent. */
  readonly key: (() => string | null) | 'caller';
  readonly deployment: string | null;
  readonly apiVersion: string | null;
  /** Sent with every call: organisation, project, headers of the configuration. Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** An undici dispatcher to send through instead of a pool of our own. */
  readonly dispatcher?: Dispatcher;
}

/** Which account a call is for: the caller may only say so when it is the caller's own key. */
const ACCOUNT_HEADERS: ReadonlySet<string> = new Set(['openai-organization', 'openai-project']);
const CREDENTIALS = ['authorization', 'api-key', 'x-api-key'] as const;

/** A target that speaks OpenAI's wire format: bytes go through as they are, but for a model's name. */
export class OpenAIEndpoint implements Endpoint {
  readonly id: string;
  readonly provider: ProviderName;
  readonly #options: EndpointOptions;
  readonly #row: Provider;
  readonly #origin: string;
  readonly #address: Address;
  readonly #wire: HttpWire;

  constructor(options: EndpointOptions) {
    const url = new URL(options.baseUrl);
    this.id = options.id;
    this.provider = options.provider;
    this.#options = options;
    this.#row = PROVIDERS[options.provider];
    this.#origin = url.origin;
    const { deployment, apiVersion } = options;
    this.#address = { basePath: url.pathname.replace(/\/+$/, ''), deployment, apiVersion };
    this.#wire = new HttpWire(url.origin, options.dispatcher);
  }

  open(call: Call, model: string | null, receiver: Receiver): Exchange {
    const { body } = call;
    return this.#wire.send(
      this.#origin,
      {
        method: call.method,
        path: this.#row.path(this.#address, call.path),
        headers: this.#headers(call),
        body: model !== null && body instanceof Uint8Array ? withModel(body, model) : body,
        raw: call.operation === 'passthrough',
      },
      receiver,
    );
  }

  close(): Promise<void> {
    return this.#wire.close();
  }

  #headers(call: Call): string[] {
    const { key, headers } = this.#options;
    const out: string[] = [];
    const upload = call.body !== null && 'kind' in call.body;
    const trace = outgoingTraceparent(call);
    for (const name in call.headers) {
      // A body that is carried unread keeps its announced length; a kept one has its own.
      if ((isKeptBack(name) && !(upload && name === 'content-length')) || name in headers) continue;
      if (key !== 'caller' && ACCOUNT_HEADERS.has(name)) continue;
      if (trace !== null && name === 'traceparent') continue;
      pushHeader(out, name, call.headers[name]);
    }
    if (trace !== null) out.push('traceparent', trace);
    if (key === 'caller') for (const name of CREDENTIALS) pushHeader(out, name, call.headers[name]);
    else {
      const secret = key();
      if (secret !== null) out.push(...this.#row.keyHeader(secret));
    }
    for (const name in headers) out.push(name, headers[name] as string);
    const { clientRequestId } = this.#row;
    if (clientRequestId !== null && call.headers[clientRequestId] === undefined) out.push(clientRequestId, call.id);
    return out;
  }
}
