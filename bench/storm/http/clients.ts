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
  if (facts.client === holdfast.id) return callerOfHoldfast(facts, clock, random);
  const policy = CLIENTS.find(({ id }) => id === facts.client);
  if (policy === undefined) throw new Error(`there is no client ${facts.client}`);
  return plainly(policy, facts, new HttpService(facts.port, null), clock, random);
}

/** Time that a caller gives the gateway to tell it why there is no answer, ms. */
const TO_BE_TOLD_MS = 500;

/** Tries once, because retrying is the gateway's business, and says how long it will wait. */
function callerOfHoldfast(facts: CallersFacts, clock: Clock, random: Random): LiveClient {
  const patienceMs = facts.deadlineMs === null ? null : facts.deadlineMs + TO_BE_TOLD_MS;
  const service = new HttpService(facts.port, patienceMs);
  const client = plainly(none, { ...facts, attemptMs: null }, service, clock, random);
  return { ...client, make: (order) => client.make({ ...order, deadlineAt: order.deadlineAt + TO_BE_TOLD_MS }) };
}

function plainly(
  policy: Policy,
  facts: Omit<CallersFacts, 'attemptMs'> & { readonly attemptMs: number | null },
  service: HttpService,
  clock: Clock,
  random: Random,
): LiveClient {
  const scene: Scene = { ...facts, providers: [], streamShare: 0, tokens: () => 1, binMs: 1000 };
  const site = { clock, random, providers: [service], scene, rules: new Rules(0), note: () => undefined };
  const client = policy.client({ attemptMs: facts.attemptMs })(site);
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
