import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig, startGateway } from '../src/gateway/index.ts';
import { type Simulator, startSimulator } from '../src/simulator/index.ts';
import { openGateway, until } from './harness.ts';

const BODY_BYTES = 200_000;

interface Answer {
  readonly status: number;
  /** Names and values as they were sent, each a line. */
  readonly head: readonly string[];
  readonly body: string;
}

/** A connection on which a test may write whatever it likes, and answers are read one after the other. */
class Wire {
  readonly socket: Socket;
  #heard = '';
  readonly #answers: Answer[] = [];
  closed = false;

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('data', (bytes) => {
      this.#heard += bytes.toString('latin1');
      for (let answer = this.#next(); answer !== null; answer = this.#next()) this.#answers.push(answer);
    });
    this.socket.on('close', () => (this.closed = true)).on('error', () => undefined);
    wires.push(this);
  }

  write(text: string): void {
    this.socket.write(text);
  }

  /** What was heard behind the last whole answer. */
  get rest(): string {
    return this.#heard;
  }

  get count(): number {
    return this.#answers.length;
  }

  /** Waits for so many answers and gives them. */
  async answers(count: number): Promise<readonly Answer[]> {
    await until(
      () => this.#answers.length >= count,
      () => `${this.#answers.length} of ${count} answers, then ${JSON.stringify(this.#heard)}`,
    );
    return this.#answers;
  }

  async answer(): Promise<Answer> {
    const [answer] = await this.answers(1);
    return answer as Answer;
  }

  async end(): Promise<void> {
    await until(
      () => this.closed,
      () => `open, after ${this.#answers.length} answers and ${JSON.stringify(this.#heard)}`,
    );
  }

  #next(): Answer | null {
    const end = this.#heard.indexOf('\r\n\r\n');
    if (end < 0) return null;
    const [first = '', ...head] = this.#heard.slice(0, end).split('\r\n');
    const rest = this.#heard.slice(end + 4);
    const status = Number(first.split(' ')[1]);
    const length = valueOf(head, 'content-length');
    const body =
      status === 100
        ? ''
        : length === null
          ? joined(rest)
          : rest.length < Number(length)
            ? null
            : rest.slice(0, Number(length));
    if (body === null) return null;
    this.#heard =
      length === null && status !== 100
        ? rest.slice(rest.indexOf(LAST_FRAME) + LAST_FRAME.length)
        : rest.slice(body.length);
    return { status, head, body: Buffer.from(body, 'latin1').toString() };
  }
}

const LAST_FRAME = '\r\n0\r\n\r\n';

/** What stands in frames; null until the last has come. */
function joined(frames: string): string | null {
  if (!frames.includes(LAST_FRAME)) return null;
  let text = '';
  for (let at = 0; ;) {
    const begin = frames.indexOf('\r\n', at) + 2;
    const size = Number.parseInt(frames.slice(at, begin), 16);
    if (size === 0) return text;
    text += frames.slice(begin, begin + size);
    at = begin + size + 2;
  }
}

function valueOf(head: readonly string[], name: string): string | null {
  const line = head.find((each) => each.toLowerCase().startsWith(`${name}:`));
  return line === undefined ? null : line.slice(name.length + 1).trim();
}

const wires: Wire[] = [];
afterEach(() => {
  for (const { socket } of wires.splice(0)) socket.destroy();
});

interface Posting {
  readonly path?: string;
  /** Further header lines, each with its line break. */
  readonly more?: string;
  readonly version?: string;
  /** Bytes that are sent of it. @default all */
  readonly sent?: number;
}

function post(body: string, { path = '/v1/chat/completions', more = '', version = '1.1' }: Posting = {}): string {
  return (
    `POST ${path} HTTP/${version}\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\n${more}\r\n${body}`
  );
}

