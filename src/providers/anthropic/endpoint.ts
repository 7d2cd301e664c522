import type { Dispatcher } from 'undici';
import type { Call } from '../../engine/call.ts';
import { type Endpoint, type Exchange, type Receiver, Unsendable } from '../../engine/ports.ts';
import { modelFacts } from '../catalogue/catalogue.ts';
import { HttpWire } from '../http.ts';
import { parse } from '../openai/chat.ts';
import { isObject } from '../openai/request.ts';
import { type Loss, tellLosses, untranslatable } from '../translation/loss.ts';
import { toMessages } from './to-messages.ts';
import { chatTranslator } from './translator.ts';

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

/**
 * The version of the wire that is spoken. A later one (2026-10-21) refuses every temperature, also of models that take one;
 * this one is served for all.
 */
const VERSION = '2023-06-01';

/** Tells what was lost in translation, in the head of the answer that lost it. */
const LOST = 'x-holdfast-lost';

/** A target that speaks the Messages wire, for callers who speak Chat Completions. */
export class AnthropicEndpoint implements Endpoint {
  readonly id: string;
  readonly provider = 'anthropic';
  readonly #options: AnthropicOptions;
  readonly #origin: string;
  readonly #path: string;
  readonly #capOf: (model: string) => number | null;
  readonly #wall: () => number;
  readonly #wire: HttpWire;

  constructor(options: AnthropicOptions) {
    const url = new URL(options.baseUrl);
    this.id = options.id;
    this.#options = options;
    this.#origin = url.origin;
    this.#path = `${url.pathname.replace(/\/+$/, '')}/messages`;
    this.#capOf = options.capOf ?? ((model) => modelFacts(model)?.maxOutput ?? null);
    this.#wall = options.wall ?? Date.now;
    this.#wire = new HttpWire(url.origin, options.dispatcher);
  }

  open(call: Call, model: string | null, receiver: Receiver): Exchange {
    const name = model ?? call.model ?? '';
    if (call.operation !== 'chat')
      return unsent(receiver, call.operation, 'an Anthropic target takes chat completions');
    const request = requestOf(call);
    if (request === null) return unsent(receiver, 'body', 'the request has to be one JSON object');
    const translation = toMessages(request, name, this.#capOf(name));
    if (translation.kind === 'untranslatable') {
      receiver.onError(new Unsendable(translation.fault));
      return NOTHING_SENT;
    }
    const { body, losses, tellsUsage } = translation;
    const [loss] = losses;
    if (loss !== undefined && this.#options.losses === 'refuse') return unsent(receiver, loss.field, loss.why);
    const told = toldOf(losses);
    const translator = chatTranslator(receiver, { stream: call.stream, tellsUsage, wall: this.#wall(), told });
    return this.#wire.send(
      this.#origin,
      {
        method: 'POST',
        path: this.#path,
        headers: this.#headers(call),
        body: Buffer.from(JSON.stringify(body)),
        raw: false,
      },
      translator,
    );
  }

  close(): Promise<void> {
    return this.#wire.close();
  }

  /** None of the caller's own but its credentials, where they are wanted: what they say is about another wire. */
  #headers(call: Call): string[] {
    const { key, headers } = this.#options;
    const out = ['content-type', 'application/json', 'anthropic-version', headers['anthropic-version'] ?? VERSION];
    if (key === 'caller') out.push(...callersKey(call));
    else {
      const secret = key();
      if (secret !== null) out.push('x-api-key', secret);
    }
    for (const name in headers) if (name !== 'anthropic-version') out.push(name, headers[name] as string);
    return out;
  }
}

const NOTHING_SENT: Exchange = { abort: () => undefined, pause: () => undefined, resume: () => undefined };

function unsent(receiver: Receiver, field: string, why: string): Exchange {
  receiver.onError(new Unsendable(untranslatable('Messages', field, why)));
  return NOTHING_SENT;
}

function requestOf({ body }: Call): Record<string, unknown> | null {
  if (!(body instanceof Uint8Array)) return null;
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const request = parse(bytes.toString('utf8', bytes[0] === 0xef ? 3 : 0));
  return isObject(request) ? request : null;
}

/** A key for Anthropic comes in `x-api-key`, or as OpenAI's SDKs send any key. */
function callersKey({ headers }: Call): string[] {
  const key = headers['x-api-key'];
  if (typeof key === 'string') return ['x-api-key', key];
  const bearer = headers['authorization'];
  return typeof bearer === 'string' ? ['authorization', bearer] : [];
}

function toldOf(losses: readonly Loss[]): Readonly<Record<string, string>> {
  return losses.length === 0 ? {} : { [LOST]: tellLosses(losses) };
}
