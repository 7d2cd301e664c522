import { expect, test } from 'vitest';
import { VirtualClock } from '../engine/virtual-clock.ts';
import { Shift } from './shift.ts';
import { Workers } from './workers.ts';

/** One worker, and shifts of 100 ms for it. */
function crew(abandoned: 'worked' | 'dropped') {
  const clock = new VirtualClock();
  const workers = new Workers(1, 5);
  const begun: string[] = [];
  const shift = (name: string): Shift => {
    const begin = (): void => void begun.push(`${name} at ${clock.now()}`);
    const each = new Shift({ workers, clock, workMs: () => 100, worksOn: abandoned === 'worked', begin });
    each.start();
    return each;
  };
  return { clock, workers, begun, shift };
}

test('a shift that ends well gives its worker to the next', async () => {
  const { clock, workers, begun, shift } = crew('worked');
  const first = shift('first');
  const second = shift('second');
  await clock.advance(100);
  first.end(false);
  expect(begun).toEqual(['first at 0', 'second at 100']);
  second.end(false);
  expect([workers.busy, workers.waiting, clock.pending]).toEqual([0, 0, 0]);
});

test('what is abandoned at work, or in the line, is dropped at once', async () => {
  const { clock, workers, begun, shift } = crew('dropped');
  const first = shift('first');
  const second = shift('second');
  shift('third');
  await clock.advance(10);
  second.end(true);
  first.end(true);
  expect(begun).toEqual(['first at 0', 'third at 10']);
  expect([workers.busy, workers.waiting, clock.pending]).toEqual([1, 0, 0]);
});

test('or is worked on to its end, where nobody notices that its client has left', async () => {
  const { clock, workers, begun, shift } = crew('worked');
  const first = shift('first');
  const second = shift('second');
  shift('third');
  await clock.advance(10);
  second.end(true);
  first.end(true);
  expect(begun).toEqual(['first at 0']);
  await clock.advance(1000);
  expect(begun).toEqual(['first at 0', 'third at 200']);
  expect([workers.busy, workers.waiting, clock.pending]).toEqual([1, 0, 0]);
});
