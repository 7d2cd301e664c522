import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../src/simulator/index.ts';
import { ask } from './conversation.ts';
import { type Door, DOORS, openDoor, openGateway } from './harness.ts';
import { told } from './told.ts';

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

/** Where each attempt of the door's calls went. */
function ways(door: Door): string[] {
  return door.records.map(({ attempts }) => attempts.map(({ target }) => target).join(' > '));
}

describe.each(DOORS)('%s', (name) => {
  describe('falls back by the kind of fault', () => {
    let door: Door;
    beforeAll(async () => {
      door = await openDoor(name, {
        ladder: [{ at: one }, { at: two, model: 'gpt-4.1' }],
        retry: { attempts: 1 },
        breaker: { enabled: false },
      });
    });
    afterAll(() => door.close());

    test.each([
      'server-error',
      'overloaded',
      'unavailable',
      'bad-gateway',
      'gateway-timeout',
      'rate-limit-requests',
      'rate-limit-tokens',
      'slow-down',
      'too-large-for-limit',
      'insufficient-quota',
      'reset-before-headers',
      'truncated-json',
      'html-in-200',
      'error-in-200',
    ])('%s: the second answers', async (fault) => {
      const { record, value } = await door.watch(() => ask(door.client, 'chat', { model: `gpt-4o@${fault}` }));
      expect(value?.finish).toBe('stop');
      expect(record).toMatchObject({
        outcome: 'answered',
        target: 'second',
        attempts: [
          { target: 'primary', model: `gpt-4o@${fault}`, reason: 'first' },
          { target: 'second', model: 'gpt-4.1', reason: 'fallback', fault: null },
        ],
      });
      const asked: unknown = JSON.parse(String(two.requests.at(-1)?.body));
      expect(asked).toMatchObject({ model: 'gpt-4.1', messages: [{ role: 'user' }] });
    });

    test.each([
      'invalid-request',
      'unknown-parameter',
      'context-length',
      'content-policy',
      'azure-content-filter',
      'payload-too-large',
      'invalid-api-key',
      'permission',
      'region',
      'model-not-found',
      'conflict',
    ])('%s: nobody else is asked', async (fault) => {
      const asked = two.stats.requests;
      const { record, error } = await door.watch(() => ask(door.client, 'chat', { model: `gpt-4o@${fault}` }));
      expect(told(error).attempts).toBe(1);
      expect(record.attempts.map(({ target }) => target)).toEqual(['primary']);
      expect(two.stats.requests).toBe(asked);
    });

    test('no answer in time: the second answers', async () => {
      const impatient = await openDoor(name, {
        ladder: [{ at: one }, { at: two, model: 'gpt-4.1' }],
        retry: { attempts: 1 },
        timeouts: { headersMs: 300 },
      });
      const { record } = await impatient.watch(() => ask(impatient.client, 'chat', { model: 'gpt-4o@hang' }));
      expect(record).toMatchObject({ outcome: 'answered', target: 'second' });
      expect(record.attempts[0]?.fault).toMatchObject({ kind: 'timeout', detail: 'headers' });
      await impatient.close();
    });

    test('when all fail, the caller hears of the last', async () => {
      two.setFault('overloaded');
      const { record, error } = await door.watch(() => ask(door.client, 'chat', { model: 'gpt-4o@server-error' }));
      expect(told(error)).toMatchObject({ fault: 'overloaded', attempts: 2 });
      expect(record.attempts.map(({ fault }) => fault?.kind)).toEqual(['server-error', 'overloaded']);
    });
  });

  test('kinds that the operator adds are fallen back on too', async () => {
    const ladder = [{ at: one }, { at: two, model: 'gpt-4.1' }] as const;
    const door = await openDoor(name, { ladder, fallbackOn: ['not-found'] });
    await door.watch(() => ask(door.client, 'chat', { model: 'gpt-4o@model-not-found' }));
    expect(ways(door)).toEqual(['primary > second']);
    await door.close();
  });

  test('a conversation stays with the provider that began it', async () => {
    const door = await openDoor(name, { ladder: [{ at: one }, { at: two }], retry: { attempts: 1 } });
    one.setFault('unavailable');
    const first = await door.client.responses.create({ model: 'gpt-4o', input: 'hi' });
    one.setFault(null);
    // The second made it; the first, though in health again, would know nothing of it.
    const next = await door.client.responses.create({
      model: 'gpt-4o',
      input: 'go on',
      previous_response_id: first.id,
    });
    expect(next.previous_response_id).toBe(first.id);
    const last = await door.client.responses
      .stream({ model: 'gpt-4o', input: 'and on', previous_response_id: next.id })
      .finalResponse();
    expect(last.previous_response_id).toBe(next.id);
    await door.client.responses.create({ model: 'gpt-4o', input: 'something else' });
    expect(ways(door)).toEqual(['primary > second', 'second', 'second', 'primary']);
    await door.close();
  });

  test('reasoning is taken back to who encrypted it', async () => {
    const door = await openDoor(name, { ladder: [{ at: one }, { at: two }], retry: { attempts: 1 } });
    const request = { model: 'o3', store: false, include: ['reasoning.encrypted_content' as const] };
    one.setFault('unavailable');
    const first = await door.client.responses.create({ ...request, input: 'hi' });
    one.setFault(null);
    const history = [...first.output, { role: 'user' as const, content: 'go on' }];
    const next = await door.client.responses.create({ ...request, input: history as never });
    expect(next.status).toBe('completed');
    expect(ways(door)).toEqual(['primary > second', 'second']);
    await door.close();
  });

  test('a conversation whose provider is down fails in the open', async () => {
    const door = await openDoor(name, { ladder: [{ at: one }, { at: two }], retry: { attempts: 1 } });
    const first = await door.client.responses.create({ model: 'gpt-4o', input: 'hi' });
    one.setFault('unavailable');
    const { error } = await door.watch(() =>
      door.client.responses.create({ model: 'gpt-4o', input: 'go on', previous_response_id: first.id }),
    );
    expect(told(error)).toMatchObject({ fault: 'unavailable', attempts: 1 });
    expect(ways(door)).toEqual(['primary', 'primary']);
    await door.close();
  });

  test('when every breaker is open, the least bad is tried all the same', async () => {
    const door = await openDoor(name, {
      ladder: [{ at: one }, { at: two }],
      retry: { attempts: 1 },
      breaker: { consecutiveFailures: 2, openMs: 60_000, maxOpenMs: 60_000, jitter: 0 },
    });
    one.setFault('unavailable');
    two.setFault('unavailable');
    for (let calls = 0; calls < 4; calls += 1)
      await expect(ask(door.client, 'chat')).rejects.toMatchObject({ status: 503 });
    one.setFault(null);
    two.setFault(null);
    // A forced try is made once a second; until then the failure tells of the outage that was seen, not of a bare 500.
    const { error } = await door.watch(() => ask(door.client, 'chat'));
    expect(told(error)).toMatchObject({ fault: 'circuit-open', party: 'provider' });
    expect(error).toMatchObject({ status: 503 });
    const deadline = performance.now() + 5_000;
    let text: string | null = null;
    while (text === null && performance.now() < deadline) {
      text = await ask(door.client, 'chat').then(
        (heard) => heard.text,
        () => null,
      );
    }
    expect(text).toBeTruthy();
    expect(door.records.at(-1)).toMatchObject({ outcome: 'answered' });
    // It answered, so its breaker closed again.
    await expect(ask(door.client, 'chat')).resolves.toMatchObject({ finish: 'stop' });
    await door.close();
  });
});

