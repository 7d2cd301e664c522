import { request } from 'node:http';
import { connect } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { classifyResponse } from '../engine/fault/index.ts';
import { FAULTS, parseFault } from './faults.ts';
import type { Misbehaviour } from './faults/misbehaviour.ts';
import { startSimulator } from './simulator.ts';
import type { Simulator } from './simulator.ts';

/** What a client saw of one answer. */
interface Sight {
  readonly status: number | null;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** `ended` in order, `broken` by the connection's end, or still `open` when the patience was over. */
  readonly end: 'ended' | 'broken' | 'open';
}

type Kind = 'chat stream' | 'chat whole' | 'responses stream' | 'responses whole';

const KINDS: readonly Kind[] = ['chat stream', 'chat whole', 'responses stream', 'responses whole'];
const PROMPT = 'Write 12 words about a storm at sea';
/** For what ends by itself, however busy the machine is. */
const PATIENCE_MS = 10_000;
/** For what never ends: long enough to see all that comes before the silence. */
const SILENCE_MS = 1000;

let simulator: Simulator;

beforeAll(async () => {
  simulator = await startSimulator({ seed: 3 });
});

afterAll(() => simulator.close());

function call(kind: Kind, fault: string | null, patienceMs = PATIENCE_MS): Promise<Sight> {
  const stream = kind.endsWith('stream');
  const chat = kind.startsWith('chat');
  const model = fault === null ? 'gpt-4o' : `gpt-4o@${fault}`;
  const body = chat
    ? { model, stream, messages: [{ role: 'user', content: PROMPT }] }
    : { model, stream, input: PROMPT };
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let status: number | null = null;
    let headers: Sight['headers'] = {};
    const settle = (end: Sight['end']) => {
      clearTimeout(timer);
      resolve({ status, headers, body: Buffer.concat(chunks), end });
      sent.destroy();
    };
    const path = chat ? '/v1/chat/completions' : '/v1/responses';
    const options = {
      method: 'POST',
      agent: false as const,
      headers: { authorization: 'Bearer k', 'content-type': 'application/json' },
    };
    const sent = request(simulator.url + path, options, (answer) => {
      status = answer.statusCode ?? null;
      headers = answer.headers;
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => settle('ended'));
      answer.on('error', () => settle('broken'));
    });
    const timer = setTimeout(() => settle('open'), patienceMs);
    sent.on('error', () => settle('broken'));
    sent.end(JSON.stringify(body));
  });
}

