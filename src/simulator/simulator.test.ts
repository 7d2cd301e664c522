import { APIConnectionError, InternalServerError, OpenAI } from 'openai';
import { afterEach, expect, test } from 'vitest';
import { startSimulator } from './simulator.ts';
import type { Simulator, SimulatorOptions } from './simulator.ts';

const running: Simulator[] = [];

async function start(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator(options);
  running.push(simulator);
  return simulator;
}

function sdk(simulator: Simulator): OpenAI {
  return new OpenAI({ apiKey: 'sk-test', baseURL: `${simulator.url}/v1`, maxRetries: 0 });
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((simulator) => simulator.close()));
});

const hello = { model: 'gpt-4o', messages: [{ role: 'user', content: 'Say exactly: hello there, sailor' }] } as const;

test('answers a chat call as the official SDK expects it', async () => {
  const completion = await sdk(await start()).chat.completions.create({ ...hello, messages: [...hello.messages] });
  expect(completion.choices[0]?.message.content).toBe('hello there, sailor');
  expect(completion.choices[0]?.finish_reason).toBe('stop');
  expect(completion.usage).toMatchObject({ completion_tokens: 3 });
});

test('streams the same text as it answers whole, token by token, with usage on request', async () => {
  const openai = sdk(await start({ seed: 9 }));
  const request = { model: 'gpt-4o', messages: [{ role: 'user' as const, content: 'Write 60 words about kelp.' }] };
  const whole = await openai.chat.completions.create(request);
  const stream = await openai.chat.completions.create({
    ...request,
    stream: true,
    stream_options: { include_usage: true },
  });
  const tokens: string[] = [];
  let finish: string | null = null;
  let usage: OpenAI.CompletionUsage | null = null;
  for await (const chunk of stream) {
    const [choice] = chunk.choices;
    if (choice?.delta.content) tokens.push(choice.delta.content);
    finish = choice?.finish_reason ?? finish;
    usage = chunk.usage ?? usage;
  }
  expect(tokens).toHaveLength(60);
  expect(tokens.join('')).toBe(whole.choices[0]?.message.content);
  expect(finish).toBe('stop');
  expect(usage).toEqual(whole.usage);
});

test('misbehaves as the name of the model says', async () => {
  const openai = sdk(await start());
  const call = (model: string) => openai.chat.completions.create({ ...hello, messages: [...hello.messages], model });
  await expect(call('gpt-4o@server-error')).rejects.toThrow(InternalServerError);
  await expect(call('gpt-4o@insufficient-quota')).rejects.toMatchObject({ status: 429, code: 'insufficient_quota' });
  await expect(call('gpt-4o@reset-before-headers')).rejects.toThrow(APIConnectionError);
});
