import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FAULTS, type Simulator, startSimulator } from '../../src/simulator/index.ts';
import { openGateway } from '../harness.ts';
import { anthropicMessages } from './callers/anthropic.ts';
import { aiSdk } from './callers/ai-sdk.ts';
import { googleGenerate } from './callers/google.ts';
import { openaiChat, openaiResponses } from './callers/openai.ts';
import { BREAKS, type Case, CASES, FAILURES, ODDITIES, SOME_FAILURES } from './cases.ts';
import { type Asking, ASKINGS, type Caller, type Heard, type Place, said } from './question.ts';

/** Everybody who asks: each official SDK on its wire, and the Vercel AI SDK on each. */
const CALLERS: readonly Caller[] = [
  openaiChat,
  openaiResponses,
  anthropicMessages,
  googleGenerate,
  aiSdk('chat'),
  aiSdk('responses'),
  aiSdk('messages'),
  aiSdk('generate'),
];

/** Everybody who answers. */
interface Row {
  readonly name: string;
  /** What stands in the configuration besides where it is. */
  readonly target: Readonly<Record<string, unknown>>;
  readonly path: string;
  readonly model: string;
  /** One that is asked to think. */
  readonly thinker: string;
  /** Faults that its wire has no words for. */
  readonly unheard?: readonly string[];
}

const ROWS: readonly Row[] = [
  { name: 'openai', target: { provider: 'openai' }, path: '/v1', model: 'gpt-4o', thinker: 'gpt-5.2' },
  {
    name: 'a server with chat alone',
    target: { provider: 'openai-compatible', responses: 'translate' },
    path: '/v1',
    model: 'llama-3.3-70b',
    thinker: 'llama-3.3-70b',
  },
  {
    name: 'anthropic',
    target: { provider: 'anthropic' },
    path: '',
    model: 'claude-opus-4-1',
    thinker: 'claude-sonnet-5',
  },
  {
    name: 'gemini',
    target: { provider: 'gemini' },
    path: '',
    model: 'gemini-3.1-pro-preview',
    thinker: 'gemini-3.1-pro-preview',
    unheard: ['slow-down'],
  },
];

/** What one case does must not teach the target anything for the next. */
const UNLEARNT = {
  adaptive: { suspicion: false, throttle: false, concurrency: false, keys: false },
  breaker: { enabled: false },
  pacing: { enabled: false },
};

test('the list is long enough', () => {
  expect(CASES.length).toBeGreaterThanOrEqual(60);
  expect(new Set(CASES.map(({ name }) => name)).size).toBe(CASES.length);
});

