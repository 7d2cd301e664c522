import type { Dispatcher } from 'undici';
import type { Call, Headers } from '../../engine/call.ts';
import { type Endpoint, type Exchange, type Receiver, Unsendable } from '../../engine/ports.ts';
import { modelFacts } from '../catalogue/catalogue.ts';
import { HttpWire } from '../http.ts';
import { isKeptBack, pushHeader, pushTrace } from '../request-headers.ts';
import { NOTHING_SENT, requestIn, unsent } from '../translation/unsent.ts';
import { askedIn, pathAtGemini, pathOf } from './path.ts';
import { toGenerate } from './to-generate.ts';
import { chatTranslator, modelsTranslator } from './translator.ts';

/** How a target is reached and what it is told. */
export interface GeminiOptions {
  readonly id: string;
  /** The API's root, e.g. `https://generativelanguage.googleapis.com/v1beta`. */
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

const WIRE = 'Gemini';

/**
 * A target that speaks Google's generateContent. Chat Completions are translated; what comes on its own wire goes through byte
 * for byte, but for a model's name in its path.
 */
export class GeminiEndpoint implements Endpoint {
  readonly id: string;
  readonly provider = 'gemini';
  readonly #options: GeminiOptions;
  readonly #origin: string;
  readonly #basePath: string;
  readonly #capOf: (model: string) => number | null;
  readonly #wall: () => number;
  readonly #wire: HttpWire;

  constructor(options: GeminiOptions) {
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
      case 'generate':
      case 'passthrough':
        return this.#handOn(call, model, receiver);
      case 'models':
        return this.#list(call, receiver);
      case 'chat':
        return this.#translate(call, model ?? call.model ?? '', receiver);
      default:
        return unsent(receiver, WIRE, call.operation, `Gemini has no ${call.operation}`);
    }
  }

  close(): Promise<void> {
    return this.#wire.close();
  }

  #handOn(call: Call, model: string | null, receiver: Receiver): Exchange {
    const asked = model === null ? null : askedIn(call.path);
    const path = asked === null ? pathAtGemini(call.path) : pathOf(model ?? asked.model, asked.method, asked.query);
    return this.#wire.send(
      this.#origin,
      {
        method: call.method,
        path: this.#basePath + path,
        headers: this.#callersHeaders(call),
        body: call.body,
        raw: call.operation === 'passthrough',
      },
      receiver,
    );
  }

  /** OpenAI's path to its models, asked of Google and answered as OpenAI would. */
  #list(call: Call, receiver: Receiver): Exchange {
    const headers = this.#withOwn(call, []);
    const path = `${this.#basePath}${call.path}${call.path === '/models' ? '?pageSize=1000' : ''}`;
    const request = { method: call.method, path, headers, body: null, raw: false };
    return this.#wire.send(this.#origin, request, modelsTranslator(receiver));
  }

  #translate(call: Call, name: string, receiver: Receiver): Exchange {
    const request = requestIn(call);
    if (request === null) return unsent(receiver, WIRE, 'body', 'the request has to be one JSON object');
    const translation = toGenerate(request, name, this.#capOf(name));
    if (translation.kind === 'untranslatable') {
      receiver.onError(new Unsendable(translation.fault));
      return NOTHING_SENT;
    }
    const { body, losses, tellsUsage } = translation;
    const [loss] = losses;
    if (loss !== undefined && this.#options.losses === 'refuse') return unsent(receiver, WIRE, loss.field, loss.why);
    if (loss !== undefined) receiver.onLost?.(losses);
    const { stream, choices } = call;
    const mayBeEmpty = request['stop'] !== undefined && request['stop'] !== null;
    return this.#wire.send(
      this.#origin,
      {
        method: 'POST',
        path:
          this.#basePath +
          (stream ? pathOf(name, 'streamGenerateContent', '?alt=sse') : pathOf(name, 'generateContent')),
        headers: this.#withOwn(call, ['content-type', 'application/json']),
        body: Buffer.from(JSON.stringify(body)),
        raw: false,
      },
      chatTranslator(receiver, { stream, tellsUsage, choices, mayBeEmpty, wall: this.#wall() }),
    );
  }

  /** All of the caller's own that are meant for the provider. */
  #callersHeaders(call: Call): string[] {
    const { headers } = this.#options;
    const out: string[] = [];
    const upload = call.body !== null && 'kind' in call.body;
    for (const name in call.headers) {
      if ((isKeptBack(name) && !(upload && name === 'content-length')) || name in headers) continue;
      pushHeader(out, name, call.headers[name]);
    }
    return this.#withOwn(call, out);
  }

  /** None of the caller's own but its credentials, where they are wanted: what they say is about another wire. */
  #withOwn(call: Call, out: string[]): string[] {
    const { key, headers } = this.#options;
    if (key === 'caller') out.push(...callersKey(call.headers));
    else {
      const secret = key();
      if (secret !== null) out.push('x-goog-api-key', secret);
    }
    pushTrace(out, call);
    for (const name in headers) out.push(name, headers[name] as string);
    return out;
  }
}

/** A key for Google comes in `x-goog-api-key`, or as OpenAI's SDKs send any key. */
function callersKey(headers: Headers): string[] {
  const key = headers['x-goog-api-key'] ?? bearerIn(headers);
  return typeof key === 'string' ? ['x-goog-api-key', key] : [];
}

function bearerIn({ authorization }: Headers): string | null {
  return typeof authorization === 'string' ? (/^bearer\s+(\S+)$/i.exec(authorization)?.[1] ?? null) : null;
}
