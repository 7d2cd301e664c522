import { expect, test } from 'vitest';
import { IDLE_MS, LONGEST_MS, Sessions } from './sessions.ts';

test('a session lives as long as it is used, up to a day', () => {
  const sessions = new Sessions();
  const id = sessions.begin('token_a', 0);
  let now = 0;
  let uses = 0;
  for (; sessions.use(id, now) !== null; now += IDLE_MS) uses += 1;
  expect(uses).toBe(LONGEST_MS / IDLE_MS + 1);
  expect(sessions.use(id, 0)).toBeNull();
});

test('one that is left alone ends, and so does one that is signed out', () => {
  const sessions = new Sessions();
  const [quiet, left] = [sessions.begin('token_a', 0), sessions.begin('token_a', 0)];
  expect(quiet).not.toBe(left);
  expect(sessions.use(quiet, IDLE_MS + 1)).toBeNull();
  sessions.end(left);
  expect(sessions.use(left, 1)).toBeNull();
  expect(sessions.use('made up', 1)).toBeNull();
});

test('there are never more than a thousand, and those in use stay', () => {
  const sessions = new Sessions();
  const first = sessions.begin('token_a', 0);
  const second = sessions.begin('token_b', 0);
  for (let other = 0; other < 998; other += 1) sessions.begin('token_c', 1);
  expect(sessions.use(first, 2)).toMatchObject({ token: 'token_a' });
  sessions.begin('token_d', 3);
  expect(sessions.use(first, 4)).not.toBeNull();
  expect(sessions.use(second, 4)).toBeNull();
});
