import type { Dispatcher } from 'undici';
import { heardTrace } from '../observe/trace/beginnings.ts';
import { assemble, type Assembly } from '../config/assemble.ts';
import type { TargetConfig } from '../config/config.ts';
import { resolveDegraded, type DegradedSection } from '../config/ladder.ts';
import type { CachePolicy } from '../engine/answers.ts';
import type { ContinuationStyle } from '../engine/continuing/ports.ts';
import type { StickPolicy } from '../engine/conversations.ts';
import type { HedgePolicy } from '../engine/hedge/hedger.ts';
import { readAsks, retriesTold } from '../engine/admission/asks.ts';
import { type Call, NOTHING_SAID, type Operation } from '../engine/call.ts';
import type { Caller } from '../engine/caller.ts';
import { callIds } from '../engine/call-id.ts';
import { Cancellation } from '../engine/cancellation.ts';
import type { Clock, Random } from '../engine/clock.ts';
import type { FaultKind } from '../engine/fault/fault.ts';
import type { Limits } from '../engine/admission/limits.ts';
import {
  type AdaptivePolicy,
  type BreakerPolicy,
  type BudgetPolicy,
  type PacingPolicy,
  DEFAULT_ADAPTIVE,
  DEFAULT_BREAKER,
  DEFAULT_BUDGET,
  DEFAULT_FALLBACK_ON,
  DEFAULT_PACING,
  DEFAULT_RETRY,
  DEFAULT_TIMEOUTS,
  DEFAULT_VALIDATION,
  type RetryPolicy,
  type Timeouts,
  type ValidationMode,
} from '../engine/policy.ts';
import type { Tell } from '../engine/admission/quota.ts';
import type { CallRecord } from '../engine/record.ts';
import { SystemClock } from '../engine/system-clock.ts';
import { fitField, type FitSection, resolveFit } from '../config/fit.ts';
import { type PriceSection, pricesField, resolvePrices } from '../config/prices.ts';
import { HeldSecret, NO_SECRET } from '../config/secrets.ts';
import { MOST_PARSED_BYTES } from '../payload/validate/inspect.ts';
import type { ProviderName } from '../providers/provider-name.ts';
import { readRequest, SKIMMED_BYTES } from '../providers/openai/request.ts';
import { countersFor, type SharedCounters } from './counting.ts';
import { type CallerOption, callersOf } from './limits.ts';
import { type MeantRequest, readFetch } from './request.ts';
import { toResponse } from './response.ts';

/** Where to turn when the SDK's own provider fails. */
export interface Fallback {
  /** Name in records and in `x-holdfast-target`. @default the host of `baseUrl` */
  readonly id?: string;
  /** @default 'openai-compatible' */
  readonly provider?: ProviderName;
  /** The API's root, e.g. `https://api.example.com/v1`. */
  readonly baseUrl: string;
  /** The key itself (from the environment, say); left out, none is sent. */
  readonly apiKey?: string;
  /** The model to ask for there. @default the one the caller asked for */
  readonly model?: string;
  /** How its models go on with an answer that broke off. @default as is known of them */
  readonly continues?: ContinuationStyle;
  /** Azure: deployment and dated API version. */
  readonly deployment?: string;
  readonly apiVersion?: string;
  /**
   * What becomes of a call that this provider's wire format has not all the words for: `tell` sends it without them and says
   * so in `x-holdfast-lost`, `refuse` leaves it to the next fallback.
   *
   * @default 'tell'
   */
  readonly losses?: 'tell' | 'refuse';
  /** Compatible servers without the Responses API are asked for chat completions in its place. @default 'native' */
  readonly responses?: 'native' | 'translate';
}

