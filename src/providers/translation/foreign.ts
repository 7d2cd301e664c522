import type { Dispatcher } from 'undici';
import type { Call, Headers } from '../../engine/call.ts';
import { type Receiver, Unsendable } from '../../engine/ports.ts';
import { isKeptBack, pushHeader, pushTrace } from '../request-headers.ts';
import type { TranslatedRequest } from './chat-request.ts';
import { requestIn, unsent } from './unsent.ts';

/** How a target that speaks another wire than OpenAI's is reached, and what it is told. */
export interface ForeignOptions {
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
  /** An undici dispatcher to send through instead of connections of our own. */
  readonly dispatcher?: Dispatcher;
}

/** A chat call in another wire's words, with the request that it was. */
export type Translated = Extract<TranslatedRequest, { kind: 'translated' }> & {
  readonly request: Readonly<Record<string, unknown>>;
};

/**
 * Puts a chat call into another wire's words; null, and the receiver told why, when that cannot be or loses more than the target
 * allows.
 *
 * @param wire its name, for people: `Messages`.
 */
export function translated(
  call: Call,
  receiver: Receiver,
  wire: string,
  losing: ForeignOptions['losses'],
  translate: (request: Readonly<Record<string, unknown>>) => TranslatedRequest,
): Translated | null {
  const refuse = (field: string, why: string): null => {
    unsent(receiver, wire, field, why);
    return null;
  };
  const request = requestIn(call);
  if (request === null) return refuse('body', 'the request has to be one JSON object');
  const translation = translate(request);
  if (translation.kind === 'untranslatable') {
    receiver.onError(new Unsendable(translation.fault));
    return null;
  }
  const [loss] = translation.losses;
  if (loss !== undefined && losing === 'refuse') return refuse(loss.field, loss.why);
  if (loss !== undefined) receiver.onLost?.(translation.losses);
  return { ...translation, request };
}

/** How a provider is told whose call it is. */
export interface KeyHeaders {
  /** The header that carries a key of ours: `x-api-key`. */
  readonly name: string;
  /** The caller's own key, as the provider wants it: names and values. */
  readonly callers: (headers: Headers) => readonly string[];
}

/** All of the caller's own headers that are meant for the provider. */
export function callersHeaders(call: Call, { headers }: Pick<ForeignOptions, 'headers'>): string[] {
  const out: string[] = [];
  const upload = call.body !== null && 'kind' in call.body;
  for (const name in call.headers) {
    if ((isKeptBack(name) && !(upload && name === 'content-length')) || name in headers) continue;
    pushHeader(out, name, call.headers[name]);
  }
  return out;
}

/** Adds the key, the trace and what the configuration says: of the caller's own there are only its credentials, where wanted. */
export function withOwn(
  out: string[],
  call: Call,
  { key, headers }: Pick<ForeignOptions, 'key' | 'headers'>,
  keyHeaders: KeyHeaders,
): string[] {
  if (key === 'caller') out.push(...keyHeaders.callers(call.headers));
  else {
    const secret = key();
    if (secret !== null) out.push(keyHeaders.name, secret);
  }
  pushTrace(out, call);
  for (const name in headers) out.push(name, headers[name] as string);
  return out;
}
