import { setTimeout as sleep } from 'node:timers/promises';
import { OpenAI } from 'openai';
import type { Simulator } from '../../../src/simulator/index.ts';
import { type MixedHouse, SLOW_MODEL, TENANTS } from './house.ts';

/** How a call ended, as its caller saw it. */
type Ending = 'answered' | 'failed' | 'interrupted' | 'cancelled';

/** What the callers have counted themselves. */
export interface Seen {
  readonly endings: Record<Ending, number>;
  readonly byTenant: Record<string, number>;
  readonly byModel: Record<string, number>;
  inputTokens: number;
  outputTokens: number;
}

export interface MixedTraffic {
  readonly calls: number;
  readonly perSecond: number;
}

/** What goes wrong at a provider: each spoils whole answers and streams alike. */
const FAULTS = [
  'server-error',
  'overloaded',
  'rate-limit-tokens:0.2',
  'invalid-request',
  'bad-gateway',
  'cut-before-headers',
  'cut:5',
] as const;

const MODELS = ['gpt-4o', 'gpt-4o-mini', 'gpt-4.1-mini'] as const;
const EMBEDDING_MODEL = 'text-embedding-3-small';

/** Plans what goes wrong at a provider. One that is spared for a while gets nothing more: it would never be found well again. */
class Spoiler {
  readonly #provider: Simulator;
  #planned = 0;

  constructor(provider: Simulator) {
    this.#provider = provider;
  }

