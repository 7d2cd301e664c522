import type { Dispatcher } from 'undici';
import type { Call } from '../../engine/call.ts';
import type { Endpoint, Exchange, Receiver } from '../../engine/ports.ts';
import { HttpWire } from '../http.ts';
import { isKeptBack, pushHeader, pushTrace } from '../request-headers.ts';
import { type Loss, Untranslatable } from '../translation/loss.ts';
import { requestIn, unsent } from '../translation/unsent.ts';
import { COMPATIBLE, type CompatibleName, type CompatibleServer } from './compatible.ts';
import { type Address, type Provider, type ProviderName, PROVIDERS } from './provider.ts';
import { adapted, mayConcern } from './quirks.ts';
import { withModel } from './splice.ts';

/** How a target is reached and what it is told. */
export interface EndpointOptions {
  readonly id: string;
  readonly provider: ProviderName;
  /** Which of the compatible servers it is. @default none that is known */
  readonly server?: CompatibleName | null;
  /** What becomes of a call that such a server cannot be asked as it stands. @default 'tell' */
  readonly losses?: 'tell' | 'refuse';
  /** The API's root, e.g. `https://api.openai.com/v1`. */
  readonly baseUrl: string;
  /** Gives the key at the time of the call; null sends none; `caller` hands on what the caller sent. */
  readonly key: (() => string | null) | 'caller';
  readonly deployment: string | null;
  readonly apiVersion: string | null;
  /** Sent with every call: organisation, project, headers of the configuration. Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** An undici dispatcher to send through instead of connections of our own. */
  readonly dispatcher?: Dispatcher;
}

/** Which account a call is for: the caller may only say so when it is the caller's own key. */
const ACCOUNT_HEADERS: ReadonlySet<string> = new Set(['openai-organization', 'openai-project']);
const CREDENTIALS = ['authorization', 'api-key', 'x-api-key'] as const;

/** A target that speaks OpenAI's wire format: bytes go through as they are, but for a model's name. */
export class OpenAIEndpoint implements Endpoint {
  readonly id: string;
  readonly provider: string;
  readonly #options: EndpointOptions;
  readonly #row: Provider;
  readonly #server: CompatibleServer | null;
  readonly #origin: string;
  readonly #address: Address;
  readonly #wire: HttpWire;

  constructor(options: EndpointOptions) {
    const url = new URL(options.baseUrl);
    this.id = options.id;
    const { server = null } = options;
    this.provider = server ?? options.provider;
    this.#server = server === null ? null : COMPATIBLE[server];
    this.#options = options;
    this.#row = PROVIDERS[options.provider];
    this.#origin = url.origin;
    const { deployment, apiVersion } = options;
    this.#address = { basePath: url.pathname.replace(/\/+$/, ''), deployment, apiVersion };
    this.#wire = new HttpWire(url.origin, options.dispatcher);
  }

  open(call: Call, model: string | null, receiver: Receiver): Exchange {
    if (this.#server !== null) return this.#fit(this.#server, call, model, receiver);
    const { body } = call;
    return this.#send(call, model !== null && body instanceof Uint8Array ? withModel(body, model) : body, receiver);
  }

  close(): Promise<void> {
    return this.#wire.close();
  }

  #send(call: Call, body: Call['body'], receiver: Receiver): Exchange {
    return this.#wire.send(
      this.#origin,
      {
        method: call.method,
        path: this.#row.path(this.#address, call.path),
        headers: this.#headers(call),
        body,
        raw: call.operation === 'passthrough',
      },
      receiver,
    );
  }

  /** Sends a call as a compatible server takes it: nearly always as it is. */
  #fit({ embeddings, quirks }: CompatibleServer, call: Call, model: string | null, receiver: Receiver): Exchange {
    const { operation, body } = call;
    if (operation === 'embeddings' && !embeddings) {
      return unsent(receiver, this.provider, operation, `${this.provider} has no embeddings`);
    }
    const bytes = body instanceof Uint8Array ? Buffer.from(body.buffer, body.byteOffset, body.byteLength) : null;
    const concerned = operation === 'chat' && quirks !== null && bytes !== null && mayConcern(bytes, quirks);
    const request = concerned ? requestIn(call) : null;
    if (request === null || quirks === null) {
      return this.#send(call, model !== null && bytes !== null ? withModel(bytes, model) : body, receiver);
    }
    const losses: Loss[] = [];
    let fitted: Readonly<Record<string, unknown>>;
    try {
      fitted = adapted(request, model ?? call.model ?? '', quirks, losses);
    } catch (error) {
      if (!(error instanceof Untranslatable)) throw error;
      return unsent(receiver, this.provider, error.field, error.message);
    }
    const [loss] = losses;
    if (loss !== undefined && this.#options.losses === 'refuse') {
      return unsent(receiver, this.provider, loss.field, loss.why);
    }
    if (loss !== undefined) receiver.onLost?.(losses);
    return this.#send(call, Buffer.from(JSON.stringify(fitted)), receiver);
  }

  #headers(call: Call): string[] {
    const { key, headers } = this.#options;
    const out: string[] = [];
    const upload = call.body !== null && 'kind' in call.body;
    for (const name in call.headers) {
      // A body that is carried unread keeps its announced length; a kept one has its own.
      if ((isKeptBack(name) && !(upload && name === 'content-length')) || name in headers) continue;
      if (key !== 'caller' && ACCOUNT_HEADERS.has(name)) continue;
      pushHeader(out, name, call.headers[name]);
    }
    pushTrace(out, call);
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
