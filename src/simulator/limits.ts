import type { Clock } from '../engine/clock.ts';
import { refusal } from './refusals.ts';
import type { About, WholeAnswer } from './script.ts';

/** What a key may use of a model in a minute. */
export interface RateLimits {
  readonly requestsPerMinute: number;
  readonly tokensPerMinute: number;
  /**
   * How much may come at once, as the time in which it refills: providers that speak of minutes may enforce seconds.
   * @default a minute
   */
  readonly burstMs?: number;
}

const MINUTE_MS = 60_000;

/** Limits that nobody reaches, told in the headers of a simulator that has none, as a large account would see them. */
const GENEROUS: RateLimits = { requestsPerMinute: 1_000_000, tokensPerMinute: 150_000_000 };

/** What the limiter says to one request: the headers, and the refusal if there is one. */
export interface Verdict {
  readonly headers: Record<string, string>;
  readonly refused: WholeAnswer | null;
}

/** A bucket that refills evenly, by its limit within a minute. */
class Bucket {
  #limit: number;
  #capacity: number;
  #level: number;
  #at: number;

  constructor(limit: number, burstMs: number, now: number) {
    this.#limit = limit;
    this.#capacity = capacityOf(limit, burstMs);
    this.#level = this.#capacity;
    this.#at = now;
  }

  get limit(): number {
    return this.#limit;
  }

  get capacity(): number {
    return this.#capacity;
  }

  level(now: number): number {
    this.#level = Math.min(this.#capacity, this.#level + ((now - this.#at) * this.#limit) / 60_000);
    this.#at = now;
    return this.#level;
  }

  change(limit: number, burstMs: number, now: number): void {
    this.level(now);
    this.#limit = limit;
    this.#capacity = capacityOf(limit, burstMs);
    this.#level = Math.min(this.#level, this.#capacity);
  }

  take(amount: number): void {
    this.#level -= amount;
  }

