import { afterAll, describe, expect, test } from 'vitest';
import type { Call } from '../../engine/call.ts';
import { faultOf } from '../../engine/fault/index.ts';
import type { FitPolicy, FitStrategy, FittedCall } from '../../engine/fitting.ts';
import type { Candidate } from '../../engine/plan.ts';
import { callAt } from '../../engine/scripted.test-support.ts';
import { VirtualClock } from '../../engine/virtual-clock.ts';
import { PayloadThread } from '../thread/payload-thread.ts';
import { PromptFitting } from './prompt-fitting.ts';
import { type ModelLimits, WindowEstimates } from './window-estimates.ts';

const thread = new PayloadThread();
afterAll(() => thread.close());

const WINDOWS: Readonly<Record<string, ModelLimits>> = {
  small: { window: 1_000, maxInput: null, maxOutput: 500 },
  medium: { window: 4_000, maxInput: null, maxOutput: 500 },
  large: { window: 100_000, maxInput: null, maxOutput: 500 },
};

const candidate = (model: string): Candidate => ({
  target: { id: `at-${model}` } as Candidate['target'],
  model,
  weight: 1,
});
const small = candidate('small');
const medium = candidate('medium');
const large = candidate('large');
const unknown = candidate('unheard-of');

function fitting(strategies: readonly FitStrategy[], more: Partial<FitPolicy> = {}, gone = false): PromptFitting {
  const policy = { strategies, ceilingTokens: null, reserveTokens: 100, summariser: null, ...more };
  return new PromptFitting('route', policy, {
    windows: new WindowEstimates(
      (model) => WINDOWS[model] ?? null,
      () => 0,
    ),
    thread: gone ? { fit: () => Promise.reject(new Error('the thread is gone')) } : thread,
    summarise: null,
    chunkTokens: 0,
    now: () => 0,
  });
}

/** A call whose prompt has about so many tokens. */
function callOf(tokens: number, facts: Partial<Call> = {}, members: object = {}): Call {
  const turns = Math.floor(tokens / 10);
  const messages = Array.from({ length: turns }, (_, at) => ({
    role: at % 2 === 0 ? 'user' : 'assistant',
    content: 'six words of one turn here',
  }));
  return callAt(new VirtualClock(), {
    model: 'small',
    body: Buffer.from(JSON.stringify({ messages, ...members })),
    ...facts,
  });
}

const arranged = async (fitted: FittedCall | null): Promise<unknown> => {
  const arrangement = await fitted?.ladder();
  if (arrangement === undefined) return 'fits all';
  return arrangement.kind === 'refused'
    ? arrangement.fault.kind
    : arrangement.ladder.map((rung) => rung.map(({ model }) => model).join('+'));
};

describe('the ladder is taken in the order in which the prompt fits', () => {
  test.each<[string, number, FitStrategy[], Candidate[][], unknown]>([
    ['short', 50, ['larger-window'], [[small], [large]], 'fits all'],
    ['too long for the first', 2_000, ['larger-window'], [[small], [large]], ['large']],
    ['one of a rung', 2_000, ['larger-window'], [[small, medium], [large]], ['medium', 'large']],
    ['too long for all', 200_000, ['larger-window'], [[small], [large]], 'context-length'],
    ['the others may still be trimmed for', 2_000, ['larger-window', 'trim'], [[small], [large]], ['large', 'small']],
    [
      'too long for all, but may be trimmed',
      200_000,
      ['larger-window', 'trim'],
      [[small], [large]],
      ['small', 'large'],
    ],
    [
      'nothing behind refuse counts',
      200_000,
      ['larger-window', 'refuse', 'trim'],
      [[small], [large]],
      'context-length',
    ],
    ['trimming first', 2_000, ['trim', 'larger-window'], [[small], [large]], ['small', 'large']],
    ['trimming alone', 2_000, ['trim'], [[small], [large]], ['small', 'large']],
    ['a model nobody knows takes everything', 2_000, ['larger-window'], [[small], [unknown]], ['unheard-of']],
  ])('%s', async (_, tokens, strategies, ladder, expected) => {
    expect(await arranged(fitting(strategies).begin(callOf(tokens), ladder))).toEqual(expected);
  });
});

