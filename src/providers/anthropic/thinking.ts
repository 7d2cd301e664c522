import type { ClaudeTraits, Effort } from './claude.ts';
import type { Loss } from '../translation/loss.ts';
import type { Turn } from './message.ts';

/** How the model is asked to think. */
export interface Thinking {
  readonly thinking?: { readonly type: 'adaptive' } | { readonly type: 'enabled'; readonly budget_tokens: number };
  readonly effort?: Effort;
}

/** What thinking depends on besides the effort that was asked for. */
export interface ThinkingFacts {
  readonly traits: ClaudeTraits;
  /** The cap on the answer, its thoughts included. */
  readonly maxTokens: number;
  readonly turns: readonly Turn[];
  /** A tool has to be called, whichever. */
  readonly forced: boolean;
}

const LADDER: readonly Effort[] = ['low', 'medium', 'high', 'xhigh', 'max'];

/** Tokens to think with, for models that want a number. Made up: the wire's least, then four times as many each. */
const BUDGETS: Readonly<Record<Effort, number>> = { low: 1024, medium: 4096, high: 16_384, xhigh: 32_768, max: 32_768 };

/** No budget may be smaller. */
const LEAST_BUDGET = 1024;

/** OpenAI's effort as this model can be asked for it. */
export function thinkingOf(effort: unknown, facts: ThinkingFacts, losses: Loss[]): Thinking {
  // Claude thinks only when asked to, so the least effort is not to ask.
  if (effort === undefined || effort === null || effort === 'none' || effort === 'minimal') return {};
  const wanted = LADDER.find((each) => each === effort);
  if (wanted === undefined) return lost(`no effort is called ${JSON.stringify(effort)}`, losses);
  const { traits, maxTokens } = facts;
  switch (traits.thinking) {
    case 'none':
      return lost('this model does not think', losses);
    case 'adaptive':
      return { thinking: { type: 'adaptive' }, effort: nearest(wanted, traits.efforts, losses) };
    case 'budget': {
      const why = hindrance(facts);
      if (why !== null) return lost(why, losses);
      // Half of the cap is kept for what is said.
      const budget = Math.max(LEAST_BUDGET, Math.min(BUDGETS[wanted], Math.floor(maxTokens / 2)));
      return { thinking: { type: 'enabled', budget_tokens: budget } };
    }
  }
}

/** Why a model with a budget cannot think about this request; null when it can. */
function hindrance({ maxTokens, turns, forced }: ThinkingFacts): string | null {
  if (maxTokens <= LEAST_BUDGET) return 'the cap on the answer leaves no room for thoughts';
  if (forced) return 'this model does not think when it has to call a tool';
  // It would have to be shown the thoughts that led to the call, and they are not carried on the chat wire.
  const awaited = turns.at(-1)?.content.some(({ type }) => type === 'tool_result') === true;
  return awaited ? 'this model cannot take up its thoughts again after a tool call' : null;
}

function nearest(wanted: Effort, known: readonly Effort[], losses: Loss[]): Effort {
  if (known.includes(wanted)) return wanted;
  const below = known.filter((effort) => LADDER.indexOf(effort) < LADDER.indexOf(wanted));
  const found = below.at(-1) ?? known[0] ?? wanted;
  losses.push({ field: 'reasoning_effort', how: 'changed', why: `this model knows ${known.join(', ')}` });
  return found;
}

function lost(why: string, losses: Loss[]): Thinking {
  losses.push({ field: 'reasoning_effort', how: 'dropped', why });
  return {};
}
