import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../random.ts';
import type { RetryAdvice } from './fault.ts';
import { classifyEvent, classifyResponse, findErrorInBody, KINDS } from './index.ts';

interface Row {
  readonly what: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** The kind, then `both`, `here`, `move` (elsewhere only) or `no`, then the wait in ms where one was asked for. */
  readonly expected: string;
}

const FIXTURES = new URL('fixtures/', import.meta.url);

function rowsOf(file: string): readonly Row[] {
  const lines = readFileSync(new URL(file, FIXTURES), 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Row);
}

function advice({ here, elsewhere, afterMs }: RetryAdvice): string {
  const word = here ? (elsewhere ? 'both' : 'here') : elsewhere ? 'move' : 'no';
  return afterMs === null ? word : `${word} ${afterMs}`;
}

describe.each(readdirSync(FIXTURES))('answers of %s', (file) => {
  it.each(rowsOf(file))('names $what ($status)', ({ status, headers, body, expected }) => {
    const fault = classifyResponse({ status, headers, body, wall: 0 });
    expect(`${fault.kind}, ${advice(fault.retry)}`).toBe(expected);
    expect(fault.evidence[0]).toBe(`status ${status}`);
  });
});

describe('what a fault tells', () => {
  it('names the facts it was read from', () => {
    const body =
      '{"error":{"message":"Cap.","type":"insufficient_quota","param":null,"code":"project_spend_limit_exceeded"},"status":429}';
    const fault = classifyResponse({ status: 429, headers: { 'retry-after-ms': '3000' }, body, wall: 0 });
    expect(fault.evidence).toEqual([
      'status 429',
      'error.code project_spend_limit_exceeded',
      'header retry-after-ms: 3000',
    ]);
    expect(fault).toMatchObject({ type: 'insufficient_quota', code: 'project_spend_limit_exceeded', status: 429 });
  });

  it('reads bytes as it reads text', () => {
    const body = '\uFEFF{"error":{"code":"model_not_found","message":"Kein Modell „m“."}}';
    const fault = classifyResponse({ status: 404, headers: {}, body: new TextEncoder().encode(body), wall: 0 });
    expect(fault).toMatchObject({ kind: 'not-found', message: 'Kein Modell „m“.' });
  });

  it('says what is at stake when the provider says nothing', () => {
    const fault = classifyResponse({ status: 529, headers: {}, body: null, wall: 0 });
    expect(fault.message).toBe(KINDS.overloaded.message);
    expect(fault.evidence).toContain('an empty body');
  });

  it('keeps no secret, wherever the provider echoes it', () => {
    const key = `sk-proj-${'aB3'.repeat(12)}`;
    const error = { message: `Bad header Authorization: Bearer ${key}`, type: key, code: key, param: key };
    const fault = classifyResponse({ status: 401, headers: {}, body: JSON.stringify({ error }), wall: 0 });
    expect(fault.message).toContain('[redacted]');
    expect(JSON.stringify(fault)).not.toContain('aB3aB3');
  });

  it('shortens a long message', () => {
    const body = JSON.stringify({ error: { message: 'word '.repeat(10_000) } });
    expect(classifyResponse({ status: 400, headers: {}, body, wall: 0 }).message.length).toBeLessThanOrEqual(500);
  });

  it('blames the base URL when a web server answers 404', () => {
    const body = '<html><title>404</title></html>';
    expect(classifyResponse({ status: 404, headers: {}, body, wall: 0 }).remedy).toContain('base URL');
  });
});

const EVENTS: readonly (readonly [what: string, data: unknown, expected: string])[] = [
  ['chat', { error: { message: 'm', type: 'server_error', code: null } }, 'server-error, both'],
  ['chat as text', '{"error":{"message":"m","code":"server_is_overloaded"}}', 'overloaded, both'],
  ['an error that is text', { error: 'the model is overloaded' }, 'overloaded, both'],
  ['an error that is only text', { error: 'something broke' }, 'server-error, both'],
  ['a numeric code', { error: { message: 'm', code: 429 } }, 'rate-limit-requests, both'],
  ['vLLM', { error: { message: 'm', type: 'BadRequestError', code: 400 } }, 'invalid-request, no'],
  ['Responses, flat', { type: 'error', code: 'server_is_overloaded', message: 'm', param: null }, 'overloaded, both'],
  [
    'Responses, nested',
    {
      type: 'error',
      sequence_number: 2,
      error: { type: 'invalid_request_error', code: 'context_length_exceeded', message: 'm', param: 'input' },
    },
    'context-length, move',
  ],
  [
    'a failed response',
    {
      type: 'response.failed',
      response: {
        object: 'response',
        status: 'failed',
        error: { code: 'rate_limit_exceeded', message: 'Please try again in 2s.' },
      },
    },
    'rate-limit-requests, both 2000',
  ],
  [
    'a failed response without a reason',
    { type: 'response.failed', response: { status: 'failed', error: null } },
    'server-error, both',
  ],
  [
    'Anthropic',
    { type: 'error', error: { details: null, type: 'overloaded_error', message: 'Overloaded' } },
    'overloaded, both',
  ],
  [
    'Anthropic, refusing',
    { type: 'error', error: { type: 'invalid_request_error', message: 'm' } },
    'invalid-request, no',
  ],
  [
    'SSE lines',
    'event: error\ndata: {"type":"error","error":{"type":"api_error","message":"m"}}\n\n',
    'server-error, both',
  ],
  ['SSE lines without a name', 'data: {"error":{"code":"insufficient_quota"}}\r\n\r\n', 'quota-exhausted, move'],
  [
    'OpenRouter',
    {
      id: 'g',
      error: { code: 502, message: 'Provider disconnected' },
      choices: [{ delta: { content: '' }, finish_reason: 'error' }],
    },
    'bad-gateway, both',
  ],
  ['AWS', { throttlingException: { message: 'Too many requests' } }, 'rate-limit-requests, both'],
  ['half an event', '{"error":{"mess', 'partial-response, both'],
  ['an event that is no JSON', 'data: {error: {}}', 'malformed-response, both'],
  ['a page', '<html><title>Gateway</title></html>', 'malformed-response, both'],
  ['nothing', '', 'partial-response, both'],
  ['something that is no error', { choices: [{ delta: { content: 'hi' } }] }, 'malformed-response, both'],
];

