import type { IncomingHttpHeaders } from 'node:http';
import type { Clock, Random } from '../engine/clock.ts';
import { seededRandom } from '../engine/random.ts';
import { hash, hexDigits } from './chance.ts';
import type { JsonObject } from './json.ts';
import type { Latency } from './latency.ts';
import type { About, Script, Wire } from './script.ts';

/** One request, read to its end. */
export interface Received {
  readonly method: string;
  /** Path as it came, without the query. */
  readonly path: string;
  /** Path below the host as api.openai.com would see it; Azure's paths are rewritten to these. */
  readonly route: string;
  /** Without the question mark. */
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  /** The body, or its first part where it is not JSON and large. */
  readonly body: Buffer;
  /** Length of the whole body. */
  readonly bytes: number;
  /** Lower-case hex digest of the whole body. */
  readonly sha256: () => string;
  /** The body as a JSON object; null where it is none. */
  readonly json: JsonObject | null;
  /** The model asked for, without a fault; empty where there is none. */
  readonly model: string;
  readonly key: string;
  readonly azure: boolean;
}

/** Answers one request with what will happen on the wire. */
export type Handler = (received: Received, upstream: Upstream) => Script;

/** The answer that a fixed or computed text gives in place of the drawn one; null lets the draw stand. */
export type ScriptedAnswer = string | ((received: Received) => string | null);

/** Things a provider keeps for its callers; the oldest are forgotten beyond this many. */
const MAX_KEPT = 10_000;

/** A bounded shelf of things by id. */
export class Shelf<T> {
  readonly #things = new Map<string, T>();

  put(id: string, thing: T): void {
    this.#things.set(id, thing);
    if (this.#things.size <= MAX_KEPT) return;
    for (const oldest of this.#things.keys()) {
      this.#things.delete(oldest);
      break;
    }
  }

  get(id: string): T | null {
    return this.#things.get(id) ?? null;
  }

  remove(id: string): boolean {
    return this.#things.delete(id);
  }

  values(): T[] {
    return [...this.#things.values()];
  }
}

/** A Responses answer that later requests can refer to. */
export interface KeptResponse {
  body: JsonObject;
  readonly input: readonly unknown[];
  /** Clock time at which background work is done; 0 for work that was done at once. */
  readonly doneAt: number;
}

export interface KeptFile {
  readonly body: JsonObject;
  readonly content: Buffer;
}

export interface UpstreamOptions {
  readonly name: string;
  readonly seed: number;
  readonly clock: Clock;
  readonly latency: Latency;
  readonly models: readonly string[] | null;
  readonly window: number | null;
  readonly scriptedAnswer: ScriptedAnswer | null;
  readonly answerTokens: number | null;
}

/** What one simulated provider is and remembers. Two of them in one process share nothing. */
export class Upstream {
  readonly name: string;
  readonly seed: number;
  readonly clock: Clock;
  readonly latency: Latency;
  readonly models: readonly string[] | null;
  readonly window: number | null;
  readonly scriptedAnswer: ScriptedAnswer | null;
  readonly answerTokens: number | null;
  readonly organization: string;
  readonly responses: Shelf<KeptResponse> = new Shelf();
  readonly files: Shelf<KeptFile> = new Shelf();
  readonly #ids: Random;

  constructor(options: UpstreamOptions) {
    this.name = options.name;
    this.seed = options.seed;
    this.clock = options.clock;
    this.latency = options.latency;
    this.models = options.models;
    this.window = options.window;
    this.scriptedAnswer = options.scriptedAnswer;
    this.answerTokens = options.answerTokens;
    this.organization = `org-${options.name}`;
    this.#ids = seededRandom(hash(options.name, options.seed));
  }

  /** A fresh id such as `chatcmpl-0a1b…`. */
  id(prefix: string, digits = 24): string {
    return prefix + hexDigits(this.#ids, digits);
  }

  /** Seconds since 1970, as the wires date their objects. */
  seconds(): number {
    return Math.floor(this.clock.wall() / 1000);
  }

  serves(model: string): boolean {
    return this.models === null || this.models.includes(model);
  }

  about(received: Received, wire: Wire, promptTokens = 0): About {
    const { model, azure } = received;
    const about = { wire, model, azure, organization: this.organization, promptTokens };
    return this.window === null ? about : { ...about, window: this.window };
  }

  scripted(received: Received): string | null {
    return typeof this.scriptedAnswer === 'function' ? this.scriptedAnswer(received) : this.scriptedAnswer;
  }
}
