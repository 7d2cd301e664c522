import { expect, test } from 'vitest';
import { faultOf } from '../engine/fault/index.ts';
import { Breaker } from '../engine/health/breaker.ts';
import { DEFAULT_BREAKER } from '../engine/policy.ts';
import { VirtualClock } from '../engine/virtual-clock.ts';
import type { HouseEvent } from '../observe/events.ts';
import { tellOfBreakers } from './breaker-news.ts';

interface Watched {
  readonly clock: VirtualClock;
  readonly breaker: Breaker;
  readonly events: HouseEvent[];
  readonly stop: () => void;
  /** An attempt that comes to its end at once. */
  attempt(failed: boolean): void;
}

function watched(): Watched {
  const clock = new VirtualClock();
  const breaker = new Breaker({ ...DEFAULT_BREAKER, jitter: 0 });
  const events: HouseEvent[] = [];
  const stop = tellOfBreakers([{ id: 'main', breaker }], clock, (event) => events.push(event));
  const attempt = (failed: boolean): void => {
    const permit = breaker.enter(clock.now());
    if (permit === null) throw new Error('the breaker is open');
    if (!failed) breaker.content(permit);
    breaker.settle(permit, failed ? faultOf('overloaded') : null, clock.now(), clock.now(), () => 0.5);
  };
  return { clock, breaker, events, stop, attempt };
}

function messages({ events }: Watched): string[] {
  return events.map(({ message }) => message);
}

test('an outage is told once, however often probes fail in it', async () => {
  const main = watched();
  const closed = (): boolean => main.breaker.state.name === 'closed';
  while (closed()) main.attempt(true);
  for (let probes = 0; probes < 20; probes += 1) {
    await main.clock.advance(Math.ceil(main.breaker.readyAt(main.clock.now()) - main.clock.now()));
    main.attempt(true);
  }
  await main.clock.advance(120_000);
  for (let calls = 0; !closed() && calls < 100; calls += 1) main.attempt(false);
  expect(messages(main)).toEqual([
    'target main is out: its breaker has opened on overloaded',
    'target main is being tried again: its breaker is half-open',
    expect.stringMatching(/^target main is back after \d+ min: its breaker is closed$/),
  ]);
  expect(main.events.map(({ kind }) => kind)).toEqual(['breaker-open', 'breaker-half-open', 'breaker-closed']);
  expect(main.events[0]?.detail).toMatchObject({ target: 'main', state: 'open', byHand: false, reason: 'overloaded' });
});

test('what is done by hand is told as such', async () => {
  const main = watched();
  main.breaker.openByHand(main.clock.now());
  await main.clock.advance(5_000);
  main.breaker.closeByHand();
  main.breaker.closeByHand();
  main.breaker.openByHand(main.clock.now());
  main.breaker.letGo(main.clock.now());
  main.attempt(false);
  expect(messages(main)).toEqual([
    'target main was taken out by hand',
    'target main is back after 5 s: its breaker is closed',
    'target main was taken out by hand',
    'target main is being tried again: its breaker is half-open',
  ]);
  expect(main.events[0]?.detail).toMatchObject({ byHand: true, reason: null });
});

test('a breaker that flaps is told of seldom, and its last word is how it stands', async () => {
  const main = watched();
  for (let turn = 0; turn < 600; turn += 1) {
    main.breaker.openByHand(main.clock.now());
    await main.clock.advance(500);
    main.breaker.closeByHand();
    await main.clock.advance(500);
  }
  // Ten minutes and 1,200 changes.
  expect(main.events.length).toBeLessThanOrEqual(26);
  expect(main.events.length).toBeGreaterThan(20);
  expect(main.events.at(-1)?.message).toMatch(/; its breaker has changed \d+ times in the last half minute$/);
  await main.clock.advance(60_000);
  expect(main.events.at(-1)).toMatchObject({ kind: 'breaker-closed' });
  const counted = main.events.reduce((sum, { detail }) => sum + Number(detail?.['skipped']), 0);
  expect(counted + main.events.filter(({ detail }) => detail?.['skipped'] === 0).length).toBe(1_200);
  main.breaker.openByHand(main.clock.now());
  main.stop();
  expect(main.clock.pending).toBe(0);
});
