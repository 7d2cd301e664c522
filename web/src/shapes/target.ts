import { type Json, list, number, numberOrNull, object, oneOf, text } from '../read.ts';
import { type Breaker, BREAKERS } from './matrix.ts';

export interface Target {
  readonly id: string;
  readonly provider: string;
  readonly account: string;
  readonly breaker: Breaker;
  readonly waiting: number;
  readonly limits: readonly {
    readonly model: string;
    readonly requestsPerMinute: number | null;
    readonly tokensPerMinute: number | null;
    readonly waiting: number;
  }[];
}

/** How the key of a target stands, as the gateway's readiness tells it. */
export interface KeyStanding {
  readonly status: string;
  readonly problems: readonly string[];
}

export function readTargets(answer: Json): readonly Target[] {
  return list(answer['data'], (value) => {
    const target = object(value);
    return {
      id: text(target['id']),
      provider: text(target['provider']),
      account: text(target['account']),
      breaker: oneOf(target['breaker'], BREAKERS, 'unknown'),
      waiting: number(target['waiting']),
      limits: list(target['limits'], object).map((limit) => ({
        model: text(limit['model']),
        requestsPerMinute: numberOrNull(limit['requestsPerMinute']),
        tokensPerMinute: numberOrNull(limit['tokensPerMinute']),
        waiting: number(limit['waiting']),
      })),
    };
  });
}

/** From `/readyz`: the standing of each target's key, by the target's id. */
export function readKeyStandings(answer: Json): ReadonlyMap<string, KeyStanding> {
  const keys = Object.entries(object(answer['keys'])).map(([target, value]) => [target, object(value)] as const);
  return new Map(
    keys.map(([target, { status, problems }]) => [
      target,
      { status: text(status, 'unknown'), problems: list(problems, (problem) => text(problem)) },
    ]),
  );
}
