import { expect, test } from 'vitest';
import { Workers } from './workers.ts';

function crew(size: number, queue: number) {
  const workers = new Workers(size, queue);
  const begun: string[] = [];
  return { workers, begun, ask: (name: string) => workers.take(() => begun.push(name)) };
}

test('serves first come, first served, and turns away what does not fit the line', () => {
  const { workers, begun, ask } = crew(1, 2);
  expect([ask('a'), ask('b'), ask('c'), ask('d')]).toEqual(['started', 'queued', 'queued', 'turned-away']);
  workers.release();
  workers.release();
  expect(begun).toEqual(['a', 'b', 'c']);
  workers.release();
  expect([workers.busy, workers.waiting]).toEqual([0, 0]);
});

test('who leaves the line is not served', () => {
  const { workers, begun, ask } = crew(1, 5);
  const leaver = () => void begun.push('leaver');
  ask('a');
  workers.take(leaver);
  ask('b');
  workers.leave(leaver);
  workers.release();
  expect(begun).toEqual(['a', 'b']);
});

test('workers sent away finish first; those brought back take the line', () => {
  const { workers, begun, ask } = crew(2, 5);
  ask('a');
  ask('b');
  workers.resize(0);
  ask('c');
  ask('d');
  workers.release();
  workers.release();
  expect(begun).toEqual(['a', 'b']);
  workers.resize(2);
  expect(begun).toEqual(['a', 'b', 'c', 'd']);
});
