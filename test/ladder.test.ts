import { APIError } from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../src/simulator/index.ts';
import { type Door, openGateway } from './harness.ts';

let one: Simulator;
let two: Simulator;
beforeAll(async () => {
  one = await startSimulator({ name: 'one' });
  two = await startSimulator({ name: 'two' });
});
afterEach(() => {
  one.setFault(null);
  two.setFault(null);
});
afterAll(() => Promise.all([one.close(), two.close()]));

/** A gateway before both simulators, whose ladder begins with the first. */
function open(ladder: readonly unknown[], route: object = {}): Promise<Door> {
  const target = (at: Simulator): object => ({
    provider: 'openai-compatible',
    baseUrl: `${at.url}/v1`,
    key: 'env:TARGET_KEY',
    breaker: { enabled: false },
  });
  return openGateway({
    targets: { one: target(one), two: target(two) },
    routes: [{ models: ['*'], ladder, retry: { attempts: 1 }, ...route }],
  });
}

const QUESTION = { model: 'gpt-4o', messages: [{ role: 'user' as const, content: 'say: kelp holds fast' }] };
const RESPONSE = { model: 'gpt-4o', input: 'say: kelp holds fast' };

/** One chat by the official SDK, streamed or not: its text, how it ended, and the headers. */
async function chat(
  { client }: Door,
  stream: boolean,
  headers: Record<string, string> = {},
): Promise<{ text: string; finish: string | null; told: Headers }> {
  if (!stream) {
    const { data, response } = await client.chat.completions.create(QUESTION, { headers }).withResponse();
    const [choice] = data.choices;
    return { text: choice?.message.content ?? '', finish: choice?.finish_reason ?? null, told: response.headers };
  }
  const { data, response } = await client.chat.completions
    .create({ ...QUESTION, stream: true }, { headers })
    .withResponse();
  let text = '';
  let finish: string | null = null;
  for await (const { choices } of data) {
    text += choices[0]?.delta.content ?? '';
    finish = choices[0]?.finish_reason ?? finish;
  }
  return { text, finish, told: response.headers };
}

describe('a canned answer', () => {
  let door: Door;
  beforeAll(async () => {
    door = await open(['one', { canned: { text: 'We are having trouble; try again soon.' } }]);
  });
  afterAll(() => door.close());

  test.each([false, true])('is what the official SDK reads (streamed: %s)', async (stream) => {
    one.setFault('unavailable');
    const { record, value } = await door.watch(() => chat(door, stream));
    expect(value).toMatchObject({ text: 'We are having trouble; try again soon.', finish: 'stop' });
    expect(value?.told.get('x-holdfast-degraded')).toBe('canned');
    expect(record).toMatchObject({
      outcome: 'answered',
      status: 200,
      fault: null,
      notes: ['degraded: canned; after=unavailable'],
      attempts: [{ target: 'one', fault: { kind: 'unavailable' } }],
    });
  });

  test.each([false, true])('also by the Responses API (streamed: %s)', async (stream) => {
    one.setFault('unavailable');
    const { value } = await door.watch(async () => {
      if (!stream) return (await door.client.responses.create(RESPONSE)).output_text;
      const events = door.client.responses.stream(RESPONSE);
      return (await events.finalResponse()).output_text;
    });
    expect(value).toBe('We are having trouble; try again soon.');
  });

  test('is not given for what the caller did wrong', async () => {
    one.setFault('content-policy');
    const { error } = await door.watch(() => chat(door, false));
    expect(error).toBeInstanceOf(APIError);
  });

  test('nor while all is well', async () => {
    const { value } = await door.watch(() => chat(door, false));
    expect(value?.text).toBe('kelp holds fast');
    expect(value?.told.get('x-holdfast-degraded')).toBe(null);
  });
});

test('the next rung with another model says which model served', async () => {
  const door = await open(['one', { target: 'two', model: 'gpt-4.1-mini' }]);
  one.setFault('unavailable');
  const { value, record } = await door.watch(() => chat(door, false));
  expect(value?.told.get('x-holdfast-model')).toBe('gpt-4.1-mini');
  expect(value?.told.get('x-holdfast-degraded')).toBe('model; served=gpt-4.1-mini');
  expect(record.notes).toEqual(['degraded: model; served=gpt-4.1-mini']);
  await door.close();
});