describe('the gateway alone', () => {
  const target = (simulator: Simulator): object => ({
    provider: 'openai-compatible',
    baseUrl: `${simulator.url}/v1`,
    key: 'env:TARGET_KEY',
  });

  test('chooses within a rung by weight', { timeout: 20_000 }, async () => {
    const door = await openGateway({
      targets: { one: target(one), two: target(two) },
      routes: [
        {
          models: ['*'],
          ladder: [
            [
              { target: 'one', weight: 3 },
              { target: 'two', weight: 1 },
            ],
          ],
        },
      ],
      // Four hundred at once make a busy machine slow, which is no reason here to prefer one of them.
      defaults: { adaptive: { suspicion: false, throttle: false, concurrency: false } },
    });
    await Promise.all(Array.from({ length: 400 }, () => ask(door.client, 'chat', { say: 'hi' })));
    const share = door.records.filter((record) => record.target === 'one').length / 400;
    // Four standard deviations either way.
    expect(share).toBeGreaterThan(0.66);
    expect(share).toBeLessThan(0.84);
    await door.close();
  });

  test('tries the other of a rung first, whatever the weights', async () => {
    const door = await openGateway({
      targets: { one: target(one), two: target(two) },
      routes: [
        {
          models: ['*'],
          ladder: [
            [
              { target: 'one', weight: 1_000_000 },
              { target: 'two', weight: 0.000_001 },
            ],
          ],
        },
      ],
    });
    one.setFault('server-error');
    await ask(door.client, 'chat');
    expect(ways(door)).toEqual(['one > two']);
    await door.close();
  });

  test('keeps a conversation with its provider against the weights', async () => {
    const door = await openGateway({
      targets: { one: target(one), two: target(two) },
      routes: [
        {
          models: ['*'],
          ladder: [
            [
              { target: 'one', weight: 1_000_000 },
              { target: 'two', weight: 0.000_001 },
            ],
          ],
        },
      ],
    });
    one.setFault('server-error');
    const first = await door.client.responses.create({ model: 'gpt-4o', input: 'hi' });
    one.setFault(null);
    await door.client.responses.create({ model: 'gpt-4o', input: 'go on', previous_response_id: first.id });
    // What is asked of a response by its id goes to its maker as well.
    expect((await door.client.responses.retrieve(first.id)).id).toBe(first.id);
    await door.client.responses.delete(first.id);
    await door.settled();
    expect(ways(door)).toEqual(['one > two', 'two', 'two', 'two']);
    await door.close();
  });

  test('sends each model its own way', async () => {
    const door = await openGateway({
      targets: { one: target(one), two: target(two) },
      routes: [
        { id: 'embeddings', models: ['text-embedding-*'], ladder: ['two'] },
        { id: 'rest', models: ['gpt-*'], ladder: [{ target: 'one', model: 'gpt-4.1-mini' }] },
      ],
    });
    await ask(door.client, 'chat', { model: 'gpt-4o' });
    await door.client.embeddings.create({ model: 'text-embedding-3-small', input: 'hi' });
    const { error } = await door.watch(() => ask(door.client, 'chat', { model: 'claude-9' }));
    expect(told(error).fault).toBe('no-target');
    expect(door.records).toMatchObject([
      { route: 'rest', target: 'one', model: 'gpt-4o', attempts: [{ model: 'gpt-4.1-mini' }] },
      { route: 'embeddings', target: 'two', model: 'text-embedding-3-small' },
      { route: null, target: null, outcome: 'failed', attempts: [] },
    ]);
    await door.close();
  });

  test.each([
    [
      'the dated API',
      { deployment: 'my-gpt', apiVersion: '2024-10-21' },
      '/openai/deployments/my-gpt/chat/completions',
      'api-version=2024-10-21',
    ],
    ['the v1 API', {}, '/openai/v1/chat/completions', ''],
  ])('speaks to Azure in %s', async (_, options, path, query) => {
    const door = await openGateway({
      targets: { azure: { provider: 'azure', baseUrl: two.url, key: 'env:TARGET_KEY', ...options } },
    });
    await expect(ask(door.client, 'chat', { say: 'hold fast' })).resolves.toMatchObject({
      text: 'hold fast',
      finish: 'stop',
    });
    await expect(ask(door.client, 'chat stream', { say: 'hold fast' })).resolves.toMatchObject({ text: 'hold fast' });
    const seen = two.requests.at(-1);
    expect(seen).toMatchObject({ path, query });
    expect(seen?.headers).toMatchObject({ 'api-key': 'sk-target-0123456789' });
    expect(seen?.headers).not.toHaveProperty('authorization');
    await door.close();
  });

  test('falls back from OpenAI to Azure', async () => {
    const door = await openGateway({
      targets: {
        openai: {
          provider: 'openai',
          baseUrl: `${one.url}/v1`,
          key: 'env:TARGET_KEY',
          organization: 'org-1',
          project: 'proj-1',
        },
        azure: {
          provider: 'azure',
          baseUrl: two.url,
          key: 'env:TARGET_KEY',
          deployment: 'my-gpt',
          apiVersion: '2024-10-21',
        },
      },
      defaults: { retry: { attempts: 1 } },
    });
    one.setFault('overloaded');
    const heard = await ask(door.client, 'chat stream', { say: 'hold fast' });
    expect(heard).toMatchObject({ text: 'hold fast', finish: 'stop' });
    // The SDK has heard enough a moment before the stream is over.
    await door.settled();
    expect(ways(door)).toEqual(['openai > azure']);
    expect(one.requests.at(-1)?.headers).toMatchObject({ 'openai-organization': 'org-1', 'openai-project': 'proj-1' });
    await door.close();
  });
});
