import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Clock } from '../engine/clock.ts';
import { seededRandom } from '../engine/random.ts';
import * as anthropic from './anthropic/account.ts';
import { Climate } from './climate.ts';
import type { Capacity } from './climate.ts';
import { Delivery } from './delivery.ts';
import { ExactClock } from './exact-clock.ts';
import { misbehave, parseFault } from './faults.ts';
import * as gemini from './gemini/account.ts';
import type { ChosenFault } from './faults.ts';
import { numberAt, objectAt } from './json.ts';
import { Latency } from './latency.ts';
import type { LatencyOverrides } from './latency.ts';
import { Ledger } from './ledger.ts';
import type { SeenRequest, SimulatorStats } from './ledger.ts';
import { Limiter } from './limits.ts';
import type { RateLimits } from './limits.ts';
import { receive } from './reception.ts';
import type { Reception } from './reception.ts';
import { incorrectKey, missingKey, refusal, unknownUrl } from './refusals.ts';
import { answer } from './routes.ts';
import { durationOf, wholeScript } from './script.ts';
import type { About, Head, Script, WholeAnswer } from './script.ts';
import { Shift } from './shift.ts';
import { statusPage } from './status-page.ts';
import { Upstream } from './upstream.ts';
import type { Received, ScriptedAnswer } from './upstream.ts';
import type { Weather } from './weather.ts';

/** How to start a simulated provider. Every field may be left out. */
export interface SimulatorOptions {
  /** @default 0, any free port */
  readonly port?: number;
  /** @default '127.0.0.1' */
  readonly host?: string;
  /**
   * Tells two providers apart: it is in `openai-organization` and `x-simulator`, and binds what one provider encrypts.
   * @default 'simulator'
   */
  readonly name?: string;
  /** The same seed and request give the same answer. @default 1 */
  readonly seed?: number;
  /** Places tokens in time and dates them. @default real time, exact to a millisecond */
  readonly clock?: Clock;
  /** Factor on the times that are drawn: 0 answers at once, 1 takes as long as the real thing. @default 0 */
  readonly speed?: number;
  /** Fixed times in place of drawn ones; taken literally, whatever the speed. */
  readonly latency?: LatencyOverrides;
  /** Enforced for each key and model. @default none; the headers then tell of a limit nobody reaches */
  readonly limits?: RateLimits;
  /** How many calls are worked on at once. @default any number */
  readonly capacity?: Capacity;
  /** Begins with the simulator. @default calm */
  readonly weather?: Weather;
  /** The keys that are accepted. @default any that is not empty */
  readonly keys?: readonly string[];
  /** The models that are served; any other is a 404. @default every name, known or not */
  readonly models?: readonly string[];
  /**
   * Most tokens of prompt and answer that every model takes here, told in the lists of models: as `max_model_len`, where
   * OpenAI's own list tells nothing. @default what each model takes
   */
  readonly window?: number;
  /** Said in place of a drawn answer, by every choice of every request; a function may answer null to let the draw stand. */
  readonly scriptedAnswer?: ScriptedAnswer;
  /** Length of drawn answers in tokens. @default drawn too, from 7 to 1000, half of them below 130 */
  readonly answerTokens?: number;
  /** How many requests {@link Simulator.requests} remembers. @default 200 */
  readonly rememberedRequests?: number;
}

/** A running simulated provider. */
export interface Simulator {
  /** Without a path: `http://127.0.0.1:4142`. An SDK wants `/v1` behind it. */
  readonly url: string;
  readonly port: number;
  readonly stats: SimulatorStats;
  /** The last requests, oldest first. */
  readonly requests: readonly SeenRequest[];
  /**
   * Makes every call fail in one way (`server-error`, `cut:17`), null ends it. `refuse` closes the listener at once.
   * @throws {Error} when there is no such fault
   */
  setFault(fault: string | null): void;
  /**
   * Faults for the next calls, one each, in order; null lets one pass unspoilt. They come before any other choice.
   * @throws {Error} when there is no such fault
   */
  nextFaults(faults: readonly (string | null)[]): void;
  /** The keys that are accepted from now on; null: any that is not empty. */
  acceptKeys(keys: readonly string[] | null): void;
  /** Begins a timeline now; null is calm. */
  setWeather(weather: Weather | null): void;
  close(): Promise<void>;
}

const OVERLOADED = parseFault('overloaded');