describe('an earlier answer', () => {
  let door: Door;
  beforeAll(async () => {
    door = await open(['one', { stale: { maxAge: '1h' } }, { canned: { text: 'Sorry.' } }]);
  });
  afterAll(() => door.close());

  test.each([false, true])('is given when no target answers (streamed: %s)', async (stream) => {
    await door.watch(() => chat(door, stream));
    one.setFault('unavailable');
    const { record, value } = await door.watch(() => chat(door, stream));
    expect(value).toMatchObject({ text: 'kelp holds fast', finish: 'stop' });
    expect(value?.told.get('x-holdfast-degraded')).toMatch(/^stale; age=\d+$/);
    expect(record.notes[0]).toMatch(/^degraded: stale; age=\d+; after=unavailable$/);
    expect(record).toMatchObject({ outcome: 'answered', usage: { inputTokens: null } });
  });

  test('is passed over where the caller wants none', async () => {
    one.setFault('unavailable');
    const { value } = await door.watch(() => chat(door, false, { 'cache-control': 'no-cache' }));
    expect(value?.text).toBe('Sorry.');
    expect(value?.told.get('x-holdfast-degraded')).toBe('canned');
  });
});

describe('a cache', () => {
  let door: Door;
  beforeAll(async () => {
    door = await open(['one'], { cache: { ttl: '10m' } });
  });
  afterAll(() => door.close());

  test.each([false, true])('answers the same request before any target is asked (streamed: %s)', async (stream) => {
    const first = await door.watch(() => chat(door, stream));
    one.setFault('unavailable');
    const { record, value } = await door.watch(() => chat(door, stream));
    expect(value?.text).toBe(first.value?.text);
    expect(value?.told.get('x-holdfast-cache')).toMatch(/^hit; age=\d+$/);
    expect(value?.told.get('x-holdfast-degraded')).toBe(null);
    expect(record).toMatchObject({ outcome: 'answered', attempts: [], target: null, cost: 0 });
    expect(record.notes[0]).toMatch(/^cache: hit; age=\d+$/);
  });

  test('says so when it had none', async () => {
    const { value } = await door.watch(() => chat(door, false, { 'cache-control': 'no-cache' }));
    expect(value?.told.get('x-holdfast-cache')).toBe('miss');
  });
});

test('a slow first attempt is overtaken by a second one', async () => {
  const slow = await startSimulator({ name: 'slow', latency: { firstTokenMs: 3_000 } });
  const target = (at: Simulator): object => ({
    provider: 'openai-compatible',
    baseUrl: `${at.url}/v1`,
    key: 'env:TARGET_KEY',
  });
  const door = await openGateway({
    targets: { slow: target(slow), quick: target(two) },
    routes: [
      {
        models: ['*'],
        ladder: [
          [
            { target: 'slow', weight: 1_000_000 },
            { target: 'quick', weight: 0.001 },
          ],
        ],
        hedge: { after: '150ms' },
      },
    ],
  });
  const began = performance.now();
  const { record, value } = await door.watch(() => chat(door, true));
  expect(performance.now() - began).toBeLessThan(2_000);
  expect(value?.text).toBe('kelp holds fast');
  expect(value?.told.get('x-holdfast-target')).toBe('quick');
  expect(record.target).toBe('quick');
  expect(record.attempts.map(({ target: at, reason, fault }) => [at, reason, fault?.kind])).toEqual([
    ['slow', 'first', 'cancelled'],
    ['quick', 'hedge', undefined],
  ]);
  await door.close();
  await slow.close();
});

