import type { Call, Headers } from '../../engine/call.ts';
import type { Endpoint, Exchange, Receiver } from '../../engine/ports.ts';
import { modelFacts } from '../catalogue/catalogue.ts';
import { HttpWire } from '../http.ts';
import { callersHeaders, type ForeignOptions, type KeyHeaders, translated, withOwn } from '../translation/foreign.ts';
import { NOTHING_SENT, unsent } from '../translation/unsent.ts';
import { askedIn, pathAtGemini, pathOf } from './path.ts';
import { toGenerate } from './to-generate.ts';
import { chatTranslator, modelsTranslator } from './translator.ts';

const WIRE = 'Gemini';

const KEY: KeyHeaders = { name: 'x-goog-api-key', callers: callersKey };

/**
 * A target that speaks Google's generateContent. Chat Completions are translated; what comes on its own wire goes through byte
 * for byte, but for a model's name in its path.
 */
export class GeminiEndpoint implements Endpoint {
  readonly id: string;
  readonly provider = 'gemini';
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
        headers: withOwn(callersHeaders(call, this.#options), call, this.#options, KEY),
        body: call.body,
        raw: call.operation === 'passthrough',
      },
      receiver,
    );
  }

  /** OpenAI's path to its models, asked of Google and answered as OpenAI would. */
  #list(call: Call, receiver: Receiver): Exchange {
    const headers = withOwn([], call, this.#options, KEY);
    const path = `${this.#basePath}${call.path}${call.path === '/models' ? '?pageSize=1000' : ''}`;
    const request = { method: call.method, path, headers, body: null, raw: false };
    return this.#wire.send(this.#origin, request, modelsTranslator(receiver));
  }

  #translate(call: Call, name: string, receiver: Receiver): Exchange {
    const { losses } = this.#options;
    const cap = this.#capOf(name);
    const put = translated(call, receiver, WIRE, losses, (asked) => toGenerate(asked, name, cap));
    if (put === null) return NOTHING_SENT;
    const { body, tellsUsage, request } = put;
    const { stream, choices } = call;
    const mayBeEmpty = request['stop'] !== undefined && request['stop'] !== null;
    return this.#wire.send(
      this.#origin,
      {
        method: 'POST',
        path:
          this.#basePath +
          (stream ? pathOf(name, 'streamGenerateContent', '?alt=sse') : pathOf(name, 'generateContent')),
        headers: withOwn(['content-type', 'application/json'], call, this.#options, KEY),
        body: Buffer.from(JSON.stringify(body)),
        raw: false,
      },
      chatTranslator(receiver, { stream, tellsUsage, choices, mayBeEmpty, wall: this.#wall() }),
    );
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