export interface HoldfastOptions {
  /** Tried in order when the SDK's own provider fails. @default none: retries, breaker and guard still work */
  readonly fallbacks?: readonly Fallback[];
  /** What does not say otherwise stays at the defaults of `holdfast/engine`'s DEFAULT_TIMEOUTS, ms. */
  readonly timeouts?: Partial<Timeouts>;
  readonly retry?: Partial<RetryPolicy>;
  readonly budget?: Partial<BudgetPolicy>;
  readonly breaker?: Partial<BreakerPolicy>;
  readonly adaptive?: Partial<AdaptivePolicy>;
  /** How the provider's rate limits are kept to. @default learnt from what it tells; `{ enabled: false }` leaves them alone */
  readonly pacing?: Partial<PacingPolicy>;
  /** Faults after which a fallback is tried. @default DEFAULT_FALLBACK_ON: never for refusals or bad requests */
  readonly fallbackOn?: Iterable<FaultKind>;
  /** What becomes of requests that the API would refuse. @default 'sample': they are sent, and what is wrong in one of sixteen is noted */
  readonly validate?: ValidationMode;
  /**
   * What becomes of prompts that are too long for their model, as in a configuration file:
   * `{ strategies: ['larger-window', 'trim'] }`. A summariser's `target` is `primary` or the id of a fallback.
   *
   * @default 'off': they are sent, and the provider says so
   */
  readonly fit?: FitSection;
  /**
   * What is given when neither the provider nor a fallback answers, in this order: `{ stale: { maxAge: 3_600_000 } }` (ms), an
   * earlier answer to the very same request; `{ canned: { text: 'Please try again soon.' } }`. Marked in `x-holdfast-degraded`.
   *
   * @default nothing: the SDK raises what went wrong
   */
  readonly degraded?: readonly DegradedSection[];
  /** Gives answers again to the very same request for so long, in place of asking. @default every request is asked */
  readonly cache?: CachePolicy;
  /**
   * Begins a second attempt beside a stream whose first content is late: after so many ms, or (null) when 95 of 100 have theirs.
   *
   * @default never
   * @example { afterMs: 800, budget: 0.05 }
   */
  readonly hedge?: HedgePolicy;
  /** Goes on with chats that break off after their first content, at a fallback or here. @default false: the SDK raises */
  readonly continue?: boolean;
  /**
   * Whether each call begins at the SDK's own provider, or a conversation goes on where it was answered last (for an hour).
   *
   * @default 'call'
   */
  readonly stick?: StickPolicy;
  /**
   * What the application may take, over all of its calls: it paces and pays for itself as a tenant of a gateway would.
   * Tokens and money are reserved before a call and settled with its real usage; a call beyond a limit fails with the SDK's
   * own RateLimitError, or waits for room when it says so (`x-holdfast-wait: 30s`, `Prefer: wait=30`).
   *
   * @default nothing is limited
   * @example { requestsPerMinute: 500, tokensPerMinute: 200_000, budgetPerMonth: { warn: 80, refuse: 100 } }
   */
  readonly limits?: Limits;
  /**
   * For whom the application makes its calls, with limits of their own: a customer, a feature. A function is asked for each
   * call, and may tell by a header that the application gives the SDK.
   *
   * @default nobody is told apart
   */
  readonly caller?: CallerOption;
  /** Counts together with other processes. @default in this process alone, from nothing at its start */
  readonly counters?: SharedCounters;
  /** Prices in place of the list prices, in the words of the configuration file. Budgets are kept by them. */
  readonly prices?: readonly PriceSection[];
  /** Told of budgets and daily limits that run out, once in a period. */
  readonly onQuotaEvent?: Tell;
  /** Told of each call's one record, when its last byte has been given. */
  readonly onRecord?: (record: CallRecord) => void;
  /** For everything the line is not meant for. @default the global fetch */
  readonly fetch?: typeof globalThis.fetch;
  /** An undici dispatcher (a proxy agent, say) to send through. @default connection pools of Holdfast's own */
  readonly dispatcher?: Dispatcher;
  /** Time and chance, for tests. */
  readonly clock?: Clock;
  readonly random?: Random;
}

export interface Holdfast {
  /** Give it to an SDK: `new OpenAI({ fetch: holdfast().fetch })`, or Anthropic's. */
  readonly fetch: typeof globalThis.fetch;
  /** Breaks the connections that are kept open; not needed before a process exits. */
  readonly close: () => Promise<void>;
}

/** Base URLs seen by one `fetch` at most: an application has a handful, and each keeps its connections. */
const MAX_ORIGINS = 64;

