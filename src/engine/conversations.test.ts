import { describe, expect, test } from 'vitest';
import { Conversations } from './conversations.ts';
import type { Candidate } from './plan.ts';
import { DEFAULT_BREAKER, DEFAULT_BUDGET } from './policy.ts';
import { callAt, ScriptedEndpoint } from './scripted.test-support.ts';
import { Target } from './target.ts';
import { VirtualClock } from './virtual-clock.ts';

const clock = new VirtualClock();
const [a, b, c] = ['a', 'b', 'c'].map((id): Candidate => {
  const target = new Target(new ScriptedEndpoint(id, clock, []), { budget: DEFAULT_BUDGET, breaker: DEFAULT_BREAKER });
  return { target, model: null, weight: 1 };
}) as [Candidate, Candidate, Candidate];
const LADDER = [[a, b], [c]];

const house = (): Conversations => new Conversations((call) => call.model, clock);
const call = (key: string | null): ReturnType<typeof callAt> => callAt(clock, { model: key });

describe('a conversation', () => {
  test('begins at the top', () => expect(house().of(call('x'))?.arrange(LADDER)).toBe(LADDER));

  test.each([
    ['at a lower rung', c, [[c], [a, b]]],
    ['at one of several', b, [[b], [a], [c]]],
  ])('goes on where it was answered last: %s', (_, last, ladder) => {
    const conversations = house();
    conversations.of(call('x'))?.answeredBy(last);
    expect(conversations.of(call('x'))?.arrange(LADDER)).toEqual(ladder);
    expect(conversations.of(call('y'))?.arrange(LADDER)).toBe(LADDER);
  });

  test('begins at the top again after an hour, and where that target is gone', async () => {
    const conversations = house();
    conversations.of(call('x'))?.answeredBy(c);
    expect(conversations.of(call('x'))?.arrange([[a, b]])).toEqual([[a, b]]);
    await clock.advance(3_600_001);
    expect(conversations.of(call('x'))?.arrange(LADDER)).toBe(LADDER);
  });

  test('is none where a call belongs to none', () => expect(house().of(call(null))).toBe(null));

  test('is forgotten when there are too many', () => {
    const conversations = house();
    for (let at = 0; at <= 20_000; at += 1) conversations.of(call(`k${at}`))?.answeredBy(c);
    expect(conversations.of(call('k0'))?.arrange(LADDER)).toBe(LADDER);
    expect(conversations.of(call('k1'))?.arrange(LADDER)).not.toBe(LADDER);
  });
});
