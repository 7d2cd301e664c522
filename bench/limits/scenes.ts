import { ANYONE, type Caller } from '../../src/engine/caller.ts';
import type { RateLimits } from '../../src/simulator/limits.ts';
import { measured } from '../../src/simulator/virtual/pace.ts';
import { EASY, type ProviderSpec, type RatesFrom } from '../../src/simulator/virtual/provider.ts';
import type { Crowd, Scene } from '../../src/simulator/virtual/world.ts';
import type { Gap } from './arrivals.ts';

/** More tokens than anybody takes, where requests are what is scarce; and the other way about. */
export const PLENTY = 1_000_000_000;

/** A provider with room for everybody within its rate limits, at the pace of measured models. */
export function limited(...rates: RatesFrom[]): ProviderSpec {
  return { ...EASY, id: 'a', pace: measured(), rates };
}

/** Enforced by the second, told by the minute. */
export function bySecond(requestsPerMinute: number, tokensPerMinute: number): RateLimits {
  return { requestsPerMinute, tokensPerMinute, burstMs: 1000 };
}

export interface CrowdFacts {
  readonly gap: Gap;
  readonly caller?: Partial<Caller>;
  /** Tokens of prompt and output cap together. */
  readonly charged?: number;
  readonly fromMs?: number;
  readonly untilMs?: number;
}

/** Answers of a hundred tokens, half of them streams, for callers who wait as long as it takes. */
export function crowd({
  gap,
  caller,
  charged = 500,
  fromMs = 0,
  untilMs = Number.POSITIVE_INFINITY,
}: CrowdFacts): Crowd {
  return {
    caller: { ...ANYONE, ...caller },
    charged,
    gapMs: gap,
    fromMs,
    untilMs,
    streamShare: 0.5,
    tokens: () => 100,
    deadlineMs: null,
  };
}

export function sceneOf(provider: ProviderSpec, seconds: number, crowds: readonly Crowd[]): Scene {
  return {
    providers: [provider],
    callsPerSecond: 0,
    forMs: seconds * 1000,
    deadlineMs: null,
    streamShare: 0,
    tokens: () => 1,
    binMs: 1000,
    crowds,
  };
}
