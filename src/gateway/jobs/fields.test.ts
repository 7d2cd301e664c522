import { describe, expect, test } from 'vitest';
import { readAskedJob, readAskedList } from './fields.ts';

const BODY = { model: 'gpt-4o', messages: [{ role: 'user', content: 'Hello' }] };
const JOB = { endpoint: '/v1/chat/completions', body: BODY };

function messageOf(asked: object): string {
  return 'fault' in asked ? (asked.fault as { readonly message: string }).message : 'taken';
}

describe('a job', () => {
  const read = (asked: unknown): ReturnType<typeof readAskedJob> => readAskedJob(Buffer.from(JSON.stringify(asked)));

  test('is read, with its lengths of time in milliseconds', () => {
    const wishes = { priority: -5, attempts: 3, webhook: 'https://example.com', metadata: { order: '7' } };
    expect(read({ ...JOB, ...wishes, deadline: '30d' })).toEqual({ ...JOB, ...wishes, deadline: 2_592_000_000 });
  });

  test.each<[string, unknown, string]>([
    ['no object', [JOB], 'must be a mapping of fields'],
    ['no endpoint', { body: BODY }, 'endpoint is missing. It must be one of /v1/chat/completions, /v1/responses'],
    ['an endpoint that takes no jobs', { ...JOB, endpoint: '/v1/files' }, 'Write one of /v1/chat/completions, /v1/'],
    ['no request', { endpoint: JOB.endpoint }, 'body is missing'],
    ['no time', { ...JOB, deadline: 0 }, 'deadline 0 cannot be used. It must be longer than nothing'],
    [
      'more time than anybody has',
      { ...JOB, deadline: '31d' },
      'deadline is too far away. It must not be longer than 30d',
    ],
    ['a number that is none', { ...JOB, deadline: 1e308 }, 'must not be longer than 30d'],
    ['no attempt', { ...JOB, attempts: 0 }, 'attempts 0 cannot be used. It must be at least 1'],
    ['a field that is not known', { ...JOB, retries: 3 }, 'retries is not a known field'],
  ])('is refused with %s', (_, asked, why) => expect(messageOf(read(asked))).toContain(why));
});

test.each([
  ['limit=0', 'limit must be a whole number from 1 to 100'],
  ['limit=1e9', 'limit must be a whole number from 1 to 100'],
  ['status=lost', 'status: there is no such state'],
  ['status=dead&limit=100', 'taken'],
])('a list is asked for by %s', (query, why) => {
  expect(messageOf(readAskedList(new URLSearchParams(query)))).toContain(why);
});
