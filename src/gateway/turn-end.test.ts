import { expect, test } from 'vitest';
import { TurnEnd } from './turn-end.ts';

test('does what waits in one go, in order, after what goes on now', async () => {
  const done: number[] = [];
  const later = new TurnEnd<number>((item) => done.push(item));
  later.add(1);
  later.add(2);
  await Promise.resolve();
  expect(done).toEqual([]);
  await new Promise(setImmediate);
  expect(done).toEqual([1, 2]);
  later.add(3);
  later.finish();
  expect(done).toEqual([1, 2, 3]);
  await new Promise(setImmediate);
  expect(done).toEqual([1, 2, 3]);
});

test('what comes while it works waits for the next time', async () => {
  const done: number[] = [];
  const later = new TurnEnd<number>((item) => {
    done.push(item);
    if (item < 3) later.add(item + 1);
  });
  later.add(1);
  later.finish();
  expect(done).toEqual([1]);
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  expect(done).toEqual([1, 2, 3]);
});

test('neighbours keep their order, whichever was put off first', async () => {
  const done: string[] = [];
  const replies: TurnEnd<string> = new TurnEnd<string>(
    (item) => {
      done.push(item);
      // The end of a stream that was there as a whole.
      if (item === 'reply 2') records.add('record 2');
    },
    { after: () => records.finish() },
  );
  const records = new TurnEnd<string>((item) => done.push(item), { before: () => replies.finish() });
  records.add('record 1');
  replies.add('reply 1');
  replies.add('reply 2');
  await new Promise(setImmediate);
  expect(done).toEqual(['reply 1', 'reply 2', 'record 1', 'record 2']);
  await new Promise(setImmediate);
  expect(done).toHaveLength(4);
});