describe('error events in a stream', () => {
  it.each(EVENTS)('names %s', (_, data, expected) => {
    const fault = classifyEvent({ data });
    expect(`${fault.kind}, ${advice(fault.retry)}`).toBe(expected);
    expect(fault.status).toBeNull();
  });
});

const HELD: readonly (readonly [what: string, body: unknown, held: boolean])[] = [
  [
    'a chat answer',
    { id: 'c', object: 'chat.completion', choices: [{ message: { content: 'hi' }, finish_reason: 'stop' }] },
    false,
  ],
  ['a chat answer with a null error', { object: 'chat.completion', error: null, choices: [{ message: {} }] }, false],
  ['a response', { object: 'response', status: 'completed', error: null, output: [] }, false],
  ['an incomplete response', { object: 'response', status: 'incomplete', error: null, output: [] }, false],
  ['a failed response', { object: 'response', status: 'failed', error: { code: 'server_error' }, output: [] }, true],
  ['embeddings', { object: 'list', data: [] }, false],
  ['a failed batch that was asked for', { id: 'b', object: 'batch', status: 'failed', error: { code: 'x' } }, false],
  ['an error', { error: { message: 'm' } }, true],
  ['an error as text', { error: 'm' }, true],
  ['an error in an array', [{ error: { code: 400 } }], true],
  ['an old vLLM error', { object: 'error', message: 'm' }, true],
  ['an Anthropic error', { type: 'error', error: {} }, true],
  ['an Anthropic answer', { type: 'message', content: [] }, false],
  ['a Google answer', { candidates: [{}], promptFeedback: {} }, false],
  ['a blocked Google prompt', { promptFeedback: { blockReason: 'SAFETY' } }, true],
  ['a choice that ended in error', { choices: [{ delta: {}, finish_reason: 'error' }] }, true],
  ['an AWS exception', { internalServerException: { message: 'm' } }, true],
  ['a number', 3, false],
  ['null', null, false],
];

describe('findErrorInBody', () => {
  it.each(HELD)('%s', (_, body, held) => {
    expect(findErrorInBody(body)).toBe(held);
  });
});

describe('any input at all', () => {
  const random = seededRandom(7);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const WORDS = [
    'error',
    'message',
    'code',
    'type',
    'param',
    'status',
    'details',
    'metadata',
    'choices',
    'response',
    '__proto__',
    'constructor',
  ];

  function junk(depth: number): unknown {
    const leaf = [
      null,
      true,
      0,
      -1,
      1e308,
      429,
      '429',
      '',
      'rate_limit_exceeded',
      '\uD800',
      '{"error":',
      '[[[',
      'x'.repeat(50),
    ];
    if (depth === 0 || random() < 0.3) return pick(leaf);
    if (random() < 0.3) return Array.from({ length: Math.floor(random() * 4) }, () => junk(depth - 1));
    return Object.fromEntries(Array.from({ length: Math.floor(random() * 5) }, () => [pick(WORDS), junk(depth - 1)]));
  }

  it('gets a fault of a known kind, never an exception', () => {
    const STATUSES = [
      -1,
      0,
      100,
      200,
      204,
      301,
      400,
      401,
      403,
      404,
      413,
      422,
      429,
      500,
      503,
      599,
      700,
      Number.NaN,
      1e9,
    ];
    for (let round = 0; round < 3000; round += 1) {
      const body = JSON.stringify(junk(6));
      const cut = random() < 0.3 ? body.slice(0, Math.floor(random() * body.length)) : body;
      const fault = classifyResponse({ status: pick(STATUSES), headers: { 'retry-after': cut }, body: cut, wall: 0 });
      const inStream = classifyEvent({ data: random() < 0.5 ? cut : junk(6) });
      for (const { kind, message, evidence } of [fault, inStream]) {
        expect(KINDS[kind]).toBeDefined();
        expect(message.isWellFormed() && message.length > 0 && evidence.length > 0).toBe(true);
      }
    }
  });

  it('survives random bytes and deep nesting', () => {
    for (let round = 0; round < 300; round += 1) {
      const body = Uint8Array.from({ length: 200 }, () => Math.floor(random() * 256));
      expect(classifyResponse({ status: 500, headers: {}, body, wall: 0 }).retry.here).toBe(true);
    }
    for (const open of ['[', '{"error":', '{"message":']) {
      const deep = open.repeat(20_000) + '1' + (open === '[' ? ']' : '}').repeat(20_000);
      expect(classifyResponse({ status: 500, headers: {}, body: deep, wall: 0 }).kind).toBe('server-error');
    }
  });

  it('reads a hostile message in no time', () => {
    const hostile = [
      'model '.repeat(20_000),
      'a'.repeat(100_000),
      'limit: 1, '.repeat(10_000),
      'not supported '.repeat(9000),
    ];
    const before = performance.now();
    for (const message of hostile)
      classifyResponse({ status: 400, headers: {}, body: JSON.stringify({ error: { message } }), wall: 0 });
    for (const message of hostile)
      classifyResponse({ status: 429, headers: {}, body: JSON.stringify({ error: { message } }), wall: 0 });
    expect(performance.now() - before).toBeLessThan(1000);
  });
});
