import type { Call, Headers } from '../../engine/call.ts';
import type { Endpoint, Exchange, Receiver } from '../../engine/ports.ts';
import { modelFacts } from '../catalogue/catalogue.ts';
import { HttpWire } from '../http.ts';
import { withModel } from '../openai/splice.ts';
import { callersHeaders, type ForeignOptions, type KeyHeaders, translated, withOwn } from '../translation/foreign.ts';
import { NOTHING_SENT, unsent } from '../translation/unsent.ts';
import { NativeReceiver } from './native-receiver.ts';
import { pathAtAnthropic } from './path.ts';
import { toMessages } from './to-messages.ts';
import { chatTranslator } from './translator.ts';
import { VERSION } from './version.ts';

const WIRE = 'Messages';

const KEY: KeyHeaders = { name: 'x-api-key', callers: callersKey };

/**
 * A target that speaks the Messages wire. Chat Completions are translated; what comes on its own wire goes through byte for
 * byte, but for a model's name.
 */
export class AnthropicEndpoint implements Endpoint {
  readonly id: string;
  readonly provider = 'anthropic';
  readonly #options: ForeignOptions;
  readonly #origin: string;
  readonly #basePath: string;
  readonly #capOf: (model: string) => number | null;
  readonly #wall: () => number;
  readonly #wire: HttpWire;

  constructor(options: ForeignOptions) {
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
    const { losses } = this.#options;
    const cap = this.#capOf(name);
    const put = translated(call, receiver, WIRE, losses, (request) => toMessages(request, name, cap));
    if (put === null) return NOTHING_SENT;
    const { body, tellsUsage } = put;
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
    return withOwn(
      this.#options.headers['anthropic-version'] === undefined ? out : out.slice(0, 2),
      call,
      this.#options,
      KEY,
    );
  }

  /** All of the caller's own that are meant for the provider: its version and betas among them. */
  #callersHeaders(call: Call): string[] {
    const { headers } = this.#options;
    const out = callersHeaders(call, this.#options);
    const says = call.headers['anthropic-version'] ?? headers['anthropic-version'];
    if (says === undefined) out.push('anthropic-version', VERSION);
    return withOwn(out, call, this.#options, KEY);
  }
}

/** A key for Anthropic comes in `x-api-key`, or as OpenAI's SDKs send any key. */
function callersKey(headers: Headers): string[] {
  const key = headers['x-api-key'];
  if (typeof key === 'string') return ['x-api-key', key];
  const bearer = headers['authorization'];
  return typeof bearer === 'string' ? ['authorization', bearer] : [];
}
