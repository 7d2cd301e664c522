import { expect, test } from 'vitest';
import { shareBreakers } from './breaker-word.ts';
import { faultOf } from '../fault/index.ts';
import type { Fact, Hear, Hints } from './hints.ts';
import { DEFAULT_BREAKER, DEFAULT_BUDGET } from '../policy.ts';
import type { Endpoint } from '../ports.ts';
import { Target } from '../target.ts';
import { VirtualClock } from '../virtual-clock.ts';

/** Two processes that hear each other at once. */
function twoProcesses(): [Hints, Hints] {
  const heard: [Hear[], Hear[]] = [[], []];
  const hints = (own: 0 | 1, other: 0 | 1): Hints => ({
    tell: (_topic, id: string, fact: Fact) => heard[other].forEach((hear) => hear(id, fact)),
    listen(_topic, hear) {
      heard[own].push(hear);
      return () => heard[own].splice(0);
    },
  });
  return [hints(0, 1), hints(1, 0)];
}

function target(id = 'primary'): Target {
  const endpoint: Endpoint = { id, provider: 'openai', open: () => expect.unreachable() };
  return new Target(endpoint, { budget: DEFAULT_BUDGET, breaker: { ...DEFAULT_BREAKER, jitter: 0 } });
}

const random = (): number => 0.5;

function attempt(at: Target, clock: VirtualClock, fault: ReturnType<typeof faultOf> | null): void {
  const permit = at.breaker.enter(clock.now());
  if (permit === null) throw new Error('the breaker is open');
  if (fault === null) at.breaker.content(permit);
  at.breaker.settle(permit, fault, clock.now(), clock.now(), random);
}

test('word that a target is down makes others prefer another, until a call goes well there', () => {
  const clock = new VirtualClock();
  const [here, there] = [target(), target()];
  const [hintsHere, hintsThere] = twoProcesses();
  shareBreakers([here], hintsHere, clock);
  shareBreakers([there, target('other')], hintsThere, clock);
  for (let failed = 0; failed < DEFAULT_BREAKER.consecutiveFailures; failed += 1) {
    expect(there.suspicion.suspect(clock.now())).toBe(false);
    attempt(here, clock, faultOf('server-error'));
  }
  expect(here.breaker.state.name).toBe('open');
  expect(there.breaker.state.name).toBe('closed');
  expect(there.suspicion.suspect(clock.now())).toBe(true);
  there.suspicion.content(there.suspicion.sent(clock.now()), 1, clock.now());
  expect(there.suspicion.suspect(clock.now())).toBe(false);
});

test('word that it is well again lets the next probe go at once', () => {
  const clock = new VirtualClock();
  const [here, there] = [target(), target()];
  const [hintsHere, hintsThere] = twoProcesses();
  for (const one of [here, there]) {
    for (let failed = 0; failed < DEFAULT_BREAKER.consecutiveFailures; failed += 1) {
      attempt(one, clock, faultOf('server-error'));
    }
  }
  shareBreakers([here], hintsHere, clock);
  shareBreakers([there], hintsThere, clock);
  expect(there.breaker.ready(clock.now())).toBe(false);
  here.breaker.probeSoon(clock.now());
  while (here.breaker.state.name !== 'closed') attempt(here, clock, null);
  expect(there.breaker.state.name).toBe('open');
  expect(there.breaker.ready(clock.now())).toBe(true);
});