  /** Milliseconds until `amount` fits. */
  wait(amount: number): number {
    return (Math.max(0, amount - this.#level) * 60_000) / this.#limit;
  }
}

/** At least one request fits, or the limit would be none. */
function capacityOf(limit: number, burstMs: number): number {
  return Math.max(1, (limit * burstMs) / MINUTE_MS);
}

/** Requests and tokens a minute, counted for each key and model apart: two keys stand for two organisations. */
export class Limiter {
  #limits: RateLimits | null;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, { requests: Bucket; tokens: Bucket }>();

  constructor(limits: RateLimits | null, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** The provider grants more from now on, or less. */
  change(limits: RateLimits): void {
    this.#limits = limits;
    const now = this.#clock.now();
    const { requestsPerMinute, tokensPerMinute, burstMs = MINUTE_MS } = limits;
    for (const { requests, tokens } of this.#buckets.values()) {
      requests.change(requestsPerMinute, burstMs, now);
      tokens.change(tokensPerMinute, burstMs, now);
    }
  }

  /** @param tokens what the request is charged: the larger of its prompt estimate and its output cap. */
  admit(key: string, about: About, tokens: number): Verdict {
    if (this.#limits === null) return { headers: untouched(tokens), refused: null };
    const now = this.#clock.now();
    const { requests, tokens: tokenBucket } = this.#bucketsOf(`${key} ${about.model}`, now);
    const requestsLeft = requests.level(now);
    const tokensLeft = tokenBucket.level(now);
    const headers = () => limitHeaders(requests, tokenBucket, now);
    if (requestsLeft < 1) return refuse(about, 'requests', requests, 1, requestsLeft, headers());
    if (tokens > tokenBucket.capacity) {
      return { headers: headers(), refused: tooLargeForLimit(about, tokenBucket.limit, tokens) };
    }
    if (tokensLeft < tokens) return refuse(about, 'tokens', tokenBucket, tokens, tokensLeft, headers());
    // A request refused here costs nothing, or a crowd that asks too early would keep everybody out for ever. One that is
    // refused for what it says has been charged all the same, as with the real provider.
    requests.take(1);
    tokenBucket.take(tokens);
    return { headers: headers(), refused: null };
  }

  #bucketsOf(id: string, now: number): { requests: Bucket; tokens: Bucket } {
    let buckets = this.#buckets.get(id);
    if (buckets === undefined) {
      const { requestsPerMinute, tokensPerMinute, burstMs = MINUTE_MS } = this.#limits ?? GENEROUS;
      buckets = {
        requests: new Bucket(requestsPerMinute, burstMs, now),
        tokens: new Bucket(tokensPerMinute, burstMs, now),
      };
      this.#buckets.set(id, buckets);
    }
    return buckets;
  }
}

function refuse(
  about: About,
  dimension: 'requests' | 'tokens',
  bucket: Bucket,
  requested: number,
  left: number,
  headers: Record<string, string>,
): Verdict {
  const waitMs = Math.max(1, Math.ceil(bucket.wait(requested)));
  const used = Math.round(bucket.capacity - left);
  const limited = rateLimited(about, { dimension, limit: bucket.limit, used, requested, waitMs });
  return { headers, refused: limited };
}

export interface RateLimitHit {
  readonly dimension: 'requests' | 'tokens';
  readonly limit: number;
  readonly used: number;
  readonly requested: number;
  readonly waitMs: number;
}

/** The 429 of a limit that a little patience cures. */
export function rateLimited(about: About, hit: RateLimitHit): WholeAnswer {
  const headers = { 'retry-after': String(Math.ceil(hit.waitMs / 1000)), 'retry-after-ms': String(hit.waitMs) };
  const per = hit.dimension === 'requests' ? 'requests per min (RPM)' : 'tokens per min (TPM)';
  const message =
    `Rate limit reached for ${about.model} in organization ${about.organization} on ${per}: ` +
    `Limit ${hit.limit}, Used ${hit.used}, Requested ${hit.requested}. ` +
    `Please try again in ${goDuration(hit.waitMs)}. Visit https://platform.openai.com/account/rate-limits to learn more.`;
  return refusal(429, 'rate_limit_exceeded', message, { type: hit.dimension, headers });
}

/** The 429 that no patience cures: one request is larger than a whole minute's tokens. */
export function tooLargeForLimit(about: About, limit: number, requested: number): WholeAnswer {
  const message =
    `Request too large for ${about.model} in organization ${about.organization} on tokens per min (TPM): ` +
    `Limit ${limit}, Requested ${requested}. The input or output tokens must be reduced in order to run successfully. ` +
    'Visit https://platform.openai.com/account/rate-limits to learn more.';
  return refusal(429, 'rate_limit_exceeded', message, { type: 'tokens' });
}

function limitHeaders(requests: Bucket, tokens: Bucket, now: number): Record<string, string> {
  return {
    'x-ratelimit-limit-requests': String(requests.limit),
    'x-ratelimit-limit-tokens': String(tokens.limit),
    'x-ratelimit-remaining-requests': String(Math.floor(requests.level(now))),
    'x-ratelimit-remaining-tokens': String(Math.floor(tokens.level(now))),
    'x-ratelimit-reset-requests': goDuration(requests.wait(requests.capacity)),
    'x-ratelimit-reset-tokens': goDuration(tokens.wait(tokens.capacity)),
  };
}

function untouched(tokens: number): Record<string, string> {
  const { requestsPerMinute, tokensPerMinute } = GENEROUS;
  return {
    'x-ratelimit-limit-requests': String(requestsPerMinute),
    'x-ratelimit-limit-tokens': String(tokensPerMinute),
    'x-ratelimit-remaining-requests': String(requestsPerMinute - 1),
    'x-ratelimit-remaining-tokens': String(tokensPerMinute - tokens),
    'x-ratelimit-reset-requests': '1ms',
    'x-ratelimit-reset-tokens': goDuration((tokens * 60_000) / tokensPerMinute),
  };
}

/** A duration as Go prints it: `12ms`, `1.5s`, `6m0s`, `1h0m3s`. Fractions of a millisecond are rounded up. */
export function goDuration(ms: number): string {
  const whole = Math.ceil(ms);
  if (whole < 1000) return `${whole}ms`;
  const hours = Math.floor(whole / 3_600_000);
  const minutes = Math.floor(whole / 60_000) % 60;
  const seconds = (whole % 60_000) / 1000;
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}