  plan(faults: readonly string[]): void {
    const met = Object.values(this.#provider.stats.byFault).reduce((all, count) => all + count, 0);
    if (met < this.#planned) return;
    this.#planned += faults.length;
    this.#provider.nextFaults(faults);
  }
}

/** One caller of a tenant, with both of its ways to call. */
interface Caller {
  readonly tenant: string;
  readonly key: string;
  readonly sdk: OpenAI;
}

/**
 * Calls of several tenants at a steady pace: through the SDK and raw, whole and streamed, some of them refused for their
 * form, some left by their callers, and every few one that a provider spoils.
 */
export async function callAll(house: MixedHouse, { calls, perSecond }: MixedTraffic): Promise<Seen> {
  const callers = house.keys.map((key, index): Caller => {
    const sdk = new OpenAI({ apiKey: key, baseURL: house.baseUrl, maxRetries: 0 });
    return { tenant: TENANTS[index] ?? '', key, sdk };
  });
  const seen: Seen = {
    endings: { answered: 0, failed: 0, interrupted: 0, cancelled: 0 },
    byTenant: {},
    byModel: {},
    inputTokens: 0,
    outputTokens: 0,
  };
  const [one, two] = [new Spoiler(house.providers.one), new Spoiler(house.providers.two)];
  const running: Promise<void>[] = [];
  const began = performance.now();
  for (let number = 0; number < calls; number += 1) {
    await sleep(Math.max(0, began + (number * 1000) / perSecond - performance.now()));
    const caller = callers[number % callers.length];
    if (caller === undefined) throw new Error('there are no callers');
    spoil(number, one, two);
    running.push(call(house, caller, number, seen));
  }
  await Promise.all(running);
  return seen;
}

/** Every fifth call meets something, now at one provider and now at the other; now and then both fail several times. */
function spoil(number: number, one: Spoiler, two: Spoiler): void {
  const fault = FAULTS[Math.floor(number / 5) % FAULTS.length] ?? 'server-error';
  if (number % 5 === 4) (number % 2 === 0 ? one : two).plan([fault]);
  if (number % 50 === 7) {
    one.plan(['overloaded', 'overloaded', 'overloaded']);
    two.plan(['server-error', 'server-error', 'server-error']);
  }
}

async function call(house: MixedHouse, caller: Caller, number: number, seen: Seen): Promise<void> {
  const ask = WAYS[number % WAYS.length] ?? whole;
  const model = modelFor(ask, number);
  count(seen.byTenant, caller.tenant);
  count(seen.byModel, model);
  const ending = await ask(house, caller, { model, number }, (usage) => {
    seen.inputTokens += usage?.prompt_tokens ?? 0;
    seen.outputTokens += usage?.completion_tokens ?? 0;
  });
  seen.endings[ending] += 1;
}

/** What is refused for its form anyway goes where nothing else goes wrong: else a provider would count it twice. */
function modelFor(ask: Way, number: number): string {
  if (ask === leave || ask === malformed) return SLOW_MODEL;
  if (ask === breakOff) return `${SLOW_MODEL}@cut:5`;
  return ask === embed ? EMBEDDING_MODEL : (MODELS[Math.floor(number / 3) % MODELS.length] ?? MODELS[0]);
}

type Usage = { readonly prompt_tokens: number; readonly completion_tokens?: number } | null | undefined;

type Way = (
  house: MixedHouse,
  caller: Caller,
  what: { readonly model: string; readonly number: number },
  note: (usage: Usage) => void,
) => Promise<Ending>;

function bodyOf(model: string, number: number): OpenAI.ChatCompletionCreateParamsNonStreaming {
  return { model, messages: [{ role: 'user', content: `Tell me about number ${number}.` }], max_tokens: 30 };
}

const STREAMED = { stream: true, stream_options: { include_usage: true } } as const;

const whole: Way = async (_house, { sdk }, { model, number }, note) => {
  try {
    note((await sdk.chat.completions.create(bodyOf(model, number))).usage);
    return 'answered';
  } catch {
    return 'failed';
  }
};

const stream: Way = async (_house, { sdk }, { model, number }, note) => {
  let content = false;
  try {
    const chunks = await sdk.chat.completions.create({ ...bodyOf(model, number), ...STREAMED });
    for await (const { usage, choices } of chunks) {
      content ||= (choices[0]?.delta.content ?? '') !== '';
      note(usage);
    }
    return 'answered';
  } catch {
    return content ? 'interrupted' : 'failed';
  }
};

/** Leaves at the first word. */
const leave: Way = async (_house, { sdk }, { model, number }) => {
  try {
    const chunks = await sdk.chat.completions.create({ ...bodyOf(model, number), max_tokens: 400, ...STREAMED });
    for await (const { choices } of chunks) if ((choices[0]?.delta.content ?? '') !== '') break;
    return 'cancelled';
  } catch {
    return 'failed';
  }
};

const embed: Way = async (_house, { sdk }, { model, number }, note) => {
  try {
    note((await sdk.embeddings.create({ model, input: `Say: ${number}` })).usage);
    return 'answered';
  } catch {
    return 'failed';
  }
};

/** A stream that the provider cuts off in its middle. */
const breakOff: Way = (...call) => stream(...call);

/** Without any SDK, and as whole text: streams too. */
const raw: Way = async (house, caller, { model, number }, note) => {
  const streamed = number % 2 === 0;
  const response = await post(house, caller, { ...bodyOf(model, number), ...(streamed ? STREAMED : {}) });
  const text = await response.text();
  if (!response.ok) return 'failed';
  if (streamed && /^data: \{"error"/m.test(text)) return 'interrupted';
  const parts = streamed ? [...text.matchAll(/^data: (\{.*)$/gm)].map(([, data = '']) => data) : [text];
  for (const part of parts) note((JSON.parse(part) as { readonly usage?: Usage }).usage);
  return 'answered';
};

/** A body that no provider would take. */
const malformed: Way = async (house, caller, { model }) => {
  const response = await post(house, caller, { model, messages: 'hello' });
  await response.text();
  return response.ok ? 'answered' : 'failed';
};

/** Each as often as it stands here. Their number has no factor in common with that of the tenants, models and faults. */
const WAYS: readonly Way[] = [whole, stream, raw, stream, leave, raw, breakOff, whole, embed, malformed, stream];

function post({ baseUrl }: MixedHouse, { key }: Caller, body: object): Promise<Response> {
  return fetch(`${baseUrl}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

function count(table: Record<string, number>, name: string): void {
  table[name] = (table[name] ?? 0) + 1;
}
