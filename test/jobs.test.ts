import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import Anthropic from '@anthropic-ai/sdk';
import { OpenAI } from 'openai';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { JobFailedError, patientFetch, waitForJob } from '../src/index.ts';
import { type Simulator, startSimulator } from '../src/simulator/index.ts';
import { openGateway, until } from './harness.ts';

// Jobs, placeholders and idempotency keys, over real HTTP against a simulated provider.

// Jobs rest between their attempts, and a busy machine takes its time.
vi.setConfig({ testTimeout: 60_000 });

const CHAT = '/chat/completions';
const BODY = { model: 'gpt-4o', messages: [{ role: 'user', content: 'Tell me of the sea.' }] };

/** What one test makes a target suffer must not be held against it in the next. */
const UNLEARNT = {
  breaker: { enabled: false },
  adaptive: { suspicion: false, throttle: false, concurrency: false, keys: false },
  pacing: { enabled: false },
};

let simulator: Simulator;
let slow: Simulator;
let gateway: Awaited<ReturnType<typeof openGateway>>;
beforeAll(async () => {
  simulator = await startSimulator({ answerTokens: 20 });
  slow = await startSimulator({ answerTokens: 20, latency: { firstTokenMs: 900 } });
  gateway = await openGateway({
    targets: {
      fast: { provider: 'openai', baseUrl: `${simulator.url}/v1`, key: 'env:TARGET_KEY', ...UNLEARNT },
      slow: { provider: 'openai-compatible', baseUrl: `${slow.url}/v1`, key: 'env:TARGET_KEY', ...UNLEARNT },
    },
    jobs: { webhooks: { allowPrivate: true } },
    defaults: { retry: { attempts: 1 } },
    routes: [
      { models: ['slow-*'], ladder: ['slow'] },
      { models: ['frail-*'], ladder: ['fast', { job: { retryAfter: '1s' } }] },
      { models: ['*'], ladder: ['fast'] },
    ],
  });
});
afterAll(async () => {
  await gateway.close();
  await simulator.close();
  await slow.close();
});