/** The bytes on the wire: a client of Node joins chunks before anyone can count them. */
function rawPost(path: string, body: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(simulator.port, '127.0.0.1', () => {
      socket.write(
        `POST ${path} HTTP/1.1\r\nhost: simulator\r\nauthorization: Bearer k\r\nconnection: close\r\n` +
          `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
    });
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(chunks)));
  });
}

/** The data of every event, comments left out and lines joined as the standard says. */
function events(body: Buffer): string[] {
  return body
    .toString()
    .replaceAll('\r\n', '\n')
    .split('\n\n')
    .map((event) =>
      event
        .split('\n')
        .filter((line) => line.startsWith('data:'))
        .map((line) => line.slice('data:'.length).replace(/^ /, ''))
        .join('\n'),
    )
    .filter((data) => data !== '');
}

interface AnyEvent {
  type?: string;
  delta?: string;
  error?: unknown;
  choices?: { delta?: { content?: string }; message?: { content?: string }; finish_reason?: string | null }[];
  output?: { content?: { text: string }[] }[];
}

/** The tokens that a client could read before anything it could not. */
function tokens(body: Buffer): string[] {
  const read: string[] = [];
  for (const data of events(body)) {
    if (data === '[DONE]') break;
    let event: AnyEvent;
    try {
      event = JSON.parse(data) as AnyEvent;
    } catch {
      break;
    }
    const text = event.type === 'response.output_text.delta' ? event.delta : event.choices?.[0]?.delta?.content;
    if (text) read.push(text);
  }
  return read;
}

function isComplete(body: Buffer): boolean {
  return /"finish_reason":"|"type":"response\.completed"/.test(body.toString());
}

function textOf(kind: Kind, body: Buffer): string {
  if (kind.endsWith('stream')) return tokens(body).join('');
  const whole = JSON.parse(body.toString()) as AnyEvent;
  return kind === 'chat whole'
    ? (whole.choices?.[0]?.message?.content ?? '')
    : (whole.output?.[0]?.content?.[0]?.text ?? '');
}

function suffers(fault: Misbehaviour, kind: Kind): boolean {
  const stream = kind.endsWith('stream');
  if (fault.spoils !== 'any' && (fault.spoils === 'stream') !== stream) return false;
  return fault.wires === null || fault.wires.includes(kind.startsWith('chat') ? 'chat' : 'responses');
}

/** Every fault with every kind of call it spoils. */
const CASES = FAULTS.flatMap((fault) =>
  KINDS.filter((kind) => suffers(fault, kind)).map((kind) => ({ fault, kind, name: fault.name })),
);

const silent = CASES.filter(({ fault }) => fault.kind === 'timeout');
const broken = CASES.filter(({ name }) => /^(?:cut|reset|short-body)/.test(name));
const harmless = CASES.filter(
  ({ fault, name }) => fault.kind === null && !/^(?:content-filter|refusal|empty-answer|response-inc)/.test(name),
);
const late = CASES.filter(
  ({ fault, kind }) => fault.moment === 'after-content' && fault.kind !== 'timeout' && kind.endsWith('stream'),
);
const refused = CASES.filter(
  ({ fault }) => fault.kind !== null && fault.spoils === 'any' && fault.moment === 'before-content',
).filter(({ fault, name }) => fault.kind !== 'timeout' && fault.kind !== 'network' && name !== 'refuse');

test('the catalogue has no name twice, and explains every fault', () => {
  expect(new Set(FAULTS.map((fault) => fault.name)).size).toBe(FAULTS.length);
  expect(FAULTS.length).toBeGreaterThan(90);
  for (const fault of FAULTS) {
    expect(fault.name).toMatch(/^[a-z0-9]+(?:-[a-z0-9]+)*$/);
    expect(fault.description).toMatch(/\.$/);
    expect(fault.moment === null).toBe(fault.kind === null);
  }
});

describe('errors in place of an answer', () => {
  test.each(refused)('$name to a $kind', async ({ fault, kind }) => {
    const sight = await call(kind, fault.name);
    expect(sight.end).toBe('ended');
    const { status, headers, body } = sight;
    const failure = classifyResponse({ status: status ?? 0, headers, body, wall: Date.now() });
    expect(failure.kind).toBe(fault.kind);
  });
});

describe('silence', () => {
  const sights = new Map<string, Sight>();

  beforeAll(async () => {
    // All at once: each of them takes its whole time.
    const calls = silent.map(async ({ kind, name }) =>
      sights.set(`${name} ${kind}`, await call(kind, name, SILENCE_MS)),
    );
    await Promise.all(calls);
  });

  test.each(silent)('$name of a $kind', ({ fault, kind }) => {
    const sight = sights.get(`${fault.name} ${kind}`);
    expect(sight?.end).toBe('open');
    expect(sight?.status).toBe(fault.name === 'hang' ? null : 200);
    const expected = fault.name === 'stall' && kind.endsWith('stream') ? 5 : 0;
    expect(tokens(sight?.body ?? Buffer.alloc(0))).toHaveLength(expected);
  });
});

describe('broken connections', () => {
  test.concurrent.each(broken)('$name of a $kind', async ({ fault, kind }) => {
    const sight = await call(kind, fault.name);
    expect(sight.end).toBe('broken');
    expect(sight.status).toBe(fault.name.endsWith('-before-headers') ? null : 200);
  });
});

describe('faults after content', () => {
  test.concurrent.each(late)(
    '$name of a $kind lets exactly the tokens through that it says',
    async ({ fault, kind }) => {
      const calm = tokens((await call(kind, null)).body);
      for (const count of [1, 7]) {
        const sight = await call(kind, `${fault.name}:${count}`);
        expect(tokens(sight.body)).toEqual(calm.slice(0, count));
      }
    },
  );
});

describe('streams that break off', () => {
  const unfinished = late.filter(({ name }) => name !== 'malformed-event');
  test.concurrent.each(unfinished)('$name of a $kind has no finish', async ({ fault, kind }) => {
    expect(isComplete((await call(kind, fault.name)).body)).toBe(false);
  });
});

describe('oddities', () => {
  test.concurrent.each(harmless)('$name leaves a $kind whole', async ({ fault, kind }) => {
    const calm = await call(kind, null);
    const argument = fault.argument?.means.startsWith('milliseconds') === true ? ':5' : '';
    const sight = await call(kind, fault.name + argument);
    expect(sight.end).toBe('ended');
    const body = sight.headers['content-encoding'] === 'gzip' ? gunzipSync(sight.body) : sight.body;
    expect(textOf(kind, body)).toBe(textOf(kind, calm.body));
  });

  test('tiny-chunks gives every byte a chunk of its own', async () => {
    const body = JSON.stringify({
      model: 'gpt-4o@tiny-chunks',
      stream: true,
      messages: [{ role: 'user', content: PROMPT }],
    });
    const bytes = await rawPost('/v1/chat/completions', body);
    const sizes = [...bytes.toString('latin1').matchAll(/\r\n([0-9a-f]+)\r\n(?=[^\r])/g)].map(([, size]) => size);
    expect(sizes.length).toBeGreaterThan(500);
    expect(new Set(sizes)).toEqual(new Set(['1']));
  });

  test('huge-chunk is as large as it says', async () => {
    const sight = await call('chat stream', 'huge-chunk:300000');
    expect(Math.max(...events(sight.body).map((data) => data.length))).toBeGreaterThan(300_000);
  });

  test('slow keeps even the headers back', async () => {
    expect((await call('chat stream', 'slow:400', 100)).status).toBeNull();
    expect((await call('chat stream', 'slow:100')).end).toBe('ended');
  });
});

describe('streams that say something wrong', () => {
  test.each([
    ['error-event-first', 'chat stream', '"error":{"type":"server_error"'],
    ['error-event-first', 'responses stream', '{"type":"error","code":"server_error"'],
    ['overloaded-event', 'responses stream', '{"type":"error","code":"server_is_overloaded"'],
    [
      'context-length-event',
      'responses stream',
      '"error":{"type":"invalid_request_error","code":"context_length_exceeded"',
    ],
    ['error-text-event', 'chat stream', '{"error":"the model runner stopped unexpectedly"}'],
    ['response-failed', 'responses stream', '"status":"failed"'],
    ['response-incomplete', 'responses stream', '"incomplete_details":{"reason":"max_output_tokens"}'],
  ] as const)('%s on a %s', async (fault, kind, expected) => {
    const sight = await call(kind, fault);
    expect(sight.status).toBe(200);
    expect(events(sight.body).at(-1)).toContain(expected);
    expect(isComplete(sight.body)).toBe(false);
  });

  test('malformed-event breaks one event and no other', async () => {
    const data = events((await call('chat stream', 'malformed-event:3')).body);
    const unreadable = data.filter((one) => one !== '[DONE]' && !readable(one));
    expect(unreadable).toHaveLength(1);
    expect(data.at(-1)).toBe('[DONE]');
  });

  test('content-filter and empty-answer change the finish reason', async () => {
    const filtered = await call('chat stream', 'content-filter:4');
    expect(filtered.body.toString()).toContain('"finish_reason":"content_filter"');
    expect(tokens(filtered.body)).toHaveLength(4);
    const response = await call('responses stream', 'content-filter:4');
    expect(tokens(response.body)).toHaveLength(4);
    expect(events(response.body).at(-1)).toContain('"incomplete_details":{"reason":"content_filter"}');
    const empty = await call('chat stream', 'empty-answer');
    expect(empty.body.toString()).toContain('"finish_reason":"length"');
    expect(tokens(empty.body)).toEqual([]);
  });
});

describe('a refusal is what would have been the answer', () => {
  interface Refusing {
    readonly choices?: readonly { readonly message: object }[];
    readonly output?: readonly { readonly content: readonly object[] }[];
  }

  test.each(['chat', 'responses'] as const)('of %s', async (wire) => {
    const answer = textOf(`${wire} whole`, (await call(`${wire} whole`, 'one-chunk')).body);
    const whole = JSON.parse((await call(`${wire} whole`, 'refusal')).body.toString()) as Refusing;
    const said = wire === 'chat' ? whole.choices?.[0]?.message : whole.output?.at(-1)?.content[0];
    expect(said).toMatchObject(
      wire === 'chat' ? { content: null, refusal: answer } : { type: 'refusal', refusal: answer },
    );
  });

  test('of a streamed response comes in events of its own', async () => {
    const sent = events((await call('responses stream', 'refusal')).body).map((data) => JSON.parse(data) as AnyEvent);
    const types = new Set(sent.map(({ type }) => type));
    expect([...types]).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.refusal.delta',
      'response.refusal.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    const said = sent.map(({ type, delta }) => (type === 'response.refusal.delta' ? delta : '')).join('');
    expect(sent.find(({ type }) => type === 'response.refusal.done')).toMatchObject({ refusal: said });
    expect(sent.at(-1)).toMatchObject({
      response: { status: 'completed', output: [{ content: [{ type: 'refusal', refusal: said }] }] },
    });
  });
});

describe('bodies that lie', () => {
  test('truncated-json keeps its content-length, short-body does not', async () => {
    const honest = await call('chat whole', 'truncated-json');
    expect(Number(honest.headers['content-length'])).toBe(honest.body.byteLength);
    expect(readable(honest.body.toString())).toBe(false);
    const short = await call('chat whole', 'short-body');
    expect(Number(short.headers['content-length'])).toBeGreaterThan(short.body.byteLength);
  });

  test('malformed-json is as long as it says and cannot be read', async () => {
    const sight = await call('chat whole', 'malformed-json');
    expect(sight.end).toBe('ended');
    expect(readable(sight.body.toString())).toBe(false);
  });
});

function readable(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('choosing a fault', () => {
  test.each([
    ['server-eror', /unknown fault "server-eror"; did you mean "server-error"\?/],
    ['cut:', /the argument has to be a number/],
    ['cut:-1', /the argument has to be a number/],
    ['conflict:3', /takes no argument/],
  ])('%s is refused with the fix', (text, expected) => {
    expect(() => parseFault(text)).toThrow(expected);
  });

  test('an unknown fault in the name of the model is a clear 400', async () => {
    const sight = await call('chat whole', 'nonsense');
    expect(sight.status).toBe(400);
    expect(sight.body.toString()).toContain('unknown fault');
  });
});
