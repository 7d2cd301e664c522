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

test('the longest chain of promises runs to its end before time moves', async () => {
  const clock = new VirtualClock();
  const ends: number[] = [];
  const chain = async () => {
    for (let link = 0; link < 5000; link += 1) await Promise.resolve();
    ends.push(clock.now());
  };
  for (let at = 1; at <= 2000; at += 1) clock.after(at, () => void (at % 500 === 0 && chain()));
  await clock.advance(3000);
  expect(ends).toEqual([500, 1000, 1500, 2000]);
  expect(clock.now()).toBe(3000);
});

test('a cancelled alarm leaves at once, and one that throws ends the advance', async () => {
  const clock = new VirtualClock();
  const alarms = Array.from({ length: 100 }, (_, i) => clock.after(1000 + ((i * 37) % 100), () => undefined));
  for (const alarm of alarms.slice(0, 99)) alarm.cancel();
  expect(clock.pending).toBe(1);
  clock.after(10, () => {
    throw new Error('broken spring');
  });
  await expect(clock.advance(20)).rejects.toThrow('broken spring');
});
