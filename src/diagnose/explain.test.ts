import { describe, expect, it } from 'vitest';
import { describeFault, explain, explanationOf, type Note } from './explain.ts';
import { NoteError, readNote } from './note.ts';

function note(more: Partial<Note>): Note {
  return { status: 200, headers: {}, body: null, stream: false, ...more };
}

const ANSWER = '{"id":"c","object":"chat.completion","error":null,"choices":[{"message":{"content":"hi"}}]}';

const ROWS: readonly (readonly [what: string, given: Partial<Note>, kind: string | null])[] = [
  ['an answer', { body: ANSWER }, null],
  ['no content', { status: 204 }, null],
  ['a created resource', { status: 201, body: '{"id":"f","object":"file"}' }, null],
  ['a 200 that holds an error', { body: '{"error":{"message":"m","code":429}}' }, 'rate-limit-requests'],
  ['an empty 200', { body: '' }, 'partial-response'],
  ['a page with 200', { body: '<html></html>' }, 'malformed-response'],
  ['half an answer', { body: ANSWER.slice(0, 30) }, 'partial-response'],
  ['a redirect', { status: 307 }, 'malformed-response'],
  ['a failed answer', { status: 503, body: '' }, 'unavailable'],
  ['a whole stream', { body: 'data: {"choices":[{"delta":{}}]}\n\ndata: [DONE]\n\n' }, null],
  [
    'a whole stream with an error',
    { body: 'data: {"choices":[]}\n\ndata: {"error":{"code":"server_is_overloaded"}}\n\n' },
    'overloaded',
  ],
  ['a healthy event', { stream: true, body: '{"type":"response.created","response":{"status":"in_progress"}}' }, null],
  ['the end of a stream', { stream: true, body: 'data: [DONE]' }, null],
  [
    'an error event',
    { stream: true, body: '{"type":"error","error":{"type":"overloaded_error","message":"m"}}' },
    'overloaded',
  ],
  [
    'an error event by its name',
    { stream: true, body: 'event: error\ndata: {"message":"m","code":"slow_down"}' },
    'slow-down',
  ],
  ['an event that is not JSON', { stream: true, body: 'oops' }, 'malformed-response'],
  ['a stream refused outright', { stream: true, status: 401, body: '{"error":{"message":"m"}}' }, 'authentication'],
];

describe('explain', () => {
  it.each(ROWS)('%s', (_, given, kind) => {
    expect(explain(note(given), 0)?.kind ?? null).toBe(kind);
  });

  it('tells meaning, party, remedy, retry and evidence', () => {
    const body = '{"error":{"message":"Limit reached.","type":"tokens","code":"rate_limit_exceeded"}}';
    const fault = explain(note({ status: 429, headers: { 'retry-after': '3' }, body }), 0);
    expect(describeFault(fault).split('\n')).toEqual([
      'rate-limit-tokens: Limit reached.',
      '  at fault   account: keys, limits or billing at the provider have to change',
      `  to do      ${fault?.remedy}`,
      '  retry      helps after 3 s; another key, region, model or provider may answer at once',
      '  read from  status 429; error.code rate_limit_exceeded; error.type tokens; header retry-after: 3',
    ]);
    expect(explanationOf(fault)).toEqual({
      kind: 'rate-limit-tokens',
      detail: null,
      party: 'account',
      retry: { here: true, elsewhere: true, afterMs: 3000 },
      remedy: fault?.remedy,
      evidence: ['status 429', 'error.code rate_limit_exceeded', 'error.type tokens', 'header retry-after: 3'],
    });
  });

  it('says when there is no failure', () => {
    expect(describeFault(null)).toMatch(/^No failure/);
    expect(explanationOf(null)).toMatchObject({ kind: null, party: null, retry: { here: false, afterMs: null } });
  });

  it.each([
    [400, 'does not help, here or elsewhere'],
    [401, 'does not help here; another key'],
    [409, 'helps, at the same place'],
  ])('says whether a retry helps after %i', (status, words) => {
    expect(describeFault(explain(note({ status }), 0))).toContain(words);
  });
});

describe('notes', () => {
  it('reads what a log line gives', () => {
    const line =
      '{"provider":"azure","status":"429","headers":{"Retry-After":3,"Set-Cookie":["a","b"]},"body":{"error":{}},"at":1}';
    expect(readNote(line)).toEqual({
      provider: 'azure',
      status: 429,
      headers: { 'retry-after': '3', 'set-cookie': 'a' },
      body: '{"error":{}}',
      stream: false,
    });
    expect(readNote('{"stream":true,"body":"x"}')).toMatchObject({ status: 200, stream: true });
  });

  it.each([
    ['{"status"', 'not JSON'],
    ['[1]', 'not an object'],
    ['{"code":429}', 'status is missing (found "code")'],
    ['{"status":"soon"}', 'status is "soon"'],
    ['{"status":20}', 'status is 20'],
    ['{"status":429,"stream":"yes"}', 'stream is "yes"; give true or false'],
    ['{"status":429,"provider":1}', 'provider is 1'],
    ['{"status":429,"headers":"x"}', 'headers is "x"'],
    ['{"status":429,"headers":{"a":{}}}', 'headers["a"] is {}'],
  ])('refuses %s', (line, problem) => {
    expect(() => readNote(line)).toThrow(NoteError);
    expect(() => readNote(line)).toThrow(problem);
  });
});
