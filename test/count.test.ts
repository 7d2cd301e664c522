import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSimulator, type Simulator } from '../src/simulator/index.ts';
import { openGateway } from './harness.ts';

let upstream: Simulator;
let door: Awaited<ReturnType<typeof openGateway>>;
beforeAll(async () => {
  upstream = await startSimulator();
  const target = { provider: 'openai-compatible', baseUrl: `${upstream.url}/v1`, key: 'env:TARGET_KEY' };
  door = await openGateway({ targets: { primary: target } });
});
afterAll(async () => {
  await door.close();
  await upstream.close();
});

const post = (body: string): Promise<Response> =>
  fetch(`${door.baseURL}/holdfast/count`, { method: 'POST', body, headers: { 'content-type': 'application/json' } });

describe('POST /v1/holdfast/count', () => {
  test('tells the tokens of a prompt and the room they leave, and asks no provider', async () => {
    const response = await post(
      JSON.stringify({ model: 'gpt-4', messages: [{ role: 'user', content: 'hello world' }] }),
    );
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      object: 'holdfast.token_count',
      model: 'gpt-4',
      tokens: 9,
      exact: true,
      encoding: 'cl100k_base',
      messages: 1,
      message_tokens: 6,
      frame_tokens: 3,
      largest_input_tokens: null,
      window: 8192,
      max_input_tokens: null,
      max_output_tokens: 8192,
      room_tokens: 8183,
    });
    expect(upstream.requests).toHaveLength(0);
  });

  test.each([
    ['no JSON', '{"messages":', 400, /not JSON/],
    ['no prompt', '{"model":"gpt-4"}', 400, /no prompt/],
    ['no body', '', 400, /not JSON/],
  ])('%s is refused in the dialect of the API', async (_, body, status, words) => {
    const response = await post(body);
    expect(response.status).toBe(status);
    const { error } = (await response.json()) as { error: { message: string; type: string } };
    expect(error.message).toMatch(words);
    expect(error.type).toBe('invalid_request_error');
  });

  test('GET is not how it is asked', async () => {
    const response = await fetch(`${door.baseURL}/holdfast/count`);
    expect(response.status).toBe(404);
    expect(await response.text()).toContain('POST /v1/holdfast/count');
  });
});
