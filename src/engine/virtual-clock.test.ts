import { expect, test } from 'vitest';
import { VirtualClock } from './virtual-clock.ts';

test('rings in order of time, then of setting, and stands where it was told', async () => {
  const clock = new VirtualClock();
  const rang: string[] = [];
  clock.after(20, () => rang.push(`b@${clock.now()}`));
  clock.after(10, () => rang.push(`a@${clock.now()}`));
  clock.after(20, () => rang.push(`c@${clock.now()}`));
  clock.after(31, () => rang.push('late'));
  await clock.advance(30);
  expect(rang).toEqual(['a@10', 'b@20', 'c@20']);
  expect(clock.now()).toBe(30);
  expect(clock.pending).toBe(1);
});

test('promises woken by an alarm run before the next one rings', async () => {
  const clock = new VirtualClock();
  const seen: string[] = [];
  const sleep = (ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve));
  const work = (async () => {
    await sleep(10);
    seen.push(`woke@${clock.now()}`);
    await sleep(10);
    seen.push(`woke@${clock.now()}`);
  })();
  clock.after(15, () => seen.push('between'));
  await clock.advance(100);
  await work;
  expect(seen).toEqual(['woke@10', 'between', 'woke@20']);
});

test('keeps a thousand alarms in order and forgets the cancelled', () => {
  const clock = new VirtualClock();
  const rang: number[] = [];
  const alarms = Array.from({ length: 1000 }, (_, i) => clock.after((i * 7919) % 1000, () => rang.push(clock.now())));
  for (const [i, alarm] of alarms.entries()) if (i % 3 === 0) alarm.cancel();
  while (clock.step());
  expect(rang).toHaveLength(666);
  expect(rang).toEqual([...rang].sort((a, b) => a - b));
});
