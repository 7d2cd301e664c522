import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Simulator, startSimulator } from '../src/simulator/index.ts';
import { type Door, openDoor } from './harness.ts';

let provider: Simulator;
let door: Door;
beforeAll(async () => {
  provider = await startSimulator();
  door = await openDoor('gateway', { ladder: [{ at: provider }], retry: { attempts: 1 }, breaker: { enabled: false } });
});
afterAll(async () => {
  await door.close();
  await provider.close();
});

/** The value of a series, or the sum of those that begin like it. */
async function value(series: string): Promise<number> {
  const response = await fetch(door.baseURL.replace('/v1', '/metrics'));
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const lines = (await response.text()).split('\n').filter((line) => line.startsWith(series));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

it('shows what the provider has seen, and what it cost', async () => {
  const ask = { model: 'gpt-4o', messages: [{ role: 'user' as const, content: 'Say: so it is' }] };
  const { usage } = await door.client.chat.completions.create(ask);
  provider.nextFaults(['server-error']);
  await door.watch(() => door.client.chat.completions.create(ask, { maxRetries: 0 }));
  expect(await value('holdfast_calls_total{')).toBe(2);
  expect(await value('holdfast_attempts_total{')).toBe(provider.stats.requests);
  expect(
    await value('holdfast_attempts_total{target="primary",model="gpt-4o",reason="first",fault="server-error"'),
  ).toBe(1);
  expect(await value('holdfast_tokens_total{')).toBe(usage?.total_tokens);
  expect(await value('holdfast_cost_dollars_total{')).toBeGreaterThan(0);
  expect(await value('holdfast_breaker_state{target="primary",state="closed"}')).toBe(1);
  expect(await value('holdfast_records_dropped_total')).toBe(0);
});