describe('what is sent to a candidate', () => {
  const sent = async (to: Candidate, fit: PromptFitting, call: Call): Promise<string> => {
    const fitted = fit.begin(call, [[small], [large]]);
    await fitted?.ladder();
    const result = await fitted?.bodyFor(to);
    if (result === undefined) return 'as it came, unseen';
    if (result.kind === 'refused') return result.fault.kind;
    return `${result.body === null ? 'as it came' : 'smaller'}, ${result.report?.how ?? 'nothing done'}`;
  };

  test.each<[string, Candidate, FitStrategy[], number, string]>([
    ['short', small, ['trim'], 50, 'as it came, unseen'],
    ['fits after all', small, ['trim'], 800, 'as it came, nothing done'],
    ['does not', small, ['trim'], 2_000, 'smaller, trim'],
    ['fits the other', large, ['trim'], 2_000, 'as it came, nothing done'],
    ['moved to the other', large, ['larger-window'], 2_000, 'as it came, larger-window'],
    ['may not be made smaller', small, ['refuse'], 2_000, 'context-length'],
    ['cannot be summed up by nobody', small, ['summarise'], 2_000, 'context-length'],
  ])('%s', async (_, to, strategies, tokens, expected) => {
    expect(await sent(to, fitting(strategies), callOf(tokens))).toBe(expected);
  });

  test('the ceiling of a route holds for every model', async () => {
    expect(await sent(large, fitting(['trim'], { ceilingTokens: 500 }), callOf(2_000))).toBe('smaller, trim');
  });

  test('where the thread cannot say, the provider is asked, and the record says why', async () => {
    const call = callOf(2_000);
    expect(await sent(small, fitting(['trim'], {}, true), call)).toBe('as it came, nothing done');
    expect(call.notes).toContain('unfitted: the thread is gone');
  });

  test.each([
    ['embeddings', { operation: 'embeddings' as const }],
    ['no body', { body: null }],
  ])('%s are none of its business', (_, facts) => {
    expect(fitting(['trim']).begin(callOf(2_000, facts), [[small]])).toBeNull();
  });
});

describe('what is parsed already is not searched', () => {
  const picture = { role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://x/a.png' } }] };
  test.each<[string, object, { parsed: boolean; unparsed: boolean }]>([
    ['text', {}, { parsed: true, unparsed: true }],
    ['a long answer asked for', { max_tokens: 490 }, { parsed: false, unparsed: false }],
    // Bytes tell that an answer's length is asked for, but not which.
    ['a short answer asked for', { max_completion_tokens: 10 }, { parsed: true, unparsed: false }],
    ['a picture', { messages: [picture] }, { parsed: false, unparsed: false }],
    [
      'a text in parts',
      { messages: [{ role: 'user', content: [{ type: 'text', text: 'hello' }] }] },
      { parsed: true, unparsed: true },
    ],
  ])('%s', (_, members, expected) => {
    const fits = (isParsed: boolean): boolean => {
      const call = callOf(70, {}, members);
      const text = Buffer.from(call.body as Uint8Array).toString('utf8');
      if (isParsed) call.parsed = JSON.parse(text) as Record<string, unknown>;
      return fitting(['trim']).begin(call, [[small]]) === null;
    };
    expect({ parsed: fits(true), unparsed: fits(false) }).toEqual(expected);
  });
});

describe('after a refusal', () => {
  const refused = (message: string): ReturnType<typeof faultOf> => faultOf('context-length', { message, status: 400 });

  test('the next begins with what was learnt', async () => {
    const fit = fitting(['trim']);
    const call = callOf(2_000, { model: 'large' });
    expect(fit.begin(call, [[large]])).toBeNull();
    const again = await fit.refused(
      call,
      [[large]],
      large,
      refused("This model's maximum context length is 1000 tokens."),
    );
    expect((await again?.bodyFor(large))?.kind).toBe('body');
    expect(await arranged(fit.begin(callOf(2_000, { model: 'large' }), [[large]]))).toEqual(['large']);
    expect(fit.begin(callOf(50, { model: 'large' }), [[large]])).toBeNull();
  });

  test('nothing is learnt from what the provider itself keeps', async () => {
    const fit = fitting(['trim']);
    const body = Buffer.from(JSON.stringify({ input: 'and now?', previous_response_id: 'resp_1' }));
    const call = callAt(new VirtualClock(), { operation: 'responses', model: 'large', body });
    expect(
      await fit.refused(call, [[large]], large, refused('Your input exceeds the context window of this model.')),
    ).toBeNull();
    expect(fit.begin(callOf(2_000, { model: 'large' }), [[large]])).toBeNull();
  });
});
