import { afterAll, beforeAll, expect, test } from 'vitest';
import { ENDPOINTS } from '../src/gateway/description/endpoints.ts';
import { type Simulator, startSimulator } from '../src/simulator/index.ts';
import { openGateway } from './harness.ts';

let simulator: Simulator;
let gateway: Awaited<ReturnType<typeof openGateway>>;
beforeAll(async () => {
  simulator = await startSimulator({ speed: 0 });
  gateway = await openGateway({
    targets: { primary: { provider: 'openai', baseUrl: `${simulator.url}/v1`, key: 'env:TARGET_KEY' } },
    defaults: { validate: 'strict' },
  });
});
afterAll(async () => {
  await gateway.close();
  await simulator.close();
});

test('a gateway serves the description of itself', async () => {
  const response = await fetch(`http://127.0.0.1:${gateway.port}/openapi.json`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toContain('application/json');
  const document = (await response.json()) as { openapi: string; paths: Record<string, unknown> };
  expect(document.openapi).toBe('3.1.0');
  expect(Object.keys(document.paths)).toContain('/v1/chat/completions');
});

/** A job that has ended, for endpoints that want one. */
async function jobFor(path: string): Promise<string> {
  if (!path.includes('{job_id}')) return '';
  const body = JSON.stringify({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'x' }] });
  const headers = { 'content-type': 'application/json', prefer: 'respond-async' };
  const kept = await fetch(`${gateway.baseURL}/chat/completions`, { method: 'POST', headers, body });
  const { id } = (await kept.json()) as { readonly id: string };
  await fetch(`${gateway.baseURL}/jobs/${id}?wait=10s`);
  gateway.owe(1);
  return id;
}

test.each(ENDPOINTS.map((endpoint) => [`${endpoint.method} ${endpoint.path}`, endpoint] as const))(
  '%s is there, and takes its example',
  async (_, { method, path, request }) => {
    const root = `http://127.0.0.1:${gateway.port}`;
    const place = path.replace('{job_id}', await jobFor(path)).replace(/\{\w+\}/g, 'resp_1');
    const before = simulator.stats.requests;
    const response = await fetch(`${root}${place}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(request === null ? {} : { body: JSON.stringify(request.example) }),
    });
    const answer = await response.text();
    const isCall = /^\/v1(?:beta)?\//.test(path) && path !== '/v1/holdfast/count' && !path.startsWith('/v1/jobs');
    if (isCall || `${method} ${path}` === 'POST /v1/jobs') gateway.owe(1);
    // What the simulated provider does not serve has reached it, which is all that the gateway promises.
    const reached = simulator.stats.requests > before;
    expect({ answer, told: response.ok || reached }).toEqual({ answer, told: true });
  },
);