/**
 * Starts a simulated provider on real HTTP.
 *
 * @throws {Error} when the port cannot be had
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = new SimulatedProvider(options);
  await simulator.listen(options.port ?? 0);
  return simulator;
}

class SimulatedProvider implements Simulator {
  readonly #host: string;
  readonly #clock: Clock;
  readonly #upstream: Upstream;
  readonly #climate: Climate;
  readonly #limiter: Limiter;
  #keys: readonly string[] | null;
  readonly #ledger: Ledger;
  readonly #server: Server;
  #port = 0;
  #closed = false;
  #standing: ChosenFault | null = null;
  readonly #queued: (ChosenFault | null)[] = [];

  constructor(options: SimulatorOptions) {
    const { seed = 1, name = 'simulator', clock = new ExactClock() } = options;
    this.#host = options.host ?? '127.0.0.1';
    this.#clock = clock;
    this.#keys = options.keys ?? null;
    this.#ledger = new Ledger(options.rememberedRequests ?? 200);
    this.#limiter = new Limiter(options.limits ?? null, clock);
    const latency = new Latency({ random: seededRandom(seed), speed: options.speed ?? 0, ...options.latency });
    this.#climate = new Climate(clock, latency, options.capacity ?? null);
    this.#climate.set(options.weather ?? null);
    this.#upstream = new Upstream({
      name,
      seed,
      clock,
      latency,
      models: options.models ?? null,
      window: options.window ?? null,
      scriptedAnswer: options.scriptedAnswer ?? null,
      answerTokens: options.answerTokens ?? null,
    });
    // A client that keeps its connections expects them to last; Node's own five seconds would race its next request.
    this.#server = createServer({ keepAliveTimeout: 75_000, requestTimeout: 0 }, (request, response) => {
      if (!this.#showStatus(request, response)) receive(request, (reception) => this.#serve(reception, response));
    });
  }

  get url(): string {
    const host = this.#host.includes(':') ? `[${this.#host}]` : this.#host;
    return `http://${host}:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  get stats(): SimulatorStats {
    return this.#ledger;
  }

  get requests(): readonly SeenRequest[] {
    return this.#ledger.seen;
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, this.#host, () => {
        this.#server.off('error', reject);
        const address = this.#server.address();
        if (typeof address === 'object' && address !== null) this.#port = address.port;
        resolve();
      });
    });
  }

  setFault(fault: string | null): void {
    const before = this.#standing;
    this.#standing = fault === null ? null : parseFault(fault);
    if (this.#standing?.fault.name === 'refuse') this.#stopListening();
    else if (before?.fault.name === 'refuse') this.#resumeListening();
  }

  nextFaults(faults: readonly (string | null)[]): void {
    this.#queued.push(...faults.map((fault) => (fault === null ? null : parseFault(fault))));
  }

  acceptKeys(keys: readonly string[] | null): void {
    this.#keys = keys;
  }

  setWeather(weather: Weather | null): void {
    this.#climate.set(weather);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#climate.close();
    this.#server.closeAllConnections();
    if (!this.#server.listening) return;
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #serve({ received, faultInModel }: Reception, response: ServerResponse): void {
    const arrivedAt = this.#clock.now();
    this.#ledger.arrived(received, arrivedAt);
    const admitted = this.#admit(received);
    const script = this.#spoil(admitted.script, received, faultInModel);
    this.#play(script, response, admitted.headers, received.path, arrivedAt);
  }

  #play(
    script: Script,
    response: ServerResponse,
    limitHeaders: Record<string, string>,
    path: string,
    arrivedAt: number,
  ): void {
    const { workers, worksOn } = this.#climate;
    const delivery = new Delivery(script, response, {
      clock: this.#clock,
      commonHeaders: (head) => this.#commonHeaders(head, script, arrivedAt, limitHeaders),
      refuse: (forMs) => this.#refuse(forMs),
      onEnd: (end) => {
        shift?.end(end === 'aborted');
        const at = this.#clock.now();
        // Whoever is thrown out because the provider stops listening has not left by itself.
        const ended = this.#server.listening ? end : 'broken';
        this.#ledger.ended(script, ended, { path, at, afterMs: at - arrivedAt });
      },
    });
    const begin = () => delivery.start(this.#climate.serviceMs);
    const workMs = () => this.#climate.serviceMs + durationOf(script);
    const shift =
      workers === null || script.about.wire === 'other'
        ? null
        : new Shift({ workers, clock: this.#clock, workMs, worksOn, begin });
    this.#ledger.began(script);
    if (shift === null) delivery.start(0);
    else if (shift.start() === 'turned-away') delivery.replace(misbehave(script, OVERLOADED));
  }

  #showStatus(request: IncomingMessage, response: ServerResponse): boolean {
    const path = request.url?.split('?', 1)[0] ?? '';
    if (!path.startsWith('/api/v2/') && path !== '/status') return false;
    const { name } = this.#upstream;
    const { weather, elapsedMs } = this.#climate;
    const page = statusPage(path, { name, url: this.url, weather, elapsedMs, now: this.#clock.wall() });
    const { status, contentType, body } = page ?? unknownUrl('GET', path);
    response.writeHead(status, { 'content-type': contentType ?? 'application/json' }).end(body);
    return true;
  }

  /** The key, the provider's own answer and the rate limits, in the order of the real one. */
  #admit(received: Received): { script: Script; headers: Record<string, string> } {
    const refused = this.#checkKey(received);
    if (refused !== null) {
      const wire = anthropic.speaksMessages(received)
        ? 'messages'
        : gemini.speaksGemini(received)
          ? 'generate'
          : 'other';
      return { script: wholeScript(this.#upstream.about(received, wire), refused), headers: {} };
    }
    const script = answer(received, this.#upstream);
    const { about } = script;
    if (about.wire === 'other') return { script, headers: {} };
    const verdict = this.#limiter.admit(received.key, about, Math.max(about.promptTokens, outputCapOf(received)));
    if (verdict.refused === null) return { script, headers: verdict.headers };
    return { script: wholeScript(about, limitedIn(about, verdict.refused)), headers: verdict.headers };
  }

  #checkKey(received: Received) {
    const { key, azure } = received;
    if (key !== '' && (this.#keys === null || this.#keys.includes(key))) return null;
    if (anthropic.speaksMessages(received)) return anthropic.refusedKey(key);
    if (gemini.speaksGemini(received)) return gemini.refusedKey(key);
    return key === '' ? missingKey(azure) : incorrectKey(key, azure);
  }

  #spoil(script: Script, received: Received, faultInModel: string | null): Script {
    let chosen: ChosenFault | null;
    try {
      chosen = this.#chooseFault(received, faultInModel);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return wholeScript(script.about, refusal(400, 'unknown_simulated_fault', message, { param: 'model' }));
    }
    if (chosen === null) return script;
    this.#ledger.misbehaved(chosen.fault.name);
    return misbehave(script, chosen);
  }

  /** The most particular wish wins: the queue, the header, the model's name, the standing fault, the weather. */
  #chooseFault({ headers }: Received, faultInModel: string | null): ChosenFault | null {
    if (this.#queued.length > 0) return this.#queued.shift() ?? null;
    const inHeader = headers['x-simulate-fault'];
    if (typeof inHeader === 'string') return parseFault(inHeader);
    if (faultInModel !== null) return parseFault(faultInModel);
    if (this.#standing !== null) return this.#standing;
    const struck = this.#climate.strike();
    return struck === null ? null : parseFault(struck);
  }

  #commonHeaders(
    head: Head,
    { about }: Script,
    arrivedAt: number,
    limitHeaders: Record<string, string>,
  ): Record<string, string> {
    this.#ledger.answered(head.status);
    const edge = { server: 'cloudflare', 'cf-ray': this.#upstream.id('', 16) };
    if (head.edge) return edge;
    const id = this.#upstream.id('req_', 32);
    if (about.wire === 'messages') {
      const own = anthropic.anthropicHeaders(id, this.#upstream.organization, limitHeaders, this.#clock.wall());
      return { ...edge, ...own, 'x-simulator': this.#upstream.name };
    }
    // Google tells neither an id nor a limit in the head of an answer.
    if (about.wire === 'generate') return { server: 'scaffolding on HTTPServer2', 'x-simulator': this.#upstream.name };
    return {
      ...edge,
      'x-request-id': id,
      'openai-processing-ms': String(Math.max(1, Math.round(this.#clock.now() - arrivedAt))),
      'openai-organization': this.#upstream.organization,
      'openai-version': '2020-10-01',
      'x-simulator': this.#upstream.name,
      ...limitHeaders,
    };
  }

  #refuse(forMs: number): void {
    this.#stopListening();
    this.#clock.after(forMs, () => {
      if (this.#standing?.fault.name !== 'refuse') this.#resumeListening();
    });
  }

  #stopListening(): void {
    if (this.#server.listening) this.#server.close();
    this.#server.closeAllConnections();
  }

  #resumeListening(): void {
    if (this.#closed || this.#server.listening) return;
    this.#server.listen(this.#port, this.#host);
  }
}

/** A limiter's refusal in the words of the wire. */
function limitedIn({ wire, model }: About, refused: WholeAnswer): WholeAnswer {
  if (wire === 'messages') return anthropic.refusedByLimit(refused);
  return wire === 'generate' ? gemini.refusedByLimit(refused, model) : refused;
}

/** The output a request may cost, whatever its wire calls the cap. */
function outputCapOf({ json }: Received): number {
  if (json === null) return 0;
  return (
    numberAt(json, 'max_completion_tokens') ??
    numberAt(json, 'max_tokens') ??
    numberAt(json, 'max_output_tokens') ??
    numberAt(objectAt(json, 'generationConfig') ?? {}, 'maxOutputTokens') ??
    0
  );
}