describe.each(ROWS)('answered by $name', (row) => {
  let simulator: Simulator;
  let gateway: Awaited<ReturnType<typeof openGateway>>;
  beforeAll(async () => {
    simulator = await startSimulator({ seed: 11 });
    gateway = await openGateway({
      targets: { it: { ...row.target, baseUrl: simulator.url + row.path, key: 'env:TARGET_KEY', ...UNLEARNT } },
      defaults: { retry: { attempts: 1 }, validate: 'off' },
    });
  });
  afterAll(async () => {
    await gateway.close();
    await simulator.close();
  });

  const placeOf = (model: string): Place => ({
    origin: gateway.baseURL.replace(/\/v1$/, ''),
    model,
    fetch(input, init) {
      gateway.owe(1);
      return fetch(input, init);
    },
  });

  describe.each(CALLERS)('asked by $name', (caller) => {
    describe.each(ASKINGS)('%s', (asking) => {
      test.each(askable(caller))('$name', async ({ question, expect: wanted }) => {
        const heard = await caller.ask(
          question,
          asking,
          placeOf(question.effort === undefined ? row.model : row.thinker),
        );
        check(heard, wanted);
        await expect.poll(() => gateway.records.length).toBe(gateway.calls);
        const record = gateway.records.at(-1);
        expect(record).toMatchObject({ operation: caller.wire, outcome: 'answered', fault: null });
        expect(record?.usage).toMatchObject({ inputTokens: heard.inputTokens, outputTokens: heard.outputTokens });
      });

      test.each(odditiesOf(caller, row))('odd: %s', async (oddity) => {
        const question = { turns: [said('Say: Grüße, 海藻 🌊 "and" more')] };
        const heard = await caller.ask(question, asking, placeOf(`${row.model}@${oddity}`));
        expect(heard).toMatchObject({ text: 'Grüße, 海藻 🌊 "and" more', ending: 'end' });
      });

      test.each(failuresOf(caller, asking, row))('failing: %s', async (fault) => {
        const asked = caller.ask({ turns: [said('Write 20 words')] }, asking, placeOf(`${row.model}@${fault}`));
        const error: unknown = await asked.then(
          () => null,
          (reason: unknown) => reason,
        );
        expect(error, 'it fails').toBeInstanceOf(Error);
        await expect.poll(() => gateway.records.length).toBe(gateway.calls);
        const record = gateway.records.at(-1);
        expect(record?.fault?.kind).toBe(kindOf(fault));
        // What fails in the open has a status of its own no more.
        const { status } = caller.failure(error);
        const open = record?.outcome !== 'failed';
        expect(open || status === statusFor(caller, record.status, fault), `status ${status}`).toBe(true);
      });

      test.each(refusalsOf(caller))('failing: a refusal, %s', async (fault) => {
        const heard = await caller.ask({ turns: [said('Write 20 words')] }, asking, placeOf(`${row.model}@${fault}`));
        expect(heard.ending).toBe('refusal');
      });
    });
  });
});

function askable(caller: Caller): readonly Case[] {
  return CASES.filter(
    ({ question, long }) => !(long && caller.brief) && caller.lacks.every((lack) => !(lack in question)),
  );
}

/** Anthropic's own SDK takes no message without its last event, which nobody translates for it at Anthropic itself. */
function odditiesOf({ brief, wire }: Caller, { target }: Row): readonly string[] {
  const own = wire === 'messages' && target['provider'] === 'anthropic';
  return brief ? [] : ODDITIES.filter((oddity) => !own || oddity !== 'finish-without-done');
}

function failuresOf({ brief }: Caller, asking: Asking, { unheard = [] }: Row): readonly string[] {
  const failures = (brief ? SOME_FAILURES : FAILURES).filter((fault) => !unheard.includes(fault));
  if (asking === 'whole') return failures;
  return [...failures.filter(spoilsStreams), ...(brief ? ['error-event:3', 'cut:3'] : BREAKS)];
}

/** The Vercel AI SDK knows no refusal but by the reason for which an answer ends. */
function refusalsOf({ brief }: Caller): readonly string[] {
  return brief ? ['content-filter:3'] : ['content-filter:3', 'refusal'];
}

function check(heard: Heard, { called, members, words, ...wanted }: Case['expect']): void {
  expect(heard).toMatchObject(wanted);
  expect(heard.inputTokens).toBeGreaterThan(0);
  expect(heard.outputTokens).toBeGreaterThan(0);
  const names = heard.calls.map(({ name }) => name);
  expect(names).toEqual(called ?? names);
  for (const { input } of heard.calls) expect(input).toBeTypeOf('object');
  expect(members === undefined ? undefined : Object.keys(JSON.parse(heard.text) as object)).toEqual(members);
  expect(words === undefined ? undefined : heard.text.split(' ').length).toBe(words);
}

const faultNamed = (fault: string) => FAULTS.find(({ name }) => name === fault.split(':', 1)[0]);

function kindOf(fault: string): string | null | undefined {
  return faultNamed(fault)?.kind;
}

function spoilsStreams(fault: string): boolean {
  return faultNamed(fault)?.spoils !== 'whole';
}

/** Anthropic has a status of its own for being overloaded. */
function statusFor({ wire }: Caller, status: number, fault: string): number {
  return wire === 'messages' && kindOf(fault) === 'overloaded' ? 529 : status;
}