interface Told {
  readonly status: number;
  readonly headers: Headers;
  readonly json: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** Asks the gateway itself, past the count of calls: requests about jobs leave no record. */
const CALLER = 'Bearer sk-caller-0123456789';

async function ask(
  method: string,
  path: string,
  body: unknown = null,
  headers: Record<string, string> = {},
): Promise<Told> {
  const response = await fetch(`${gateway.baseURL}${path}`, {
    method,
    headers: { authorization: CALLER, 'content-type': 'application/json', ...headers },
    ...(body === null ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true && text !== '';
  return {
    status: response.status,
    headers: response.headers,
    json: isJson ? (JSON.parse(text) as Record<string, unknown>) : {},
    text,
  };
}

/** The job when it has ended; its call owes a record for each attempt. */
async function ended(id: string, attempts = 1): Promise<Told> {
  const told = await ask('GET', `/jobs/${id}?wait=10s`);
  gateway.owe(attempts);
  return told;
}

/** What is under way at the slow provider while `work` is done stays so until somebody ends it. */
async function whileItHangs(work: () => Promise<void>): Promise<void> {
  slow.setFault('hang');
  try {
    await work();
  } finally {
    slow.setFault(null);
  }
}

/** Resolves once another request has come to the slow provider since there were `before`. */
function begun(before: number): Promise<void> {
  return until(() => slow.stats.requests > before);
}

describe('a job', () => {
  test('is kept, told of, run, and answers as the call would have', async () => {
    const direct = await ask('POST', CHAT, BODY);
    gateway.owe(1);
    const taken = await ask('POST', CHAT, BODY, { prefer: 'respond-async' });
    expect(taken.status).toBe(202);
    expect(taken.headers.get('preference-applied')).toBe('respond-async');
    const id = String(taken.json['id']);
    expect(taken.headers.get('location')).toBe(`/v1/jobs/${id}`);
    expect(Number(taken.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(taken.json).toMatchObject({ object: 'holdfast.job', status: 'queued', choices: [] });
    const over = await ended(id);
    expect(over.json).toMatchObject({ status: 'succeeded', attempts: 1, result: { status: 200 } });
    const result = await ask('GET', `/jobs/${id}/result`);
    expect(result.status).toBe(200);
    const names = [...direct.headers.keys()].filter(
      (name) => !['date', 'connection', 'keep-alive', 'transfer-encoding'].includes(name),
    );
    expect([...result.headers.keys()]).toEqual(expect.arrayContaining(names));
    expect(result.json).toMatchObject({ object: 'chat.completion', choices: direct.json['choices'] });
    const record = gateway.records.at(-1);
    expect(record).toMatchObject({ lane: 'background', outcome: 'answered' });
    expect(record?.notes).toContain(`job: ${id}`);
    expect(over.json['request_id']).toBe(record?.id);
  });

  test('can be asked for with its deadline, priority, attempts and metadata', async () => {
    const wanted = { endpoint: '/v1/embeddings', body: { model: 'text-embedding-3-small', input: 'kelp' } };
    const more = { deadline: '10m', priority: 7, attempts: 2, metadata: { order: '12' } };
    const taken = await ask('POST', '/jobs', { ...wanted, ...more });
    expect(taken.status).toBe(202);
    expect(taken.json).toMatchObject({ priority: 7, max_attempts: 2, metadata: { order: '12' }, data: [] });
    const { created_at: at, deadline_at: deadline } = taken.json as Record<string, number>;
    expect((deadline ?? 0) - (at ?? 0)).toBe(600);
    const over = await ended(String(taken.json['id']));
    expect(over.json['status']).toBe('succeeded');
  });

  test.each([
    [{}, 400, 'endpoint'],
    [{ endpoint: '/v1/files', body: {} }, 400, 'endpoint'],
    [{ endpoint: '/v1/responses', body: 'x' }, 400, 'body'],
    [{ endpoint: '/v1/responses', body: {}, priority: 1e9 }, 400, 'priority'],
    [{ endpoint: '/v1/responses', body: {}, webhook: 'ftp://example.com/x' }, 400, 'webhook'],
    [{ endpoint: '/v1/responses', body: {}, metadata: { a: 1 } }, 400, 'metadata'],
    ['nonsense', 400, 'JSON'],
  ])('%j is refused, and told why', async (body, status, word) => {
    const told = await ask('POST', '/jobs', body);
    expect(told.status).toBe(status);
    expect((told.json['error'] as { message: string }).message).toContain(word);
  });

  test('whose request is refused has the refusal as its answer', async () => {
    const taken = await ask('POST', CHAT, { model: 'gpt-4o' }, { prefer: 'respond-async' });
    const over = await ended(String(taken.json['id']));
    expect(over.json).toMatchObject({ status: 'failed', result: { status: 400 }, error: { fault: 'invalid-request' } });
    const result = await ask('GET', `/jobs/${String(taken.json['id'])}/result`);
    expect(result.status).toBe(400);
    expect(result.headers.get('x-holdfast-job-status')).toBe('failed');
    expect(result.json).toHaveProperty('error.message');
  });

  test('is tried again when its provider fails, and dead when it fails too often', async () => {
    simulator.setFault('server-error');
    const wanted = { endpoint: '/v1/chat/completions', body: BODY, attempts: 2 };
    const taken = await ask('POST', '/jobs', wanted);
    const id = String(taken.json['id']);
    const over = await ended(id, 2);
    simulator.setFault(null);
    expect(over.json).toMatchObject({ status: 'dead', attempts: 2, error: { fault: 'server-error' } });
    const result = await ask('GET', `/jobs/${id}/result`);
    expect(result.status).toBe(500);
    expect(result.json).toHaveProperty('error.holdfast.fault', 'server-error');
  }, 30_000);

  test('that streams keeps its stream', async () => {
    const taken = await ask('POST', CHAT, { ...BODY, stream: true }, { prefer: 'respond-async' });
    expect(taken.headers.get('content-type')).toContain('text/event-stream');
    const id = taken.headers.get('x-holdfast-job') ?? '';
    await ended(id);
    const result = await ask('GET', `/jobs/${id}/result`);
    expect(result.headers.get('content-type')).toContain('text/event-stream');
    expect(result.text).toMatch(/data: \[DONE\]\s*$/);
  });

  test('can be cancelled, which stops what is under way', async () => {
    const before = slow.stats.requests;
    let id = '';
    await whileItHangs(async () => {
      const taken = await ask('POST', CHAT, { ...BODY, model: 'slow-1' }, { prefer: 'respond-async' });
      id = String(taken.json['id']);
      await begun(before);
      const told = await ask('POST', `/jobs/${id}/cancel`);
      expect(told.json).toMatchObject({ status: 'cancelled' });
    });
    gateway.owe(1);
    await until(() => gateway.records.at(-1)?.outcome === 'cancelled');
    const result = await ask('GET', `/jobs/${id}/result`);
    expect(result.status).toBe(409);
    expect(result.headers.get('x-holdfast-job-status')).toBe('cancelled');
    expect((await ask('DELETE', `/jobs/${id}`)).json).toMatchObject({ status: 'cancelled' });
  });

  test('is listed, and unknown ones and paths are told', async () => {
    const first = await ask('GET', '/jobs?limit=2');
    expect(first.json).toMatchObject({ object: 'list', has_more: true });
    const data = first.json['data'] as { id: string }[];
    expect(data).toHaveLength(2);
    const second = await ask('GET', `/jobs?limit=100&after=${data[1]?.id ?? ''}&status=succeeded`);
    expect((second.json['data'] as { id: string }[]).map(({ id }) => id)).not.toContain(data[0]?.id);
    expect((await ask('GET', '/jobs?status=lost')).status).toBe(400);
    expect((await ask('GET', '/jobs?limit=0')).status).toBe(400);
    expect((await ask('GET', '/jobs/job_x')).status).toBe(404);
    expect((await ask('GET', '/jobs/job_x/result')).status).toBe(404);
    expect((await ask('GET', '/jobs/job_x/events')).status).toBe(404);
    expect((await ask('DELETE', '/jobs/job_x')).status).toBe(404);
    expect((await ask('PUT', '/jobs')).status).toBe(404);
    expect((await ask('GET', `/jobs/${data[0]?.id ?? ''}?wait=ever`)).status).toBe(400);
  });

  test('is followed by events, and followed on from where it was left', async () => {
    const taken = await ask('POST', CHAT, { ...BODY, model: 'slow-1' }, { prefer: 'respond-async' });
    const id = String(taken.json['id']);
    const all = await ask('GET', `/jobs/${id}/events`);
    gateway.owe(1);
    expect(all.headers.get('content-type')).toContain('text/event-stream');
    expect([...all.text.matchAll(/^event: (\w+)$/gm)].map(([, name]) => name)).toEqual([
      'queued',
      'running',
      'succeeded',
    ]);
    expect([...all.text.matchAll(/^id: (\d+)$/gm)].map(([, seq]) => Number(seq))).toEqual([1, 2, 3]);
    const rest = await ask('GET', `/jobs/${id}/events`, null, { 'last-event-id': '2' });
    const data = JSON.parse(/^data: (.*)$/m.exec(rest.text)?.[1] ?? '{}') as Record<string, unknown>;
    expect(data).toMatchObject({
      status: 'succeeded',
      sequence: 3,
      job: { result: { status: 200, body: { object: 'chat.completion' } } },
    });
    expect(rest.text.match(/^event:/gm)).toHaveLength(1);
  });
});

describe('a placeholder', () => {
  const placeholderAfter = (ms: number): Record<string, string> => ({ 'x-holdfast-placeholder-after': `${ms}ms` });

  test('is not given for what comes in time', async () => {
    const told = await ask('POST', CHAT, BODY, placeholderAfter(3_000));
    gateway.owe(1);
    expect(told.status).toBe(200);
  });

  test('is given on time for what does not, and the call goes on', async () => {
    const before = slow.stats.requests;
    const startedAt = performance.now();
    const told = await ask('POST', CHAT, { ...BODY, model: 'slow-1' }, placeholderAfter(300));
    const tookMs = performance.now() - startedAt;
    // Before the answer, which takes three times as long.
    expect(told.status).toBe(202);
    expect(tookMs).toBeGreaterThan(280);
    expect(told.json).toMatchObject({ status: 'running', origin: 'placeholder' });
    const over = await ended(String(told.json['id']));
    expect(over.json).toMatchObject({ status: 'succeeded', attempts: 1 });
    expect(slow.stats.requests - before).toBe(1);
    expect(gateway.records.at(-1)?.notes).toContain(`job: ${String(told.json['id'])}`);
    const result = await ask('GET', `/jobs/${String(told.json['id'])}/result`);
    expect(result.json).toMatchObject({ object: 'chat.completion' });
  });

  test('stands in for a stream before its first content only', async () => {
    const late = await ask('POST', CHAT, { ...BODY, model: 'slow-1', stream: true }, placeholderAfter(300));
    expect(late.status).toBe(202);
    const id = late.headers.get('x-holdfast-job') ?? '';
    expect((await ended(id)).json['status']).toBe('succeeded');
    expect((await ask('GET', `/jobs/${id}/result`)).text).toMatch(/data: \[DONE\]\s*$/);
    const inTime = await ask('POST', CHAT, { ...BODY, stream: true }, placeholderAfter(2_000));
    gateway.owe(1);
    expect(inTime.status).toBe(200);
  });

  test('lets a caller that leaves before it cancel the call', async () => {
    const before = gateway.records.length;
    const requests = slow.stats.requests;
    const controller = new AbortController();
    await whileItHangs(async () => {
      const call = fetch(`${gateway.baseURL}${CHAT}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...placeholderAfter(30_000) },
        body: JSON.stringify({ ...BODY, model: 'slow-1' }),
        signal: controller.signal,
      }).catch(() => null);
      await begun(requests);
      controller.abort();
      await call;
    });
    gateway.owe(1);
    await until(() => gateway.records.slice(before).some(({ outcome }) => outcome === 'cancelled'));
    expect(gateway.records.slice(before).map(({ outcome }) => outcome)).toContain('cancelled');
  });

  test('can be cancelled', async () => {
    await whileItHangs(async () => {
      const told = await ask('POST', CHAT, { ...BODY, model: 'slow-1' }, placeholderAfter(200));
      const cancelled = await ask('DELETE', `/jobs/${String(told.json['id'])}`);
      expect(cancelled.json['status']).toBe('cancelled');
    });
    gateway.owe(1);
    await until(() => gateway.records.at(-1)?.outcome === 'cancelled');
  });
});

describe('a webhook', () => {
  const seen: { readonly headers: IncomingMessage['headers']; readonly body: string }[] = [];
  let refusals = 1;
  const receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      seen.push({ headers: request.headers, body });
      refusals -= 1;
      response.writeHead(refusals >= 0 ? 503 : 204).end();
    });
  });
  let url = '';
  beforeAll(async () => {
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
  });
  afterAll(() => {
    receiver.closeAllConnections();
    receiver.close();
  });

  test('tells of the ending, signed, until it is taken', async () => {
    const wanted = { endpoint: '/v1/chat/completions', body: BODY, webhook: url, metadata: { order: '7' } };
    const unsigned = await ask('POST', '/jobs', wanted);
    expect(unsigned.status).toBe(400);
    const made = await ask('POST', '/jobs/webhook-secret');
    expect(made.json).toMatchObject({ secret: expect.stringMatching(/^whsec_/) as string, replaced: false });
    const taken = await ask('POST', '/jobs', wanted);
    const id = String(taken.json['id']);
    await ended(id);
    await until(() => seen.length >= 2);
    await expect
      .poll(async () => (await ask('GET', `/jobs/${id}`)).json['webhook'])
      .toMatchObject({ state: 'delivered' });
    const [first, second] = seen;
    expect(first?.headers['webhook-id']).toBe(second?.headers['webhook-id']);
    for (const { headers, body } of seen) {
      const message = new Webhook(String(made.json['secret'])).verify(body, headers as Record<string, string>);
      expect(message).toMatchObject({
        type: 'job.succeeded',
        data: { id, metadata: { order: '7' }, result: { status: 200, body: { object: 'chat.completion' } } },
      });
    }
    const after = (await ask('GET', `/jobs/${id}`)).json;
    expect(after['webhook']).toMatchObject({ state: 'delivered', attempts: 2, error: null });
  }, 20_000);

  test('tells of a call that became a job because it took long', async () => {
    const before = seen.length;
    const hooked = { 'x-holdfast-placeholder-after': '200ms', 'x-holdfast-webhook': url };
    const told = await ask('POST', CHAT, { ...BODY, model: 'slow-1' }, hooked);
    expect(told.status).toBe(202);
    await ended(String(told.json['id']));
    await until(() => seen.length > before);
    expect(JSON.parse(seen.at(-1)?.body ?? '{}')).toMatchObject({
      type: 'job.succeeded',
      data: { id: told.json['id'], result: { body: { object: 'chat.completion' } } },
    });
    const refused = await ask('POST', CHAT, BODY, { prefer: 'respond-async', 'x-holdfast-webhook': 'nowhere' });
    expect(refused.status).toBe(400);
  });
});

describe('the official SDK', () => {
  const messages = [{ role: 'user' as const, content: 'Take your time.' }];
  const placeholders = { headers: { 'x-holdfast-placeholder-after': '200ms' } };
  const client = (fetch = globalThis.fetch): OpenAI =>
    new OpenAI({ baseURL: gateway.baseURL, apiKey: 'sk-x', maxRetries: 0, fetch });

  test('reads a placeholder without harm, and waits for its job', async () => {
    const openai = client();
    const chat = await openai.chat.completions.create({ model: 'slow-1', messages }, placeholders);
    expect(chat.choices).toEqual([]);
    const completion = await waitForJob<OpenAI.ChatCompletion>(openai, chat);
    expect(completion.choices[0]?.message.content).toBeTruthy();
    const response = await openai.responses.create({ model: 'slow-1', input: 'x' }, placeholders);
    expect(response.output_text).toBe('');
    const made = await waitForJob<OpenAI.Responses.Response>(openai, response.id);
    expect(made.output.length).toBeGreaterThan(0);
    const embeddings = await openai.embeddings.create(
      { model: 'text-embedding-3-small', input: 'kelp' },
      { headers: { prefer: 'respond-async' } },
    );
    expect(embeddings.data).toEqual([]);
    gateway.owe(3);
    const id = (embeddings as unknown as { id: string }).id;
    expect(await waitForJob({ baseURL: gateway.baseURL }, id)).toHaveProperty('data');
  });

  test('is made to wait by a fetch that does', async () => {
    const openai = client(patientFetch());
    const completion = await openai.chat.completions.create({ model: 'slow-1', messages }, placeholders);
    expect(completion.choices[0]?.message.content).toBeTruthy();
    const stream = await openai.chat.completions.create({ model: 'slow-1', messages, stream: true }, placeholders);
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    gateway.owe(2);
    expect(text).not.toBe('');
  });

  test("is Anthropic's, too", async () => {
    const baseURL = gateway.baseURL.replace(/\/v1$/, '');
    const anthropic = new Anthropic({ baseURL, apiKey: 'sk-x', maxRetries: 0 });
    const asked = { model: 'slow-1', max_tokens: 50, messages };
    const placeholder = await anthropic.messages.create(asked, placeholders);
    expect(placeholder.content).toEqual([]);
    const message = await waitForJob<Anthropic.Message>(gateway.baseURL, placeholder);
    expect(message.content[0]).toMatchObject({ type: 'text' });
    const patient = new Anthropic({ baseURL, apiKey: 'sk-x', maxRetries: 0, fetch: patientFetch() });
    expect((await patient.messages.create(asked, placeholders)).content[0]).toMatchObject({ type: 'text' });
    gateway.owe(2);
  });

  test('raises its own errors for jobs that fail', async () => {
    const bad = { model: 'gpt-4o' } as unknown as OpenAI.ChatCompletionCreateParamsNonStreaming;
    const asked = client(patientFetch()).chat.completions.create(bad, { headers: { prefer: 'respond-async' } });
    await expect(asked).rejects.toBeInstanceOf(OpenAI.BadRequestError);
    const placeholder = await client().chat.completions.create(bad, { headers: { prefer: 'respond-async' } });
    await expect(waitForJob(client(), placeholder)).rejects.toBeInstanceOf(JobFailedError);
    gateway.owe(2);
  });

  test('cancels the job when it is told to stop', async () => {
    const controller = new AbortController();
    const openai = client(patientFetch());
    await whileItHangs(async () => {
      const asked = openai.chat.completions.create(
        { model: 'slow-1', messages },
        { ...placeholders, signal: controller.signal },
      );
      const outcome = asked.catch((error: unknown) => error);
      await sleep(400);
      controller.abort();
      expect(await outcome).toBeInstanceOf(OpenAI.APIUserAbortError);
    });
    gateway.owe(1);
    await until(() => gateway.records.at(-1)?.outcome === 'cancelled');
  });
});

describe('a response in the background', () => {
  test('is left to a target that knows how to', async () => {
    const openai = new OpenAI({ baseURL: gateway.baseURL, apiKey: 'sk-x' });
    let asked = 1;
    let response = await openai.responses.create({ model: 'gpt-4o', input: 'x', background: true });
    expect(response.id).not.toContain('job');
    while (response.status === 'queued' || response.status === 'in_progress') {
      asked += 1;
      response = await openai.responses.retrieve(response.id);
    }
    expect(response.status).toBe('completed');
    gateway.owe(asked);
  });

  test('is made here for one that does not', async () => {
    const openai = new OpenAI({ baseURL: gateway.baseURL, apiKey: 'sk-x' });
    const asked = { model: 'slow-1', input: 'x', background: true, metadata: { order: '7' } };
    let response = await openai.responses.create(asked);
    expect(response).toMatchObject({ object: 'response', status: 'queued', background: true, output_text: '' });
    const { id } = response;
    while (response.status === 'queued' || response.status === 'in_progress') {
      response = await openai.responses.retrieve(id);
      await sleep(50);
    }
    gateway.owe(1);
    expect(response).toMatchObject({ id, status: 'completed', background: true });
    expect(response.output_text).not.toBe('');
    expect(slow.requests.at(-1)?.body.toString()).not.toContain('background');
  });

  test('can be cancelled here', async () => {
    const openai = new OpenAI({ baseURL: gateway.baseURL, apiKey: 'sk-x' });
    const before = slow.stats.requests;
    let id = '';
    await whileItHangs(async () => {
      ({ id } = await openai.responses.create({ model: 'slow-1', input: 'x', background: true }));
      await begun(before);
      expect(await openai.responses.cancel(id)).toMatchObject({ id, status: 'cancelled' });
    });
    gateway.owe(1);
    expect(await openai.responses.retrieve(id)).toMatchObject({ status: 'cancelled' });
    await until(() => gateway.records.at(-1)?.outcome === 'cancelled');
  });
});

describe('a ladder that ends in a job', () => {
  test('gives a placeholder when nobody can answer now, and the answer later', async () => {
    simulator.nextFaults(['overloaded']);
    const told = await ask('POST', CHAT, { ...BODY, model: 'frail-1' });
    gateway.owe(1);
    expect(told.status).toBe(202);
    expect(told.headers.get('x-holdfast-degraded')).toBe(`job; id=${String(told.json['id'])}`);
    expect(told.headers.get('retry-after')).toBe('1');
    const over = await ended(String(told.json['id']));
    expect(over.json).toMatchObject({ status: 'succeeded', origin: 'ladder' });
    // To its caller it was one call.
    expect(gateway.records.slice(-2).map(({ outcome, status }) => [outcome, status])).toEqual([
      ['retried', 202],
      ['answered', 200],
    ]);
  });
});

describe('an idempotency key', () => {
  let count = 0;
  const keyed = (body: unknown, key: string, more: Record<string, string> = {}): Promise<Told> =>
    ask('POST', CHAT, body, { 'idempotency-key': key, ...more });
  const fresh = (): string => `key-${(count += 1)}`;

  test('lets a call be made once, and replays its answer', async () => {
    const key = fresh();
    const before = simulator.stats.requests;
    const first = await keyed(BODY, key);
    const again = await keyed(BODY, key);
    gateway.owe(1);
    expect(simulator.stats.requests - before).toBe(1);
    expect([first.status, again.status]).toEqual([200, 200]);
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.text).toBe(first.text);
    expect(again.headers.get('x-request-id')).toBe(first.headers.get('x-request-id'));
    const other = await keyed({ ...BODY, seed: 1 }, key);
    expect(other.status).toBe(422);
  });

  test('turns a second call away while the first is under way', async () => {
    const key = fresh();
    const body = { ...BODY, model: 'slow-1' };
    const before = slow.stats.requests;
    const first = keyed(body, key);
    await until(() => slow.stats.requests > before);
    const second = await keyed(body, key);
    expect(second.status).toBe(409);
    expect(second.headers.get('retry-after')).toBe('1');
    expect(second.headers.get('x-should-retry')).toBe('true');
    expect((await first).status).toBe(200);
    gateway.owe(1);
    expect((await keyed(body, key)).headers.get('idempotent-replayed')).toBe('true');
    expect(slow.stats.requests - before).toBe(1);
  });

  test('makes the official SDK get one answer however often it asks', async () => {
    const client = new OpenAI({ baseURL: gateway.baseURL, apiKey: 'sk-x', maxRetries: 4 });
    const key = fresh();
    const before = slow.stats.requests;
    const create = (): Promise<string> =>
      client.chat.completions
        .create(
          { model: 'slow-1', messages: [{ role: 'user', content: 'Once.' }] },
          { headers: { 'idempotency-key': key } },
        )
        .then(({ id }) => id);
    const ids = await Promise.all([create(), create(), create()]);
    gateway.owe(1);
    expect(new Set(ids).size).toBe(1);
    expect(slow.stats.requests - before).toBe(1);
  });

  test('is another one with another provider key, where callers are not told apart otherwise', async () => {
    const key = fresh();
    const first = await keyed(BODY, key, { authorization: 'Bearer one' });
    const other = await keyed(BODY, key, { authorization: 'Bearer another' });
    gateway.owe(2);
    expect([first.status, other.status]).toEqual([200, 200]);
    expect(other.headers.get('idempotent-replayed')).toBeNull();
  });

  test('keeps nothing of what failed for now', async () => {
    const key = fresh();
    simulator.setFault('overloaded');
    const failed = await keyed(BODY, key);
    simulator.setFault(null);
    expect(failed.status).toBeGreaterThanOrEqual(429);
    const again = await keyed(BODY, key);
    gateway.owe(2);
    expect(again.status).toBe(200);
    expect(again.headers.get('idempotent-replayed')).toBeNull();
  });

  test('keeps a refusal that would be the same again', async () => {
    const key = fresh();
    const before = simulator.stats.requests;
    expect((await keyed({ model: 'gpt-4o' }, key)).status).toBe(400);
    const again = await keyed({ model: 'gpt-4o' }, key);
    gateway.owe(1);
    expect(again.status).toBe(400);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(simulator.stats.requests - before).toBeLessThanOrEqual(1);
  });

  test('keeps the answer of a call whose caller has left', async () => {
    const key = fresh();
    const controller = new AbortController();
    const before = slow.stats.requests;
    const body = JSON.stringify({ ...BODY, model: 'slow-1' });
    const call = fetch(`${gateway.baseURL}${CHAT}`, {
      method: 'POST',
      headers: { authorization: CALLER, 'content-type': 'application/json', 'idempotency-key': key },
      body,
      signal: controller.signal,
    }).catch(() => null);
    await until(() => slow.stats.requests > before);
    controller.abort();
    await call;
    gateway.owe(1);
    const records = gateway.records.length;
    await until(() => gateway.records.length > records);
    await until(() => gateway.records.at(-1)?.outcome === 'answered');
    await expect.poll(async () => (await keyed(body, key)).headers.get('idempotent-replayed')).toBe('true');
    expect(slow.stats.requests - before).toBe(1);
  });

  test('replays a stream whole', async () => {
    const key = fresh();
    const body = { ...BODY, stream: true };
    const first = await keyed(body, key);
    gateway.owe(1);
    // The answer is kept a moment after its last byte has gone.
    let again = await keyed(body, key);
    for (; again.status === 409; again = await keyed(body, key)) await sleep(20);
    expect(again.text).toBe(first.text);
    expect(again.headers.get('content-type')).toContain('text/event-stream');
    expect(again.headers.get('idempotent-replayed')).toBe('true');
  });

  test('names one job however often it is asked for', async () => {
    const key = fresh();
    const first = await keyed(BODY, key, { prefer: 'respond-async' });
    const again = await keyed(BODY, key, { prefer: 'respond-async' });
    expect(again.json['id']).toBe(first.json['id']);
    await ended(String(first.json['id']));
  });

  test('names one job that is asked for with wishes, and no other', async () => {
    const key = { 'idempotency-key': fresh() };
    const wanted = { endpoint: '/v1/chat/completions', body: BODY, priority: 1 };
    const first = await ask('POST', '/jobs', wanted, key);
    const again = await ask('POST', '/jobs', wanted, key);
    expect(again.json['id']).toBe(first.json['id']);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect((await ask('POST', '/jobs', { ...wanted, priority: 2 }, key)).status).toBe(422);
    await ended(String(first.json['id']));
  });

  test('that was forgotten names another job, though the first is still there', { timeout: 60_000 }, async () => {
    const door = await openGateway({
      targets: { fast: { provider: 'openai', baseUrl: `${simulator.url}/v1`, key: 'env:TARGET_KEY', ...UNLEARNT } },
      jobs: { keepKeys: '1s' },
    });
    const headers = { 'content-type': 'application/json', 'idempotency-key': fresh(), prefer: 'respond-async' };
    const askFor = async (): Promise<string> => {
      const response = await fetch(`${door.baseURL}${CHAT}`, { method: 'POST', headers, body: JSON.stringify(BODY) });
      return ((await response.json()) as { id: string }).id;
    };
    const stands = async (id: string): Promise<unknown> =>
      ((await (await fetch(`${door.baseURL}/jobs/${id}`)).json()) as { status: unknown }).status;
    door.owe(2);
    const first = await askFor();
    let second = first;
    const patiently = { timeout: 20_000, interval: 50 };
    await expect.poll(async () => (second = await askFor()), patiently).not.toBe(first);
    for (const id of [first, second]) await expect.poll(() => stands(id), patiently).toBe('succeeded');
    await door.close();
  });

  test('that is none is refused', async () => {
    expect((await keyed(BODY, 'x'.repeat(300))).status).toBe(400);
  });
});