/** Whose wire a request is on; OpenAI's where nobody is named. */
const OWNERS: Partial<Record<Operation, ProviderName>> = { messages: 'anthropic', generate: 'gemini' };

/**
 * The in-process door: a `fetch` that survives a failing provider.
 *
 * Chat Completions, Responses, Embeddings, lists of models, Anthropic's Messages and Google's generateContent pass the whole line;
 * every other request goes to the plain `fetch`, unchanged. Failures come back as the provider's own error envelopes, so that an SDK raises its own
 * classes.
 */
export function holdfast(options: HoldfastOptions = {}): Holdfast {
  const clock = options.clock ?? new SystemClock();
  const nextId = callIds(clock.wall());
  const plain = options.fetch ?? globalThis.fetch;
  const assemblies = new Map<string, Assembly>();
  const callerOf = callersOf(options.limits, options.caller);
  const counters = countersFor(options.counters, clock);
  const prices = resolvePrices(options.prices === undefined ? [] : pricesField.parse(options.prices));
  const explains = options.validate === 'strict' || options.validate === 'repair';
  const upTo = explains ? MOST_PARSED_BYTES : SKIMMED_BYTES;

  async function meantFetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    const meant = await readFetch(input, init);
    const seen = meant === null ? null : readRequest(meant.operation, meant.path, meant.body, upTo);
    // What is no request, the provider itself explains best, unless the line is to.
    if (meant === null || seen === null || (seen.problem !== null && !explains)) return plain(input, init);
    meant.signal?.throwIfAborted();
    const caller = callerOf({ headers: meant.headers, model: seen.reading.model });
    const asks = readAsks(meant.headers);
    const call = {
      ...callOf(meant, nextId(), clock, caller),
      ...seen.reading,
      patienceMs: asks.patienceMs,
      queueMs: asks.queueMs,
      parsed: seen.parsed,
      problem: seen.problem ?? asks.fault,
    };
    const forget = cancelOn(meant.signal, call.cancellation);
    const reply = await assemblyFor(meant.baseUrl, OWNERS[meant.operation] ?? 'openai').handle(call);
    if (reply.kind === 'stream') reply.stream.onEnding(forget);
    else forget();
    meant.signal?.throwIfAborted();
    return toResponse(call, reply, clock, meant.signal);
  }

  function assemblyFor(baseUrl: string, provider: ProviderName): Assembly {
    const name = `${provider} ${baseUrl}`;
    let assembly = assemblies.get(name);
    if (assembly === undefined) {
      if (assemblies.size >= MAX_ORIGINS) throw new Error(`more than ${MAX_ORIGINS} base URLs through one holdfast()`);
      const { random = Math.random, onRecord = () => undefined, dispatcher } = options;
      const deps = { clock, random, emit: onRecord, counters, tell: options.onQuotaEvent };
      const config = { ...configFor(baseUrl, provider, options), prices };
      assembly = assemble(config, dispatcher === undefined ? deps : { ...deps, dispatcher });
      assemblies.set(name, assembly);
    }
    return assembly;
  }

  return {
    // Some SDKs look for a Response on the fetch they are given, to tell whether it is the web's.
    fetch: Object.assign(meantFetch, { Response }) as typeof globalThis.fetch,
    async close() {
      await Promise.all([...assemblies.values()].map((assembly) => assembly.close()));
      assemblies.clear();
      await counters.close();
    },
  };
}

function callOf(meant: MeantRequest, id: string, clock: Clock, caller: Caller): Call {
  const { operation, method, path, headers, body } = meant;
  return {
    id,
    door: 'in-process',
    caller,
    queueMs: 0,
    operation,
    method,
    path,
    headers,
    body,
    model: null,
    stream: false,
    choices: 1,
    pins: [],
    startedAt: clock.now(),
    arrivedAt: clock.wall(),
    patienceMs: null,
    callerRetries: retriesTold(headers),
    trace: heardTrace(headers),
    expectedTokens: 0,
    admission: null,
    cancellation: new Cancellation(),
    problem: null,
    parsed: null,
    notes: NOTHING_SAID,
    told: NOTHING_SAID,
    route: null,
    attempts: [],
    waitedMs: 0,
    upstreamMs: 0,
  };
}

