import { flag, type Json, list, moment, number, numberOrNull, object, oneOf, text, textOrNull } from '../read.ts';
import { type Breaker, BREAKERS } from './matrix.ts';

export interface Target {
  readonly id: string;
  readonly provider: string;
  readonly account: string;
  readonly breaker: Breaker;
  readonly waiting: number;
  readonly awaitingContent: number;
  /** How many calls may await content at a time; null: any number. */
  readonly places: number | null;
  readonly openByHand: boolean;
  readonly since: number | null;
  readonly probedAt: number | null;
  readonly reason: string | null;
  readonly suspect: boolean;
  readonly key: TargetKey;
  readonly limits: readonly Limit[];
}

export interface TargetKey {
  readonly status: string;
  readonly reference: string | null;
  readonly ending: string | null;
  readonly since: number | null;
  readonly rotateBy: number | null;
  readonly problems: readonly string[];
  readonly refusals: readonly {
    readonly model: string | null;
    readonly kind: string;
    readonly triedAgainAt: number | null;
  }[];
}

interface Limit {
  readonly model: string;
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
  /** The provider has told them. */
  readonly told: boolean;
  readonly headroom: number | null;
  readonly waiting: number;
}

export function readTargets(answer: Json): readonly Target[] {
  return list(answer['data'], (value) => {
    const target = object(value);
    const health = object(target['health']);
    return {
      id: text(target['id']),
      provider: text(target['provider']),
      account: text(target['account']),
      breaker: oneOf(target['breaker'], BREAKERS, 'unknown'),
      waiting: number(target['waiting']),
      awaitingContent: number(target['awaitingContent']),
      places: numberOrNull(target['places']),
      openByHand: flag(health['openByHand']),
      since: moment(health['since']),
      probedAt: moment(health['probedAt']),
      reason: textOrNull(health['reason']),
      suspect: flag(health['suspect']),
      key: readKey(object(target['key'])),
      limits: list(target['limits'], (limit) => readLimit(object(limit))),
    };
  });
}

function readKey(key: Json): TargetKey {
  return {
    status: text(key['status'], 'unknown'),
    reference: textOrNull(key['reference']),
    ending: textOrNull(key['ending']),
    since: moment(key['since']),
    rotateBy: moment(key['rotateBy']),
    problems: list(key['problems'], (problem) => text(problem)),
    refusals: list(key['refusals'], object).map(({ model, kind, triedAgainAt }) => ({
      model: textOrNull(model),
      kind: text(kind),
      triedAgainAt: moment(triedAgainAt),
    })),
  };
}

function readLimit(limit: Json): Limit {
  return {
    model: text(limit['model']),
    requestsPerMinute: numberOrNull(limit['requestsPerMinute']),
    tokensPerMinute: numberOrNull(limit['tokensPerMinute']),
    told: flag(limit['told']),
    headroom: numberOrNull(limit['headroom']),
    waiting: number(limit['waiting']),
  };
}
