import { ANYONE } from './caller.ts';
import type { Call } from './call.ts';
import { Cancellation } from './cancellation.ts';
import type { Clock } from './clock.ts';
import type { Endpoint, Exchange, Receiver } from './ports.ts';

/** What a scripted endpoint does with one call, in order; numbers are pauses in ms. */
export type Script = readonly (number | ((receiver: Receiver) => void))[];

/** An endpoint that plays scripts on the engine's own clock, one for each call, the last again and again. */
export class ScriptedEndpoint implements Endpoint {
  readonly provider = 'openai';
  readonly id: string;
  opened = 0;
  aborted = 0;
  readonly models: (string | null)[] = [];
  readonly #clock: Clock;
  readonly #scripts: readonly Script[];

  constructor(id: string, clock: Clock, scripts: readonly Script[]) {
    this.id = id;
    this.#clock = clock;
    this.#scripts = scripts;
  }

  open(_call: Call, model: string | null, receiver: Receiver): Exchange {
    const script = this.#scripts[Math.min(this.opened, this.#scripts.length - 1)] ?? [];
    this.opened += 1;
    this.models.push(model);
    const exchange = { live: true };
    const play = (from: number): void => {
      for (let at = from; at < script.length && exchange.live; at += 1) {
        const step = script[at];
        if (typeof step === 'number') {
          this.#clock.after(step, () => play(at + 1));
          return;
        }
        step?.(receiver);
      }
    };
    this.#clock.after(0, () => play(0));
    return {
      abort: () => {
        exchange.live = false;
        this.aborted += 1;
      },
      pause: () => undefined,
      resume: () => undefined,
    };
  }
}

const JSON_HEADERS = { 'content-type': 'application/json' };
const SSE_HEADERS = { 'content-type': 'text/event-stream' };

export const sent = (receiver: Receiver): void => receiver.onSent();
export const sse = (receiver: Receiver): void => receiver.onHead(200, SSE_HEADERS);
export const end = (receiver: Receiver): void => receiver.onEnd();
export const bytes =
  (text: string) =>
  (receiver: Receiver): void =>
    receiver.onData(Buffer.from(text));

/** A chat chunk with this content. */
export const says = (content: string): ((receiver: Receiver) => void) =>
  bytes(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`);
export const role: (receiver: Receiver) => void = bytes(
  'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}\n\n',
);
export const stop: (receiver: Receiver) => void = bytes(
  'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
);
export const breaks = (receiver: Receiver): void =>
  receiver.onError(Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' }));

/** A whole answer of the given status. */
function whole(status: number, body: unknown, headers: Record<string, string> = {}): Script {
  const text = JSON.stringify(body);
  return [sent, (receiver) => receiver.onHead(status, { ...JSON_HEADERS, ...headers }), bytes(text), end];
}

export const answer: Script = whole(200, {
  choices: [{ index: 0, message: { content: 'yes' }, finish_reason: 'stop' }],
});
export const refusal = (status: number, code: string, headers: Record<string, string> = {}): Script =>
  whole(status, { error: { message: code, type: code, code, param: null } }, headers);

/** A chat call that has just arrived. */
export function callAt(clock: Clock, facts: Partial<Call> = {}): Call {
  return {
    id: 'hf-test',
    door: 'gateway',
    caller: ANYONE,
    queueMs: 0,
    operation: 'chat',
    method: 'POST',
    path: '/chat/completions',
    headers: {},
    body: Buffer.from('{}'),
    model: 'gpt-4o',
    stream: false,
    choices: 1,
    pins: [],
    startedAt: clock.now(),
    arrivedAt: clock.wall(),
    patienceMs: null,
    callerRetries: 0,
    expectedTokens: 0,
    admission: null,
    cancellation: new Cancellation(),
    problem: null,
    parsed: null,
    notes: [],
    told: [],
    route: null,
    attempts: [],
    waitedMs: 0,
    upstreamMs: 0,
    ...facts,
  };
}