describe('a stream that breaks off', () => {
  const LONG = {
    model: 'gpt-4o',
    messages: [{ role: 'user' as const, content: 'Tell me of the sea in 120 words.' }],
    stream: true as const,
    stream_options: { include_usage: true },
  };

  /** Reads a chat's stream with the official SDK: its text, ids, roles and reasons, and its usage. */
  async function read({
    client,
  }: Door): Promise<{ text: string; ids: Set<string>; roles: number; finish: string | null; tokens: number }> {
    let text = '';
    let roles = 0;
    let tokens = 0;
    let finish: string | null = null;
    const ids = new Set<string>();
    for await (const { id, choices, usage } of await client.chat.completions.create(LONG)) {
      ids.add(id);
      const [choice] = choices;
      text += choice?.delta.content ?? '';
      if (choice?.delta.role !== undefined) roles += 1;
      finish = choice?.finish_reason ?? finish;
      tokens = usage?.completion_tokens ?? tokens;
    }
    return { text, ids, roles, finish, tokens };
  }

  async function broken(
    route: object,
    targets: object = {},
    more: Readonly<Record<string, Simulator>> = {},
  ): Promise<Door> {
    const target = (at: Simulator): object => ({
      provider: 'openai-compatible',
      baseUrl: `${at.url}/v1`,
      key: 'env:TARGET_KEY',
      ...targets,
    });
    return openGateway({
      targets: Object.fromEntries(Object.entries({ one, two, ...more }).map(([id, at]) => [id, target(at)])),
      routes: [{ models: ['*'], ladder: ['one', 'two'], retry: { attempts: 1 }, ...route }],
    });
  }

  test.each(['instruction', 'prefill'])('is gone on with by %s, and reads as one answer', async (continues) => {
    const door = await broken({ continue: true }, { continues });
    const { value: whole } = await door.watch(() => read(door));
    one.setFault('cut:40');
    const { value, record } = await door.watch(() => read(door));
    expect(value?.text).toBe(whole?.text);
    expect(value).toMatchObject({ roles: 1, finish: 'stop' });
    expect(value?.ids.size).toBe(1);
    // What no provider has told is estimated by its length.
    expect(value?.tokens).toBeGreaterThan((whole?.tokens ?? 0) * 0.7);
    expect(value?.tokens).toBeLessThan((whole?.tokens ?? 0) * 1.8);
    expect(record).toMatchObject({ outcome: 'answered', fault: null, target: 'two' });
    expect(record.attempts.map(({ target, reason, fault }) => [target, reason, fault?.kind])).toEqual([
      ['one', 'first', 'partial-response'],
      ['two', 'continue', undefined],
    ]);
    expect(record.notes).toEqual([expect.stringMatching(/^continued: at=\d+$/)]);
    expect(record.usage.outputTokens).toBe(value?.tokens);
    await door.close();
  });

  test('and breaks off again, is gone on with again', async () => {
    const three = await startSimulator({ name: 'three' });
    const door = await broken({ continue: true, ladder: ['one', 'two', 'three'] }, {}, { three });
    const { value: whole } = await door.watch(() => read(door));
    one.setFault('cut:30');
    two.setFault('error-event:40');
    const { value, record } = await door.watch(() => read(door));
    expect(value?.text).toBe(whole?.text);
    expect(record.attempts.map(({ target, reason }) => [target, reason])).toEqual([
      ['one', 'first'],
      ['two', 'continue'],
      ['three', 'continue'],
    ]);
    expect(record.notes).toHaveLength(2);
    await door.close();
    await three.close();
  });

  test('fails in the open where nobody can go on', async () => {
    const door = await broken({ continue: true });
    one.setFault('cut:20');
    two.setFault('unavailable');
    const { error, record } = await door.watch(() => read(door));
    expect(error).toBeInstanceOf(Error);
    expect(record).toMatchObject({ outcome: 'interrupted', attempts: [{ reason: 'first' }, { reason: 'continue' }] });
    await door.close();
  });

  test('fails in the open where the route does not say otherwise', async () => {
    const door = await broken({});
    one.setFault('cut:20');
    const { error, record } = await door.watch(() => read(door));
    expect(error).toBeInstanceOf(Error);
    expect(record).toMatchObject({ outcome: 'interrupted', attempts: [{ reason: 'first' }] });
    await door.close();
  });

  describe('of the Responses API', () => {
    const ASKED = { model: 'gpt-4o', input: 'Tell me of the harbour in 120 words.' };

    /** Reads a response with the official SDK: from its pieces, and as its last event tells it. */
    async function respond({
      client,
    }: Door): Promise<{ pieces: string; whole: string; types: string[]; numbers: number[] }> {
      let pieces = '';
      const types: string[] = [];
      const numbers: number[] = [];
      const stream = client.responses.stream(ASKED);
      for await (const event of stream) {
        types.push(event.type);
        numbers.push(event.sequence_number);
        if (event.type === 'response.output_text.delta') pieces += event.delta;
      }
      return { pieces, whole: (await stream.finalResponse()).output_text, types, numbers };
    }

    test.each(['instruction', 'prefill'])('is gone on with by %s, and reads as one answer', async (continues) => {
      const door = await broken({ continue: true }, { continues });
      const { value: well } = await door.watch(() => respond(door));
      one.setFault('cut:40');
      const { value, record } = await door.watch(() => respond(door));
      expect(value?.pieces).toBe(well?.pieces);
      expect(value?.whole).toBe(well?.whole);
      expect(value?.types.filter((type) => type !== 'response.output_text.delta')).toEqual(
        well?.types.filter((type) => type !== 'response.output_text.delta'),
      );
      expect(value?.numbers).toEqual(value?.numbers.toSorted((a, b) => a - b));
      expect(new Set(value?.numbers).size).toBe(value?.numbers.length);
      expect(record.attempts.map(({ target, reason }) => [target, reason])).toEqual([
        ['one', 'first'],
        ['two', 'continue'],
      ]);
      await door.close();
    });

    test('with a thinking model, whose thoughts come before', async () => {
      const door = await broken({ continue: true });
      one.setFault('reset:25');
      const { value } = await door.watch(async () => {
        const stream = door.client.responses.stream({ ...ASKED, model: 'o4-mini' });
        return stream.finalResponse();
      });
      expect(value?.output.map(({ type }) => type)).toEqual(['reasoning', 'message']);
      one.setFault(null);
      const whole = await door.client.responses.create({ ...ASKED, model: 'o4-mini' });
      expect(value?.output_text).toBe(whole.output_text);
      await door.close();
    });

    test('fails in the open where nobody can go on', async () => {
      const door = await broken({ continue: true });
      one.setFault('cut:20');
      two.setFault('unavailable');
      const { error, record } = await door.watch(() => respond(door));
      expect(error).toBeInstanceOf(Error);
      expect(record).toMatchObject({ outcome: 'interrupted', attempts: [{ reason: 'first' }, { reason: 'continue' }] });
      await door.close();
    });
  });

  test('amid a tool call is never stitched', async () => {
    const door = await broken({ continue: true });
    one.setFault('cut:3');
    const tools = [
      {
        type: 'function' as const,
        function: {
          name: 'look',
          parameters: { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } } },
        },
      },
    ];
    const { error, record } = await door.watch(async () => {
      const stream = await door.client.chat.completions.create({ ...LONG, tools, tool_choice: 'required' });
      for await (const chunk of stream) void chunk;
    });
    expect(error).toBeInstanceOf(Error);
    expect(record).toMatchObject({ outcome: 'interrupted' });
    expect(record.attempts).toHaveLength(1);
    await door.close();
  });
});

test('a conversation stays where it was answered last, and others begin at the top', async () => {
  const door = await open(['one', { target: 'two', model: 'gpt-4.1-mini' }], { stick: 'conversation' });
  const later = {
    ...QUESTION,
    messages: [...QUESTION.messages, { role: 'assistant' as const, content: 'kelp holds fast' }],
  };
  one.setFault('unavailable');
  await door.client.chat.completions.create(QUESTION);
  one.setFault(null);
  const again = await door.client.chat.completions
    .create({ ...later, messages: [...later.messages, { role: 'user', content: 'say: again' }] })
    .withResponse();
  expect(again.response.headers.get('x-holdfast-target')).toBe('two');
  expect(again.response.headers.get('x-holdfast-degraded')).toBe('model; served=gpt-4.1-mini');
  const other = await door.client.chat.completions
    .create({ ...QUESTION, messages: [{ role: 'user', content: 'say: hello' }] })
    .withResponse();
  expect(other.response.headers.get('x-holdfast-target')).toBe('one');
  await door.close();
});
