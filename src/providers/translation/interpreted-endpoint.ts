import type { Call, Operation } from '../../engine/call.ts';
import type { Endpoint, Exchange, Receiver } from '../../engine/ports.ts';
import { CALLER_WIRES, type InterpretedOperation } from '../caller-wires.ts';
import type { CallerWire, ChatFacts } from './caller-wire.ts';
import { type Loss, Untranslatable } from './loss.ts';
import { Translator } from './translator.ts';
import { requestIn, unsent } from './unsent.ts';

export interface InterpretedOptions {
  /** What callers ask in formats that the target does not speak. */
  readonly interprets: readonly InterpretedOperation[];
  /** What becomes of a call that loses something on the way: `tell` sends it and says so, `refuse` leaves it to another target. */
  readonly losses: 'tell' | 'refuse';
  /** What the target calls the cap on an answer. */
  readonly cap: ChatFacts['cap'];
  /** Milliseconds since 1970. @default the machine's clock */
  readonly wall?: () => number;
}

/**
 * A target that understands more than it speaks: what it does not speak is put into Chat Completions, which every target
 * does, and its answer is put back into the caller's own format.
 */
export class InterpretedEndpoint implements Endpoint {
  readonly id: string;
  readonly provider: string;
  readonly #inner: Endpoint & { close(): Promise<void> };
  readonly #options: InterpretedOptions;
  readonly #wires: Partial<Record<Operation, CallerWire>>;

  constructor(inner: Endpoint & { close(): Promise<void> }, options: InterpretedOptions) {
    this.id = inner.id;
    this.provider = inner.provider;
    this.#inner = inner;
    this.#options = options;
    this.#wires = Object.fromEntries(options.interprets.map((operation) => [operation, CALLER_WIRES[operation]]));
  }

  open(call: Call, model: string | null, receiver: Receiver): Exchange {
    const wire = this.#wires[call.operation];
    return wire === undefined ? this.#inner.open(call, model, receiver) : this.#interpret(wire, call, model, receiver);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  #interpret(wire: CallerWire, call: Call, model: string | null, receiver: Receiver): Exchange {
    const { losses: onLoss, cap, wall = Date.now } = this.#options;
    const request = requestIn(call);
    if (request === null) return unsent(receiver, CHAT, 'body', 'the request has to be one JSON object');
    const name = model ?? call.model ?? '';
    const losses: Loss[] = [];
    let chat: Readonly<Record<string, unknown>>;
    try {
      chat = wire.toChat(request, { model: name, cap, stream: call.stream }, losses);
    } catch (error) {
      if (!(error instanceof Untranslatable)) throw error;
      return unsent(receiver, CHAT, error.field, error.message);
    }
    const [loss] = losses;
    if (loss !== undefined && onLoss === 'refuse') return unsent(receiver, CHAT, loss.field, loss.why);
    if (loss !== undefined) receiver.onLost?.(losses);
    const answer = wire.answer({ request, model: name, wall: wall(), callId: call.id });
    const interpreted: Call = {
      ...call,
      operation: 'chat',
      path: '/chat/completions',
      headers: wire.headers(call.headers),
      body: Buffer.from(JSON.stringify(chat)),
    };
    const translator = new Translator(receiver, answer, call.stream, (field) => wire.fieldOf(field));
    return this.#inner.open(interpreted, model, translator);
  }
}

const CHAT = 'Chat Completions';
