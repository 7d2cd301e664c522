import { expect, test } from 'vitest';
import { aFault, anAttempt, aCall } from '../../../test/fixtures/call-record.ts';
import { Redactor } from '../redact/redactor.ts';
import { HouseLog, type LogOptions } from './house-log.ts';

function logInto(lines: string[], options: Partial<LogOptions> = {}): HouseLog {
  return new HouseLog({
    level: 'info',
    successes: { perSecond: 2, share: 0.5 },
    redactor: new Redactor({ salt: 'test' }),
    destination: { write: (line) => void lines.push(line) },
    ...options,
  });
}

const told = (lines: readonly string[]): Record<string, unknown>[] =>
  lines.map((line) => JSON.parse(line) as Record<string, unknown>);

test('writes one line of JSON a call: all that went wrong, a share of what went well', () => {
  const lines: string[] = [];
  const log = logInto(lines);
  for (let index = 0; index < 6; index += 1) log.call(aCall({ id: `ok-${index}` }));
  const fault = aFault();
  for (let index = 0; index < 5; index += 1) {
    log.call(aCall({ id: `bad-${index}`, outcome: 'failed', fault, attempts: [anAttempt({ fault })] }));
  }
  expect(lines).toEqual([]);
  log.flush();
  expect(told(lines).map(({ id, stands_for: weight = 1 }) => [id, weight])).toEqual([
    ['ok-0', 1],
    ['ok-1', 1],
    ['ok-3', 2],
    ['ok-5', 2],
    ...Array.from({ length: 5 }, (_, index) => [`bad-${index}`, 1]),
  ]);
  expect(log.dropped).toBe(0);
});

test('tells no secret and no personal detail, wherever it stands', () => {
  const lines: string[] = [];
  const key = `sk-proj-${'A1b2C3d4'.repeat(5)}`;
  const fault = aFault({ message: `Incorrect API key provided: ${key}`, remedy: 'Ask jane.doe@example.com.' });
  const log = logInto(lines);
  log.call(aCall({ outcome: 'failed', fault, model: key, attempts: [anAttempt({ fault })], callerId: key }));
  log.event({
    at: 0,
    kind: 'wrong-keys',
    level: null,
    holder: null,
    organisation: null,
    tenant: null,
    message: `seen: ${key}`,
    detail: { prefix: key },
  });
  log.flush();
  expect(lines).toHaveLength(2);
  expect(lines.join()).not.toContain(key);
  expect(lines.join()).not.toContain('jane.doe');
  expect(told(lines)[0]).toMatchObject({ level: 'warn', event: 'wrong-keys', time: '1970-01-01T00:00:00.000Z' });
});

test.each([
  ['warn', ['failed']],
  ['error', []],
  ['silent', []],
] as const)('at level %s it tells only what matters so much', (level, outcomes) => {
  const lines: string[] = [];
  const log = logInto(lines, { level });
  const fault = aFault({ party: 'caller' });
  log.call(aCall());
  log.call(aCall({ outcome: 'failed', fault, attempts: [anAttempt({ fault })] }));
  log.flush();
  expect(told(lines).map(({ outcome }) => outcome)).toEqual(outcomes);
});
