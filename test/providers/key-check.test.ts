import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkKey, type KeyQuestion } from '../../src/providers/key-check.ts';
import { type Simulator, startSimulator } from '../../src/simulator/index.ts';

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ keys: ['sk-ant-good'] });
});
afterAll(() => simulator.close());

const question = (headers: KeyQuestion['headers'] = {}): KeyQuestion => ({
  provider: 'anthropic',
  baseUrl: `${simulator.url}/v1`,
  deployment: null,
  apiVersion: null,
  headers,
});

test('Anthropic is asked about a key by its list of models, which costs nothing', async () => {
  const verdict = await checkKey(question({ 'anthropic-beta': 'x' }), 'sk-ant-good');
  expect(verdict).toMatchObject({ kind: 'accepted' });
  expect(verdict.kind === 'accepted' && verdict.models?.has('claude-sonnet-5')).toBe(true);
  expect(simulator.requests.at(-1)).toMatchObject({
    method: 'GET',
    path: '/v1/models',
    query: 'limit=1000',
    headers: { 'x-api-key': 'sk-ant-good', 'anthropic-version': '2023-06-01', 'anthropic-beta': 'x' },
  });
});

test('a key that it does not know is refused in its own words', async () => {
  expect(await checkKey(question(), 'sk-ant-bad')).toMatchObject({
    kind: 'refused',
    fault: { kind: 'authentication', message: expect.stringContaining('invalid x-api-key') },
  });
});

test('who cannot be reached says nothing of a key', async () => {
  const away = { ...question(), baseUrl: 'http://127.0.0.1:1/v1' };
  expect(await checkKey(away, 'sk-ant-good')).toMatchObject({ kind: 'unknown' });
});
