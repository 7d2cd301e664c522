import type { Dispatcher } from 'undici';
import type { Call, Headers } from '../../engine/call.ts';
import { type Endpoint, type Exchange, type Receiver, Unsendable } from '../../engine/ports.ts';
import { modelFacts } from '../catalogue/catalogue.ts';
import { HttpWire } from '../http.ts';
import { withModel } from '../openai/splice.ts';
import { isKeptBack, pushHeader, pushTrace } from '../request-headers.ts';
import { NOTHING_SENT, requestIn, unsent } from '../translation/unsent.ts';
import { NativeReceiver } from './native-receiver.ts';
import { pathAtAnthropic } from './path.ts';
import { toMessages } from './to-messages.ts';
import { chatTranslator } from './translator.ts';
import { VERSION } from './version.ts';

/** How a target is reached and what it is told. */
export interface AnthropicOptions {
  readonly id: string;
  /** The API's root, e.g. `https://api.anthropic.com/v1`. */
  readonly baseUrl: string;
  /** Gives the key at the time of the call; null sends none; `caller` hands on what the caller sent. */
  readonly key: (() => string | null) | 'caller';
  /** Sent with every call: headers of the configuration. Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * What becomes of a call that loses something in translation: `tell` sends it and names each loss in a header, `refuse`
   * leaves it to another target.
   */
  readonly losses: 'tell' | 'refuse';
  /** The most tokens that a model says. @default as the catalogue knows it */
  readonly capOf?: (model: string) => number | null;
  /** Milliseconds since 1970. @default the machine's clock */
  readonly wall?: () => number;
  /** An undici dispatcher to send through instead of a pool of our own. */
  readonly dispatcher?: Dispatcher;
}

const WIRE = 'Messages';

/**
 * A target that speaks the Messages wire. Chat Completions are translated; what comes on its own wire goes through byte for
 * byte, but for a model's name.
 */
export class AnthropicEndpoint implements Endpoint {
  readonly id: string;
  readonly provider = 'anthropic';
  readonly #options: AnthropicOptions;
  readonly #origin: string;
  readonly #basePath: string;
  readonly #capOf: (model: string) => number | null;
  readonly #wall: () => number;
  readonly #wire: HttpWire;

  constructor(options: AnthropicOptions) {
    const url = new URL(options.baseUrl);
    this.id = options.id;
    this.#options = options;
    this.#origin = url.origin;
    this.#basePath = url.pathname.replace(/\/+$/, '');
    this.#capOf = options.capOf ?? ((model) => modelFacts(model)?.maxOutput ?? null);
    this.#wall = options.wall ?? Date.now;
    this.#wire = new HttpWire(url.origin, options.dispatcher);
  }

  open(call: Call, model: string | null, receiver: Receiver): Exchange {
    switch (call.operation) {
      case 'messages':
      case 'models':
      case 'passthrough':
        return this.#handOn(call, model, receiver);
      case 'chat':
        return this.#translate(call, model ?? call.model ?? '', receiver);
      default:
        return unsent(receiver, WIRE, call.operation, `Anthropic has no ${call.operation}`);
    }
  }

  close(): Promise<void> {
    return this.#wire.close();
  }

  #handOn(call: Call, model: string | null, receiver: Receiver): Exchange {
    const { body } = call;
    return this.#wire.send(
      this.#origin,
      {
        method: call.method,
        path: this.#basePath + pathAtAnthropic(call.path),
        headers: this.#callersHeaders(call),
        body: model !== null && body instanceof Uint8Array ? withModel(body, model) : body,
        raw: call.operation === 'passthrough',
      },
      new NativeReceiver(receiver, this.#wall()),
    );
  }

  #translate(call: Call, name: string, receiver: Receiver): Exchange {
    const request = requestIn(call);
    if (request === null) return unsent(receiver, WIRE, 'body', 'the request has to be one JSON object');
    const translation = toMessages(request, name, this.#capOf(name));
    if (translation.kind === 'untranslatable') {
      receiver.onError(new Unsendable(translation.fault));
      return NOTHING_SENT;
    }
    const { body, losses, tellsUsage } = translation;
    const [loss] = losses;
    if (loss !== undefined && this.#options.losses === 'refuse') return unsent(receiver, WIRE, loss.field, loss.why);
    if (loss !== undefined) receiver.onLost?.(losses);
    return this.#wire.send(
      this.#origin,
      {
        method: 'POST',
        path: `${this.#basePath}/messages`,
        headers: this.#ownHeaders(call),
        body: Buffer.from(JSON.stringify(body)),
        raw: false,
      },
      chatTranslator(receiver, { stream: call.stream, tellsUsage, wall: this.#wall() }),
    );
  }

  /** None of the caller's own but its credentials, where they are wanted: what they say is about another wire. */
  #ownHeaders(call: Call): string[] {
    const out = ['content-type', 'application/json', 'anthropic-version', VERSION];
    return this.#withOwn(call, this.#options.headers['anthropic-version'] === undefined ? out : out.slice(0, 2));
  }

  /** All of the caller's own that are meant for the provider: its version and betas among them. */
  #callersHeaders(call: Call): string[] {
    const { headers } = this.#options;
    const out: string[] = [];
    const upload = call.body !== null && 'kind' in call.body;
    for (const name in call.headers) {
      if ((isKeptBack(name) && !(upload && name === 'content-length')) || name in headers) continue;
      pushHeader(out, name, call.headers[name]);
    }
    const says = call.headers['anthropic-version'] ?? headers['anthropic-version'];
    if (says === undefined) out.push('anthropic-version', VERSION);
    return this.#withOwn(call, out);
  }

  #withOwn(call: Call, out: string[]): string[] {
    const { key, headers } = this.#options;
    if (key === 'caller') out.push(...callersKey(call.headers));
    else {
      const secret = key();
      if (secret !== null) out.push('x-api-key', secret);
    }
    pushTrace(out, call);
    for (const name in headers) out.push(name, headers[name] as string);
    return out;
  }
}

/** A key for Anthropic comes in `x-api-key`, or as OpenAI's SDKs send any key. */
function callersKey(headers: Headers): string[] {
  const key = headers['x-api-key'];
  if (typeof key === 'string') return ['x-api-key', key];
  const bearer = headers['authorization'];
  return typeof bearer === 'string' ? ['authorization', bearer] : [];
}
