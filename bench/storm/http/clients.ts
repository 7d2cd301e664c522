import OpenAI from 'openai';
import type { Client } from '../../../src/simulator/virtual/order.ts';
import type { Clock, Random } from '../../../src/engine/clock.ts';
import type { Scene } from '../../../src/simulator/virtual/world.ts';
import { Rules } from '../../../src/simulator/virtual/rules.ts';
import { aws } from '../policies/aws.ts';
import { cockatiel } from '../policies/cockatiel.ts';
import { holdfast } from '../policies/holdfast.ts';
import { none } from '../policies/none.ts';
import type { Policy } from '../policies/policy.ts';
import { sdk } from '../policies/sdk.ts';
import type { CallersFacts } from './orders.ts';
import { HttpService, KEY, QUESTION } from './service.ts';

/** Clients that are compared over HTTP, Holdfast last. It stands in a process of its own, before its caller's one plain request. */
export const CLIENTS: readonly Policy[] = [none, sdk, aws, cockatiel, holdfast];

/** A client on real time, and how to let its connections go. */
export interface LiveClient {
  readonly make: Client['make'];
  readonly close: () => Promise<void>;
}

/** The client that carries this traffic; the official SDK is the library itself here. */
export function clientFor(facts: CallersFacts, clock: Clock, random: Random): LiveClient {
  if (facts.client === sdk.id) return officialSdk(facts);
  // Whoever calls Holdfast waits for as long as it takes, and tries once: retrying is the gateway's business.
  const policy = facts.client === holdfast.id ? none : CLIENTS.find(({ id }) => id === facts.client);
  if (policy === undefined) throw new Error(`there is no client ${facts.client}`);
  const attemptMs = facts.client === holdfast.id ? null : facts.attemptMs;
  const service = new HttpService(facts.port);
  const scene: Scene = { ...facts, providers: [], streamShare: 0, tokens: () => 1, binMs: 1000 };
  const site = { clock, random, providers: [service], scene, rules: new Rules(0), note: () => undefined };
  const client = policy.client({ attemptMs })(site);
  return { make: (order) => client.make(order), close: () => service.close() };
}

function officialSdk({ port, attemptMs }: CallersFacts): LiveClient {
  const openai = new OpenAI({ apiKey: KEY, baseURL: `http://127.0.0.1:${port}/v1`, timeout: attemptMs });
  return {
    make: async ({ at, deadlineAt }) => {
      // The SDK knows timeouts of attempts only; the caller's deadline is a signal.
      const options = Number.isFinite(deadlineAt) ? { signal: AbortSignal.timeout(Math.ceil(deadlineAt - at)) } : {};
      try {
        await openai.chat.completions.create(QUESTION, options);
        return 'answered';
      } catch (error) {
        return error instanceof Error ? error.constructor.name : String(error);
      }
    },
    close: () => Promise.resolve(),
  };
}
