import { callAt } from '../../src/engine/scripted.test-support.ts';
import type { Candidate } from '../../src/engine/plan.ts';
import { VirtualClock } from '../../src/engine/virtual-clock.ts';
import { endlessTurn } from '../../src/payload/fit/endurance.test-support.ts';
import { PromptFitting } from '../../src/payload/fit/prompt-fitting.ts';
import { WindowEstimates } from '../../src/payload/fit/window-estimates.ts';
import { PayloadThread } from '../../src/payload/thread/payload-thread.ts';
import { countPrompt } from '../../src/payload/tokens/count.ts';
import { type Figure, figure } from '../figures.ts';

/** Turns, and how many of them lie between two prompts that are looked at: each is the whole conversation, of megabytes in the end. */
const TURNS = { quick: 2_000, usual: 10_000 } as const;
const EVERY = 250;

/** A small window, and a large one that the conversation outgrows in the end. */
const WINDOWS: Readonly<Record<string, number>> = { 'gpt-4': 8_192, 'gpt-4.1': 600_000 };
const REPLY = 2_000;

/** Holds a conversation on a ladder of two windows: it moves to the larger one, and is trimmed when that is full. */
export async function wideningFigures({ quick }: { readonly quick: boolean }): Promise<Figure[]> {
  const turns = quick ? TURNS.quick : TURNS.usual;
  console.error(`payload: a conversation of ${turns} turns, larger-window`);
  const thread = new PayloadThread();
  const fitting = new PromptFitting('route', POLICY, {
    windows: new WindowEstimates(
      (model) => ({ window: WINDOWS[model] ?? null, maxInput: null, maxOutput: REPLY }),
      () => 0,
    ),
    thread,
    summarise: null,
    chunkTokens: 0,
    now: () => 0,
  });
  const seen: Record<string, number> = {};
  let overflows = 0;
  const messages: object[] = [{ role: 'system', content: 'You keep the log of a harbour.' }];
  try {
    for (let turn = 0; turn < turns; turn += 1) {
      const [ask, ...rest] = endlessTurn(turn);
      messages.push(ask as object);
      if (turn % EVERY === 0 || turn === turns - 1) {
        const { model, tokens } = await sentFor(fitting, messages);
        seen[model] = (seen[model] ?? 0) + 1;
        if (tokens + REPLY > (WINDOWS[model] ?? 0)) overflows += 1;
      }
      messages.push(...rest);
    }
  } finally {
    await thread.close();
  }
  if ((seen['gpt-4'] ?? 0) < 1 || (seen['gpt-4.1'] ?? 0) < 5)
    throw new Error(`the ladder was not used: ${JSON.stringify(seen)}`);
  return [figure('endurance.larger-window.unanswered_turns', overflows, 'turns', { atMost: 0 }, 0)];
}

/** Which model is asked first, and how many tokens it is sent. */
async function sentFor(
  fitting: PromptFitting,
  messages: readonly object[],
): Promise<{ model: string; tokens: number }> {
  const body = Buffer.from(JSON.stringify({ messages, max_tokens: REPLY }));
  const fitted = fitting.begin(callAt(new VirtualClock(), { body, model: 'gpt-4' }), LADDER);
  const arrangement = fitted === null ? ({ kind: 'ladder', ladder: LADDER } as const) : await fitted.ladder();
  const candidate = arrangement.kind === 'ladder' ? arrangement.ladder[0]?.[0] : undefined;
  if (candidate === undefined) throw new Error('no model is left to ask');
  const fit = await fitted?.bodyFor(candidate);
  if (fit?.kind === 'refused') throw new Error(fit.fault.message);
  const sent = JSON.parse(Buffer.from(fit?.body ?? body).toString('utf8')) as Record<string, unknown>;
  const model = candidate.model ?? 'gpt-4';
  return { model, tokens: (await countPrompt('chat', sent, model)).tokens };
}

const POLICY = {
  strategies: ['larger-window', 'trim'],
  ceilingTokens: null,
  reserveTokens: REPLY,
  summariser: null,
} as const;

const rung = (model: string): readonly Candidate[] => [
  { target: { id: `at-${model}` } as Candidate['target'], model, weight: 1 },
];
const LADDER: readonly (readonly Candidate[])[] = [rung('gpt-4'), rung('gpt-4.1')];
