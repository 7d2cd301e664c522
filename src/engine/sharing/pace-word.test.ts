import { describe, expect, test } from 'vitest';
import { Account } from './account.ts';
import type { Fact, Hear, Hints } from '../health/hints.ts';
import type { Outlet } from './outlet.ts';
import { sharePacing } from './pace-word.ts';
import { DEFAULT_PACING } from '../policy.ts';
import { VirtualClock } from '../virtual-clock.ts';

const MODEL = 'gpt-4o';

/** Processes that hear each other at once, as long as word gets through. */
class House {
  readonly clock: VirtualClock = new VirtualClock();
  readonly #listeners: { readonly process: string; readonly hear: Hear }[] = [];
  deaf = false;
  told = 0;

  join(process: string): { outlet: Outlet; stop: () => void } {
    const account = new Account('ours', DEFAULT_PACING);
    const outlet = account.outletFor(MODEL);
    const hints: Hints = {
      tell: (_topic, id: string, fact: Fact) => {
        this.told += 1;
        if (this.deaf) return;
        for (const one of this.#listeners) if (one.process !== process) one.hear(id, fact);
      },
      listen: (_topic, hear) => {
        this.#listeners.push({ process, hear });
        return () => undefined;
      },
    };
    return { outlet, stop: sharePacing([account], hints, this.clock, process) };
  }
}

/** An answer tells of a limit: so many a minute, so many left. */
function learn({ pacer }: Outlet, limit: number, now: number, remaining = limit): void {
  const leave = pacer.take(1, now);
  pacer.accepted({ requests: { limit, remaining, resetMs: null }, tokens: null }, leave, now);
}

/** Sends whatever may go, every 10 ms. @returns how many went. */
async function send(house: House, outlets: readonly Outlet[], forMs: number): Promise<number[]> {
  const sent = outlets.map(() => 0);
  for (let passed = 0; passed < forMs; passed += 10) {
    const now = house.clock.now();
    for (const [at, { pacer }] of outlets.entries()) {
      if (pacer.readyIn(1, 0, now) > 0) continue;
      pacer.take(1, now);
      sent[at] = (sent[at] ?? 0) + 1;
    }
    await house.clock.advance(10);
  }
  return sent;
}

describe('processes on one account', () => {
  test('learn a limit from one another, and keep to it together', async () => {
    const house = new House();
    const members = ['a', 'b', 'c'].map((process) => house.join(process));
    const outlets = members.map(({ outlet }) => outlet);
    learn(outlets[0] as Outlet, 600, 0);
    for (const { pacer } of outlets.slice(1)) pacer.take(1, 0);
    await house.clock.advance(1000);
    expect(outlets.map(({ pacer }) => Math.round(pacer.limits.requests))).toEqual([600, 600, 600]);
    // What was there at once is used up first.
    await send(house, outlets, 120_000);
    const sent = await send(house, outlets, 60_000);
    expect(sent.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(570);
    expect(sent.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(601);
    for (const { stop } of members) stop();
    expect(house.clock.pending).toBe(0);
  });

  test('whoever wants more gets more, and who wants nothing leaves it to the others', async () => {
    const house = new House();
    const [busy, idle] = [house.join('busy').outlet, house.join('idle').outlet];
    for (const outlet of [busy, idle]) learn(outlet, 600, 0, 0);
    await send(house, [busy], 60_000);
    // Nobody else was heard of for long: all of it.
    expect((await send(house, [busy], 60_000))[0]).toBeGreaterThan(570);
    idle.pacer.take(1, house.clock.now());
    await house.clock.advance(1000);
    expect((await send(house, [busy], 10_000))[0]).toBeGreaterThan(80);
  });

  test('know nothing of each other when no word gets through', async () => {
    const house = new House();
    const outlets = ['a', 'b'].map((process) => house.join(process).outlet);
    for (const outlet of outlets) learn(outlet, 600, 0, 0);
    await send(house, outlets, 10_000);
    house.deaf = true;
    await send(house, outlets, 10_000);
    for (const sent of await send(house, outlets, 60_000)) expect(sent).toBeGreaterThan(570);
  });

  test('are held back together by a provider that asks for less haste, or for a wait', async () => {
    const house = new House();
    const [here, there] = [house.join('here').outlet, house.join('there').outlet];
    for (const outlet of [here, there]) learn(outlet, 60_000, 0);
    await send(house, [here, there], 2_000);
    const now = house.clock.now();
    here.pacer.hear({ ...here.pacer.word(now), requestsWaitMs: 3_000 }, true, now);
    await house.clock.advance(600);
    expect(there.pacer.word(house.clock.now()).complaints).toBe(1);
    expect(there.pacer.readyIn(1, 0, house.clock.now())).toBeGreaterThan(2_000);
  });

  test('tell twice a second while they use it, and nothing when they do not', async () => {
    const house = new House();
    const { outlet } = house.join('a');
    house.join('b');
    learn(outlet, 600, 0);
    await house.clock.advance(10_000);
    expect(house.told).toBeGreaterThan(10);
    expect(house.told).toBeLessThan(50);
    await house.clock.advance(20_000);
    const before = house.told;
    await house.clock.advance(60_000);
    expect(house.told).toBe(before);
  });

  test('what is no word of theirs is not heeded', () => {
    const clock = new VirtualClock();
    const account = new Account('ours', DEFAULT_PACING);
    const outlet = account.outletFor(MODEL);
    let hear: Hear = () => expect.unreachable();
    const hints: Hints = { tell: () => undefined, listen: (_, each) => ((hear = each), () => undefined) };
    const stop = sharePacing([account], hints, clock, 'self');
    hear('x', {});
    hear('p ours gpt-4o', { process: 'p', account: 'ours', model: 'other', requests: 1 });
    hear('p ours gpt-4o', { process: 'p', account: 'ours', model: MODEL, requests: 'many', requestsAtOnce: -1 });
    expect(outlet.pacer.known).toBe(false);
    stop();
  });
});