function chunked(body: string, sizes = body.length): string {
  let text = 'POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n';
  for (let at = 0; at < body.length; at += sizes) {
    const piece = body.slice(at, at + sizes);
    text += `${piece.length.toString(16)}\r\n${piece}\r\n`;
  }
  return `${text}0\r\n\r\n`;
}

function saying(text: string, model = 'gpt-4o', stream = false): string {
  return JSON.stringify({ model, stream, messages: [{ role: 'user', content: `Say: ${text}` }] });
}

function said({ status, body }: Answer): string {
  expect(status).toBe(200);
  if (body.startsWith('{')) {
    const { choices } = JSON.parse(body) as { choices: [{ message: { content: string } }] };
    return choices[0].message.content;
  }
  const pieces = body.matchAll(/"delta":\{[^{}]*"content":("(?:[^"\\]|\\.)*")/g);
  return [...pieces].map(([, piece = '""']) => JSON.parse(piece) as string).join('');
}

const HEALTH = 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
const HEALTHY = '{"status":"ok"}';

let simulator: Simulator;
let door: Awaited<ReturnType<typeof openGateway>>;
beforeAll(async () => {
  simulator = await startSimulator();
  door = await openGateway({
    server: { limits: { bodyBytes: BODY_BYTES } },
    targets: { one: { provider: 'openai-compatible', baseUrl: `${simulator.url}/v1`, key: 'env:TARGET_KEY' } },
  });
});
afterAll(async () => {
  await door.close();
  await simulator.close();
});

function wire(calls: number): Wire {
  door.owe(calls);
  return new Wire(door.port);
}

describe('in whatever pieces a call comes', () => {
  const long = saying('the kelp holds fast '.repeat(500));
  const whole = post(long);
  const bodyAt = whole.indexOf('\r\n\r\n') + 4;

  /** So many letters at a time. */
  function cut(text: string, letters: number): string[] {
    return Array.from({ length: Math.ceil(text.length / letters) }, (_, at) =>
      text.slice(at * letters, (at + 1) * letters),
    );
  }

  test.each<[string, string[]]>([
    ['all at once', [whole]],
    ['head and body', [whole.slice(0, bodyAt), whole.slice(bodyAt)]],
    ['head with half of the body', [whole.slice(0, bodyAt + 3_000), whole.slice(bodyAt + 3_000)]],
    ['half of the head', [whole.slice(0, 40), whole.slice(40)]],
    ['all but the last letter of the head', [whole.slice(0, bodyAt - 1), whole.slice(bodyAt - 1)]],
    ['all but the last letter', [whole.slice(0, -1), whole.slice(-1)]],
    ['a body in many pieces', [whole.slice(0, bodyAt), ...cut(whole.slice(bodyAt), 700)]],
    ['letter by letter', cut(post(saying('the kelp holds fast the kelp')), 1)],
  ])('%s', async (_, pieces) => {
    const caller = wire(1);
    for (const piece of pieces) {
      caller.write(piece);
      // So that they go out one by one; should some come together after all, nothing changes.
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(said(await caller.answer())).toContain('the kelp holds fast the kelp');
    expect(caller.rest).toBe('');
    expect(caller.closed).toBe(false);
  });

  test('two in one piece: answered in their order, though the first takes longer', async () => {
    const caller = wire(2);
    caller.write(post(saying('first', 'gpt-4o@slow:50')) + post(saying('second')));
    expect((await caller.answers(2)).map(said)).toEqual(['first', 'second']);
  });

  test('many in one piece, whole and streamed', async () => {
    const words = Array.from({ length: 12 }, (_, at) => `number ${at}`);
    const caller = wire(words.length);
    caller.write(words.map((word, at) => post(saying(word, 'gpt-4o', at % 3 === 1))).join(''));
    expect((await caller.answers(words.length)).map(said)).toEqual(words);
    expect(caller.rest).toBe('');
  });

  test('one after the other on one connection', async () => {
    const caller = wire(3);
    for (const word of ['one', 'two', 'three']) {
      const before = caller.count;
      caller.write(post(saying(word)));
      const answers = await caller.answers(before + 1);
      expect(said(answers.at(-1) as Answer)).toBe(word);
    }
  });
});

describe('with something out of the ordinary', () => {
  test('after a call, something else; then calls again', async () => {
    const caller = wire(2);
    caller.write(post(saying('one')));
    await caller.answers(1);
    caller.write(HEALTH);
    await caller.answers(2);
    caller.write(post(saying('two')));
    const [first, second, third] = await caller.answers(3);
    expect(said(first as Answer)).toBe('one');
    expect(second).toMatchObject({ status: 200, body: HEALTHY });
    expect(said(third as Answer)).toBe('two');
  });

  test('all of that in one piece', async () => {
    const caller = wire(3);
    caller.write(post(saying('one')) + HEALTH + post(saying('two')) + chunked(saying('three'), 7) + HEALTH);
    const [first, second, third, fourth, fifth] = await caller.answers(5);
    expect([first, third, fourth].map((each) => said(each as Answer))).toEqual(['one', 'two', 'three']);
    expect([second?.body, fifth?.body]).toEqual([HEALTHY, HEALTHY]);
  });

  test('a body in chunks, before and after a call', async () => {
    const caller = wire(3);
    caller.write(chunked(saying('one'), 5));
    await caller.answers(1);
    caller.write(post(saying('two')));
    await caller.answers(2);
    caller.write(chunked(saying('three')));
    expect((await caller.answers(3)).map(said)).toEqual(['one', 'two', 'three']);
  });

  test('a body in chunks after a call, the first of it with it', async () => {
    const caller = wire(2);
    const second = chunked(saying('two'), 9);
    caller.write(post(saying('one')) + second.slice(0, 100));
    await caller.answers(1);
    caller.write(second.slice(100));
    expect((await caller.answers(2)).map(said)).toEqual(['one', 'two']);
  });

  test('a caller that asks first whether it may go on', async () => {
    const caller = wire(2);
    caller.write(post(saying('before')));
    await caller.answers(1);
    const body = saying('went on');
    caller.write(post(body, { more: 'Expect: 100-continue\r\n' }).slice(0, -body.length));
    const [, goOn] = await caller.answers(2);
    expect(goOn).toMatchObject({ status: 100, body: '' });
    caller.write(body);
    const [, , last] = await caller.answers(3);
    expect(said(last as Answer)).toBe('went on');
  });

  test.each([
    ['the last call of its connection', { more: 'Connection: close\r\n' }],
    ['HTTP/1.0', { version: '1.0' }],
  ])('%s: it is closed behind the answer', async (_, posting) => {
    const caller = wire(2);
    caller.write(post(saying('one')) + post(saying('two'), posting));
    const [first, last] = await caller.answers(2);
    expect(said(first as Answer)).toBe('one');
    expect(said(last as Answer)).toBe('two');
    expect(valueOf((last as Answer).head, 'connection')).toBe('close');
    await caller.end();
    expect(caller.rest).toBe('');
  });

  /** What tells two readers of the same bytes apart, if anything does. */
  test.each([
    ['a length and chunks', 'Transfer-Encoding: chunked\r\n'],
    ['chunks that are none', 'Transfer-Encoding: chunked, identity\r\n'],
    ['two lengths', 'Content-Length: 5\r\n'],
    ['a blank before a colon', 'X-A : b\r\n'],
    ['a folded line', 'X-A: b\r\n c\r\n'],
    ['a bare CR', 'X-A: b\rX-C: d\r\n'],
    ['NUL', 'X-A: b\0\r\n'],
  ])('bytes that can be read in two ways are read by nobody: %s', async (_, more) => {
    const { requests } = simulator.stats;
    const caller = wire(1);
    const hidden = post(saying('hidden'));
    caller.write(post(saying('one')));
    await caller.answers(1);
    caller.write(post(`0\r\n\r\n${hidden}`, { more }));
    const [, last] = await caller.answers(2);
    expect(last).toMatchObject({ status: 400 });
    await caller.end();
    expect(caller.count).toBe(2);
    expect(simulator.stats.requests - requests).toBe(1);
  });
});

describe('callers that leave', () => {
  test.each<[string, (socket: Socket) => void]>([
    ['that say no more, and so hear no more', (socket) => void socket.end()],
    ['that are gone', (socket) => void socket.destroy()],
    ['whose connection breaks', (socket) => void socket.resetAndDestroy()],
  ])('%s: nobody works for them any longer', async (_, leave) => {
    for (const more of ['', 'TE: trailers\r\n']) {
      for (const stream of [false, true]) {
        const { aborted, openRequests } = simulator.stats;
        const caller = wire(1);
        caller.write(post(saying('nothing', 'gpt-4o@hang', stream), { more }));
        await until(() => simulator.stats.openRequests > openRequests);
        leave(caller.socket);
        await until(() => simulator.stats.aborted > aborted);
        await door.settled();
        expect(door.records.at(-1)).toMatchObject({
          outcome: 'cancelled',
          fault: { kind: 'cancelled', party: 'caller' },
        });
        await caller.end();
        expect(caller.count).toBe(0);
      }
    }
  });

  test('in the middle of a stream', async () => {
    const { aborted } = simulator.stats;
    const caller = wire(1);
    caller.write(post(saying('one two three four five six seven', 'gpt-4o@stall:3', true)));
    await until(() => caller.rest.includes('data: '));
    caller.socket.destroy();
    await until(() => simulator.stats.aborted > aborted);
    await door.settled();
    expect(door.records.at(-1)).toMatchObject({ outcome: 'cancelled', stream: true });
  });

  test('with the next call sent: that one is never made', async () => {
    const { aborted, requests, openRequests } = simulator.stats;
    const caller = wire(1);
    caller.write(post(saying('nothing', 'gpt-4o@hang')) + post(saying('never')));
    await until(() => simulator.stats.openRequests > openRequests);
    caller.socket.destroy();
    await until(() => simulator.stats.aborted > aborted);
    await door.settled();
    expect(simulator.stats.requests - requests).toBe(1);
  });

  test('in the middle of their body: there was no call', async () => {
    const { requests } = simulator.stats;
    const caller = wire(0);
    caller.write(post(saying('half')).slice(0, -5));
    caller.socket.end();
    await caller.end();
    expect(simulator.stats.requests).toBe(requests);
  });
});

describe('an answer is the same, whoever read the request', () => {
  test.each<[string, string, Posting]>([
    ['a whole answer', saying('hold fast'), {}],
    ['a stream', saying('hold fast', 'gpt-4o', true), {}],
    ['a large answer', saying('hold fast '.repeat(8_000)), {}],
    ['a response', JSON.stringify({ model: 'gpt-4o', input: 'Say: hold fast' }), { path: '/v1/responses' }],
    [
      'a streamed response',
      JSON.stringify({ model: 'gpt-4o', input: 'Say: hi', stream: true }),
      { path: '/v1/responses' },
    ],
    ['embeddings', JSON.stringify({ model: 'text-embedding-3-small', input: 'hold' }), { path: '/v1/embeddings' }],
    ['a provider that refuses', saying('hi', 'gpt-4o@context-length'), {}],
    ['no JSON', 'hold fast', {}],
    ['no body', '', {}],
    ['a body too large', 'x'.repeat(BODY_BYTES + 1), { sent: 1_000 }],
    ['a page of another site', saying('hi'), { more: 'Origin: https://example.com\r\n' }],
    ['a wish that makes no sense', saying('hi'), { more: 'X-Holdfast-Deadline: soon\r\n' }],
  ])('%s', async (_, body, posting) => {
    const answers: Answer[] = [];
    for (const more of ['', 'TE: trailers\r\n']) {
      const before = door.records.length;
      const caller = new Wire(door.port);
      caller.write(post(body, { ...posting, more: more + (posting.more ?? '') }).slice(0, posting.sent));
      const answer = await caller.answer();
      answers.push(answer);
      if (posting.more?.startsWith('Origin') !== true) {
        door.owe(1);
        await until(() => door.records.length === before + 1);
      }
      const last = valueOf(answer.head, 'connection') === 'close';
      if (last) await caller.end();
      expect(caller.closed).toBe(last);
    }
    const [directly, byNode] = answers as [Answer, Answer];
    expect(directly.status).toBe(byNode.status);
    expect(namesOf(directly)).toEqual(namesOf(byNode));
    expect(steady(directly)).toEqual(steady(byNode));
    expect(namesOf(directly)).toContain('Date');
  });

  function namesOf({ head }: Answer): string[] {
    return head.map((line) => line.slice(0, line.indexOf(':')));
  }

  /** The lines that say the same each time. */
  function steady({ head }: Answer): string[] {
    const changes =
      /^(?:date|x-request-id|x-upstream-request-id|x-holdfast-overhead-ms|cf-ray|openai-processing-ms|x-ratelimit-.*):/i;
    return head.filter((line) => !changes.test(line));
  }

  test('that the connection is kept is said as ever', async () => {
    const caller = wire(1);
    caller.write(post(saying('hi')));
    const { head } = await caller.answer();
    expect(head).toContain('Connection: keep-alive');
    expect(head).toContain('Keep-Alive: timeout=65');
    expect(Math.abs(Date.parse(valueOf(head, 'date') ?? '') - Date.now())).toBeLessThan(60_000);
  });
});

describe('too much, too slow', () => {
  const SLOW_MS = 200;
  let strict: Awaited<ReturnType<typeof openGateway>>;
  beforeAll(async () => {
    strict = await openGateway({
      server: { limits: { bodyBytes: BODY_BYTES, slowRequest: SLOW_MS, slowReader: SLOW_MS } },
      targets: { one: { provider: 'openai-compatible', baseUrl: `${simulator.url}/v1`, key: 'env:TARGET_KEY' } },
    });
  });
  afterAll(() => strict.close());

  async function refused(caller: Wire, status: number, fault: string): Promise<void> {
    const answer = await caller.answer();
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toMatchObject({ error: { holdfast: { fault } } });
    expect(valueOf(answer.head, 'connection')).toBe('close');
  }

  test('a body too large is refused while it is being sent, and then the connection is closed', async () => {
    const { requests } = simulator.stats;
    strict.owe(1);
    const caller = new Wire(strict.port);
    const body = 'x'.repeat(BODY_BYTES + 1);
    caller.write(post(body).slice(0, 10_000));
    await refused(caller, 413, 'payload-too-large');
    caller.write(body.slice(0, 10_000));
    await caller.end();
    expect(caller.count).toBe(1);
    expect(simulator.stats.requests).toBe(requests);
  });

  test('a body that stops', async () => {
    strict.owe(1);
    const caller = new Wire(strict.port);
    caller.write(post(saying('hi')).slice(0, -5));
    await refused(caller, 408, 'slow-caller');
    await caller.end();
    expect(caller.count).toBe(1);
  });

  test.each([
    ['nothing', ''],
    ['half a head', 'POST /v1/chat/completions HTTP/1.1\r\nHost: '],
  ])('a connection that brings %s', async (_, text) => {
    const caller = new Wire(strict.port);
    if (text !== '') caller.write(text);
    await refused(caller, 408, 'slow-caller');
    await caller.end();
    expect(caller.count).toBe(1);
  });

  test('a connection whose next call stops in its head', async () => {
    strict.owe(1);
    const caller = new Wire(strict.port);
    caller.write(post(saying('hi')));
    await caller.answers(1);
    caller.write('POST /v1/chat');
    const [, last] = await caller.answers(2);
    expect(last?.status).toBe(408);
    await caller.end();
  });

  test('a caller that reads no more of a stream is let go, and the provider with it', async () => {
    const { aborted } = simulator.stats;
    strict.owe(1);
    const caller = new Wire(strict.port);
    caller.socket.pause();
    // Some 15 MB: more than all the sockets on the way can hold. Were it not held up here, the provider would get rid of it.
    const messages = [{ role: 'user', content: 'Write 60000 tokens' }];
    caller.write(post(JSON.stringify({ model: 'gpt-5', stream: true, messages })));
    await until(() => simulator.stats.aborted > aborted);
    await strict.settled();
    expect(strict.records.at(-1)).toMatchObject({ outcome: 'cancelled', stream: true });
    caller.socket.resume();
    await caller.end();
    expect(caller.count).toBe(0);
  });
});

describe('a gateway that stops', () => {
  async function gateway(): Promise<{ port: number; stop: () => Promise<unknown>; remove: () => Promise<void> }> {
    const home = await mkdtemp(join(tmpdir(), 'holdfast-direct-'));
    const file = join(home, 'holdfast.yaml');
    const one = { provider: 'openai-compatible', baseUrl: `${simulator.url}/v1`, key: 'env:TARGET_KEY' };
    await writeFile(file, JSON.stringify({ keys: { policy: 'off' }, targets: { one } }));
    const env = { TARGET_KEY: 'sk-target-0123456789', HOLDFAST_PORT: '0', HOLDFAST_DATA: join(home, 'data') };
    const started = await startGateway(await loadConfig({ file, env, cwd: home }));
    return {
      port: Number(new URL(started.baseUrl).port),
      stop: () => started.stop(),
      remove: () => rm(home, { recursive: true }),
    };
  }

  test('lets a call under way finish, takes no more, and closes every connection', async () => {
    const { port, stop, remove } = await gateway();
    const used = new Wire(port);
    used.write(post(saying('before')));
    await used.answers(1);
    const other = new Wire(port);
    other.write(post(saying('before')));
    await other.answers(1);
    const fresh = new Wire(port);
    await until(() => !fresh.socket.connecting);
    // More than all the sockets on the way can hold: it is under way until its caller reads on.
    const stream = new Wire(port);
    let bytes = 0;
    let tail = '';
    stream.socket.removeAllListeners('data').on('data', (piece) => {
      if (bytes === 0) stream.socket.pause();
      bytes += piece.length;
      tail = (tail + piece.toString('latin1')).slice(-100);
    });
    stream.write(post(saying('all', 'gpt-4o@huge-chunk:16000000', true)));
    await until(() => stream.socket.isPaused());

    const stopped = stop();
    used.write(post(saying('too late')));
    const [, refused] = await used.answers(2);
    expect(refused).toMatchObject({ status: 503 });
    expect(valueOf(refused?.head ?? [], 'connection')).toBe('close');
    await used.end();
    expect([other.closed, fresh.closed, stream.closed]).toEqual([false, false, false]);

    stream.socket.resume();
    await Promise.all([other, fresh, stream].map((each) => each.end()));
    expect([other.rest, fresh.rest]).toEqual(['', '']);
    expect(bytes).toBeGreaterThan(16_000_000);
    expect(tail.endsWith('data: [DONE]\n\n\r\n0\r\n\r\n')).toBe(true);
    await stopped;
    await remove();
  });

  test('with idle connections only, it does not wait for them', async () => {
    const { port, stop, remove } = await gateway();
    const idle = [new Wire(port), new Wire(port)];
    idle[0]?.write(post(saying('once')));
    await idle[0]?.answers(1);
    await until(() => idle.every(({ socket }) => !socket.connecting));
    await stop();
    await Promise.all(idle.map((each) => each.end()));
    expect(idle.map(({ count, rest }) => [count, rest])).toEqual([
      [1, ''],
      [0, ''],
    ]);
    await remove();
  });
});
