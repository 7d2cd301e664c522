/** The providers: a process of simulators, one for each client that a scene compares. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Simulator, startSimulator } from '../../../src/simulator/index.ts';
import type { PortsReport, ProviderFacts, ProvidersOrder, ProvidersReport, Span } from './orders.ts';
import { Vigil } from './vigil.ts';

/** More than any scene sends. */
const MOST_REQUESTS = 1_000_000;

let open: { readonly facts: ProviderFacts; readonly simulator: Simulator }[] = [];

async function openAll(providers: readonly ProviderFacts[]): Promise<PortsReport> {
  open = await Promise.all(providers.map(async (facts) => ({ facts, simulator: await openOne(facts) })));
  return { ports: open.map(({ simulator }) => simulator.port) };
}

function openOne({ workers, answerMs }: ProviderFacts): Promise<Simulator> {
  return startSimulator({
    latency: { firstTokenMs: answerMs, perTokenMs: 0 },
    answerTokens: 10,
    rememberedRequests: MOST_REQUESTS,
    ...(workers === null ? {} : { capacity: { workers, queue: MOST_REQUESTS, abandoned: 'worked' } }),
  });
}

async function watch({ beginsAt, forMs }: Span): Promise<ProvidersReport> {
  await sleep(Math.max(0, beginsAt - Date.now()));
  const beganAt = performance.now() - (Date.now() - beginsAt);
  const vigil = new Vigil();
  for (const { facts, simulator } of open) simulator.setWeather(facts.weather);
  await sleep(forMs);
  const heldUpMs = vigil.end();
  const requests = open.map(({ simulator }) => simulator.requests.map(({ at }) => at - beganAt));
  await Promise.all(open.map(({ simulator }) => simulator.close()));
  open = [];
  return { requests, heldUpMs };
}

process.on('message', (order: ProvidersOrder) => {
  const done = order.kind === 'open' ? openAll(order.providers) : watch(order.span);
  void done.then((report) => process.send?.(report));
});
process.on('disconnect', () => process.exit(0));
