import { OpenAI } from 'openai';
import type { Response, ResponseInput, ResponseStreamEvent } from 'openai/resources/responses/responses';
import { afterEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../engine/virtual-clock.ts';
import { startSimulator } from './simulator.ts';
import type { Simulator, SimulatorOptions } from './simulator.ts';

const running: Simulator[] = [];

async function start(options: SimulatorOptions = {}): Promise<OpenAI> {
  const simulator = await startSimulator(options);
  running.push(simulator);
  return new OpenAI({ apiKey: 'sk-test', baseURL: `${simulator.url}/v1`, maxRetries: 0 });
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((simulator) => simulator.close()));
});

async function eventsOf(openai: OpenAI, request: object): Promise<ResponseStreamEvent[]> {
  const events: ResponseStreamEvent[] = [];
  const stream = await openai.responses.create({ model: 'gpt-4o', ...request, stream: true });
  for await (const event of stream) events.push(event);
  return events;
}

const INPUT = { input: 'Write 6 words' };

describe('a streamed response', () => {
  test('has every event in its place, numbered without a gap', async () => {
    const events = await eventsOf(await start(), INPUT);
    expect(events.map((event) => event.type)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      ...Array.from({ length: 6 }, () => 'response.output_text.delta'),
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index));
  });

  test('says what the whole one says', async () => {
    const openai = await start();
    const whole = await openai.responses.create({ model: 'gpt-4o', ...INPUT });
    const streamed = await openai.responses.stream({ model: 'gpt-4o', ...INPUT }).finalResponse();
    expect(streamed.output_text).toBe(whole.output_text);
    expect(streamed.usage).toEqual(whole.usage);
    expect(whole).toMatchObject({ status: 'completed', usage: { output_tokens: 6 } });
  });

  test('is incomplete when the cap cuts it', async () => {
    const events = await eventsOf(await start(), { input: 'Write 40 words', max_output_tokens: 16 });
    expect(events.at(-1)).toMatchObject({
      type: 'response.incomplete',
      response: { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } },
    });
  });

  test('calls a function', async () => {
    const parameters = { type: 'object', properties: { depth: { type: 'number' } } };
    const tools = [{ type: 'function', name: 'dive', parameters, strict: true }];
    const events = await eventsOf(await start(), { input: 'Please call dive', tools });
    expect(events.map((event) => event.type)).toContain('response.function_call_arguments.done');
    const [item] = (events.at(-1) as { response: Response }).response.output;
    expect(item).toMatchObject({
      type: 'function_call',
      name: 'dive',
      arguments: expect.stringMatching(/^\{"depth":\d+\}$/),
    });
  });
});

describe('state', () => {
  test('is kept by the provider that made it, and unknown to another', async () => {
    const [one, two] = [await start({ name: 'one' }), await start({ name: 'two' })];
    const first = await one.responses.create({ model: 'gpt-4o', ...INPUT });
    const next = { model: 'gpt-4o', input: 'Say: on we go', previous_response_id: first.id };
    const second = await one.responses.create(next);
    expect(second.output_text).toBe('on we go');
    expect(second.usage?.input_tokens).toBeGreaterThan(first.usage?.input_tokens ?? 0);
    await expect(two.responses.create(next)).rejects.toMatchObject({ code: 'previous_response_not_found' });
  });

  test('is not kept with store: false', async () => {
    const openai = await start();
    const { id } = await openai.responses.create({ model: 'gpt-4o', ...INPUT, store: false });
    await expect(openai.responses.retrieve(id)).rejects.toMatchObject({ status: 404 });
  });

  test('can be read, listed and deleted', async () => {
    const openai = await start();
    const made = await openai.responses.create({ model: 'gpt-4o', ...INPUT });
    expect((await openai.responses.retrieve(made.id)).output_text).toBe(made.output_text);
    expect((await openai.responses.inputItems.list(made.id)).data).toMatchObject([
      { role: 'user', content: 'Write 6 words' },
    ]);
    await openai.responses.delete(made.id);
    await expect(openai.responses.retrieve(made.id)).rejects.toMatchObject({ status: 404 });
  });

  test('encrypted reasoning is read by its maker alone', async () => {
    const [one, two] = [await start({ name: 'one' }), await start({ name: 'two' })];
    const include = ['reasoning.encrypted_content' as const];
    const { output } = await one.responses.create({ model: 'o3', ...INPUT, include });
    expect(output[0]).toMatchObject({ type: 'reasoning', encrypted_content: expect.any(String) });
    const next = { model: 'o3', input: [...(output as ResponseInput), { role: 'user' as const, content: 'Say: aye' }] };
    expect((await one.responses.create(next)).output_text).toBe('aye');
    await expect(two.responses.create(next)).rejects.toMatchObject({ status: 400, code: 'invalid_encrypted_content' });
  });
});

describe('background work', () => {
  const request = { model: 'gpt-4o', ...INPUT, background: true };

  test('is queued, then in progress, then done', async () => {
    const clock = new VirtualClock();
    const openai = await start({ clock, latency: { firstTokenMs: 1000, perTokenMs: 0 } });
    const queued = await openai.responses.create(request);
    expect(queued.status).toBe('queued');
    expect((await openai.responses.retrieve(queued.id)).status).toBe('in_progress');
    await clock.advance(1000);
    expect(await openai.responses.retrieve(queued.id)).toMatchObject({
      status: 'completed',
      usage: { output_tokens: 6 },
    });
  });

  test('can be cancelled, twice as well as once', async () => {
    const clock = new VirtualClock();
    const openai = await start({ clock, latency: { firstTokenMs: 1000, perTokenMs: 0 } });
    const { id } = await openai.responses.create(request);
    expect((await openai.responses.cancel(id)).status).toBe('cancelled');
    expect((await openai.responses.cancel(id)).status).toBe('cancelled');
    await clock.advance(5000);
    expect((await openai.responses.retrieve(id)).status).toBe('cancelled');
  });
});

test.each([
  [{ input: undefined }, 'missing_required_parameter', 'input'],
  [{ ...INPUT, max_output_tokens: 5 }, 'integer_below_min_value', 'max_output_tokens'],
  [{ input: 'x'.repeat(600_000) }, 'context_length_exceeded', 'input'],
])('%j is refused with code %s about %s', async (body, code, param) => {
  const openai = await start();
  const refused = openai.responses.create({ model: 'gpt-4o', ...(body as { input: string }) });
  await expect(refused).rejects.toMatchObject({ status: 400, code, param });
});
