import { describe, expect, test } from 'vitest';
import { faultOf } from '../fault/index.ts';
import type { FaultKind } from '../fault/fault.ts';
import { shareDeadKeys } from './key-word.ts';
import type { Fact, Hear, Hints } from './hints.ts';
import { DEFAULT_BREAKER, DEFAULT_BUDGET } from '../policy.ts';
import type { Endpoint } from '../ports.ts';
import { Standing } from './standing.ts';
import { Target } from '../target.ts';
import { VirtualClock } from '../virtual-clock.ts';

const MINUTE = 60_000;

/** One attempt that ends at once. */
function attempt(standing: Standing, kind: FaultKind | null, now: number, model: string | null = 'm'): void {
  standing.trying(model, now);
  standing.settle(kind === null ? null : faultOf(kind), model, now, now);
}

/** The minutes of the first hour and a half in which a key that stays dead would be tried, looking every second. */
function triesOf(kind: FaultKind): number[] {
  const standing = new Standing(true);
  if (kind === 'authentication') attempt(standing, kind, 0);
  attempt(standing, kind, 0);
  const tries: number[] = [];
  for (let now = 1000; now < 90 * MINUTE; now += 1000) {
    if (standing.refuses('m', now) !== null) continue;
    tries.push(now / MINUTE);
    attempt(standing, kind, now);
  }
  return tries;
}

describe('a key that its provider refuses', () => {
  test.each([
    ['authentication', [1, 3, 7, 15, 30, 45, 60, 75]],
    ['quota-exhausted', [5, 15, 35, 75]],
    ['permission', [1, 3, 7, 15, 30, 45, 60, 75]],
  ] as const)('%s: is tried again once in a while, and ever more rarely', (kind, minutes) => {
    expect(triesOf(kind)).toEqual(minutes);
  });

  test('is not given up for one refusal, as providers refuse good keys for a moment', () => {
    const standing = new Standing(true);
    attempt(standing, 'authentication', 0);
    expect(standing.refuses('m', 1)).toBeNull();
    attempt(standing, null, 1);
    attempt(standing, 'authentication', 2);
    expect(standing.refuses('m', 3)).toBeNull();
    attempt(standing, 'authentication', 3);
    expect(standing.refuses('m', 4)?.kind).toBe('authentication');
  });

  test('tells the provider’s own fault, and when it is tried again', () => {
    const standing = new Standing(true);
    standing.settle(faultOf('quota-exhausted', { evidence: ['status 429'], afterMs: 20 * MINUTE }), 'm', 0, 0);
    expect(standing.refuses('m', 1 * MINUTE)).toMatchObject({
      kind: 'quota-exhausted',
      retry: { here: false, elsewhere: true, afterMs: 19 * MINUTE },
      evidence: ['status 429', 'remembered; the key is tried again in 1140 s'],
    });
  });

  test('has one attempt at its time, whoever else would like one', () => {
    const standing = new Standing(true);
    attempt(standing, 'quota-exhausted', 0);
    expect(standing.refuses('m', 5 * MINUTE)).toBeNull();
    standing.trying('m', 5 * MINUTE);
    expect(standing.refuses('m', 5 * MINUTE)).not.toBeNull();
    standing.settle(null, 'm', 5 * MINUTE, 5 * MINUTE + 10);
    expect(standing.refuses('m', 5 * MINUTE + 10)).toBeNull();
  });

  test('is not brought back by answers to what was sent before it died, nor buried deeper by their refusals', () => {
    const standing = new Standing(true);
    attempt(standing, 'quota-exhausted', 1000);
    standing.settle(null, 'm', 500, 2000);
    standing.settle(faultOf('quota-exhausted'), 'm', 500, 2000);
    expect(standing.refuses('m', 1000 + 5 * MINUTE - 1)).not.toBeNull();
    expect(standing.refuses('m', 1000 + 5 * MINUTE)).toBeNull();
  });

  test('one model that it may not use says nothing of the others', () => {
    const standing = new Standing(true);
    attempt(standing, 'permission', 0, 'dear');
    expect(standing.refuses('dear', 1)?.kind).toBe('permission');
    expect(standing.refuses('cheap', 1)).toBeNull();
    // A path without a model that is closed to the key closes no model.
    attempt(standing, 'permission', 0, null);
    expect(standing.refuses(null, 1)).toBeNull();
  });

  test('is tried at once when somebody says that it has been put right', () => {
    const standing = new Standing(true);
    attempt(standing, 'quota-exhausted', 0);
    standing.clear(1);
    expect(standing.refuses('m', 1)).toBeNull();
  });

  test('is not buried by refusals of what was sent with the one before it', () => {
    const standing = new Standing(true);
    standing.clear(100);
    for (let n = 0; n < 3; n += 1) standing.settle(faultOf('authentication'), 'm', 99, 110);
    expect(standing.refuses('m', 120)).toBeNull();
    for (let n = 0; n < 2; n += 1) standing.settle(faultOf('authentication'), 'm', 100, 120);
    expect(standing.refuses('m', 120)?.kind).toBe('authentication');
  });

  test('others who say that it is dead may mean the one before it, but not for ever', () => {
    const standing = new Standing(true);
    standing.clear(0);
    standing.told('authentication', 'no', MINUTE - 1);
    expect(standing.refuses('m', MINUTE - 1)).toBeNull();
    standing.told('authentication', 'no', MINUTE);
    expect(standing.refuses('m', MINUTE)?.kind).toBe('authentication');
  });

  test.each(['rate-limit-requests', 'server-error', 'timeout', 'invalid-request'] as const)(
    '%s says nothing against it',
    (kind) => {
      const standing = new Standing(true);
      for (let now = 0; now < 10; now += 1) attempt(standing, kind, now);
      expect(standing.refuses('m', 10)).toBeNull();
    },
  );

  test('is forgotten where every caller brings its own', () => {
    const standing = new Standing(false);
    for (let now = 0; now < 10; now += 1) attempt(standing, 'quota-exhausted', now);
    expect(standing.refuses('m', 10)).toBeNull();
  });
});

test('what one process finds of a key, the others know', () => {
  const clock = new VirtualClock();
  const heard: Hear[] = [];
  const hints: Hints = {
    tell: (_topic, id: string, fact: Fact) => heard.forEach((hear) => hear(id, fact)),
    listen: (_topic, hear) => {
      heard.push(hear);
      return () => heard.splice(0);
    },
  };
  const endpoint: Endpoint = { id: 'a', provider: 'openai', open: () => expect.unreachable() };
  const [here, there] = [1, 2].map(() => new Target(endpoint, { budget: DEFAULT_BUDGET, breaker: DEFAULT_BREAKER }));
  const stop = shareDeadKeys([there as Target], hints, clock);
  shareDeadKeys([here as Target], { ...hints, listen: () => () => undefined }, clock);
  const standing = (here as Target).standing;
  attempt(standing, 'quota-exhausted', clock.now());
  expect(there?.standing.refuses('m', clock.now())?.kind).toBe('quota-exhausted');
  standing.settle(null, 'm', clock.now(), clock.now());
  expect(there?.standing.refuses('m', clock.now())).toBeNull();
  stop();
});
