import { expect, test } from 'vitest';
import { showShare } from './report.ts';
import { Tally } from './tally.ts';
import { judge } from './verdict.ts';

const NOTHING = new Tally().summary();

test.each([
  ['all answered', 2000, 2000, 0, 'kept'],
  ['one of a thousand failed', 2000, 1998, 0, 'kept'],
  ['a little more failed', 2000, 1997, 0, 'broken'],
  ['one is wrong', 2000, 1999, 1, 'broken'],
  ['nothing was measured', 0, 0, 0, 'unjudged'],
])('when %s', (_, calls, answered, wrong, verdict) => {
  expect(judge({ ...NOTHING, calls, answered, wrong }, false)).toBe(verdict);
});

test('a demo that was stopped is not judged', () => {
  expect(judge({ ...NOTHING, calls: 10, answered: 10 }, true)).toBe('unjudged');
});

test.each([
  [1999, 2000, '99.95 %'],
  [19_999, 20_000, '99.99 %'],
  [99_999, 100_000, '99.99 %'],
  [2000, 2000, '100 %'],
  [29, 100, '29 %'],
  [0, 0, '–'],
])('%i of %i is shown as %s', (part, calls, shown) => {
  expect(showShare(part, calls)).toBe(shown);
});