function cancelOn(signal: AbortSignal | null, cancellation: Cancellation): () => void {
  if (signal === null) return () => undefined;
  const cancel = (): void => cancellation.cancel('the caller aborted');
  signal.addEventListener('abort', cancel, { once: true });
  return () => signal.removeEventListener('abort', cancel);
}

/** The SDK's own provider first, with the key the SDK sends; then the fallbacks, each a rung of its own. */
function configFor(baseUrl: string, provider: ProviderName, options: HoldfastOptions): Parameters<typeof assemble>[0] {
  const policies = {
    budget: { ...DEFAULT_BUDGET, ...options.budget },
    breaker: { ...DEFAULT_BREAKER, ...options.breaker },
    adaptive: { ...DEFAULT_ADAPTIVE, ...options.adaptive },
  };
  const pacing: PacingPolicy = { ...DEFAULT_PACING, ...options.pacing };
  const fallbackOn = options.fallbackOn === undefined ? DEFAULT_FALLBACK_ON : new Set(options.fallbackOn);
  const bare = {
    deployment: null,
    apiVersion: null,
    organization: null,
    project: null,
    headers: {},
    environment: null,
    rotateBy: null,
    server: null,
    losses: 'tell' as const,
    responses: 'native' as const,
    pacing,
    ...policies,
  };
  const own: TargetConfig = {
    ...bare,
    id: 'primary',
    account: 'primary',
    provider,
    baseUrl,
    key: { kind: 'caller' },
  };
  const fallbacks = (options.fallbacks ?? []).map((fallback, index) => ({
    target: { ...bare, ...withAccount(fallbackTarget(fallback, index)) },
    model: fallback.model ?? null,
  }));
  return {
    targets: [own, ...fallbacks.map(({ target }) => target)],
    routes: [
      {
        id: 'in-process',
        models: ['*'],
        ladder: [{ target: own, model: null }, ...fallbacks].map(({ target, model }) => ({
          targets: [{ target: target.id, weight: 1, model }],
        })),
        timeouts: { ...DEFAULT_TIMEOUTS.stream, ...options.timeouts },
        wholeTimeouts: { ...DEFAULT_TIMEOUTS.whole, ...options.timeouts },
        retry: { ...DEFAULT_RETRY, ...options.retry },
        fallbackOn,
        degraded: (options.degraded ?? []).map((rung) => resolveDegraded(rung, fallbackOn)),
        cache: options.cache ?? null,
        hedge: options.hedge ?? null,
        continues: options.continue ?? false,
        stick: options.stick ?? 'call',
        validate: options.validate ?? DEFAULT_VALIDATION,
        fit: resolveFit(options.fit === undefined ? undefined : fitField.parse(options.fit), null),
      },
    ],
  };
}

/** Each target's key is of an account of its own. */
function withAccount<Target extends { readonly id: string }>(target: Target): Target & { account: string } {
  return { ...target, account: target.id };
}

function fallbackTarget(
  fallback: Fallback,
  index: number,
): Pick<
  TargetConfig,
  'id' | 'provider' | 'baseUrl' | 'key' | 'deployment' | 'apiVersion' | 'losses' | 'responses' | 'continues'
> {
  const { baseUrl, apiKey, provider = 'openai-compatible', losses = 'tell', responses = 'native' } = fallback;
  if (!URL.canParse(baseUrl)) throw new Error(`fallbacks[${index}].baseUrl is no URL: ${baseUrl}`);
  return {
    id: fallback.id ?? new URL(baseUrl).host,
    provider,
    baseUrl: baseUrl.replace(/\/+$/, ''),
    key:
      apiKey === undefined ? NO_SECRET : new HeldSecret(`fallbacks[${index}].apiKey`, { value: apiKey, since: null }),
    deployment: fallback.deployment ?? null,
    apiVersion: fallback.apiVersion ?? null,
    losses,
    responses,
    continues: fallback.continues ?? null,
  };
}
