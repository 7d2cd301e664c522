import type { GeminiTraits, Level } from './gemini.ts';
import type { Loss } from '../translation/loss.ts';

/** How the model is asked to think. */
export interface Thinking {
  readonly thinkingConfig?: {
    readonly includeThoughts?: true;
    readonly thinkingLevel?: Level;
    readonly thinkingBudget?: number;
  };
}

const LADDER: readonly Level[] = ['MINIMAL', 'LOW', 'MEDIUM', 'HIGH'];

/** OpenAI's efforts: the level, and the tokens to think with, as Google's OpenAI-compatible address reads them. */
const EFFORTS: Readonly<Record<string, readonly [level: Level, budget: number]>> = {
  none: ['MINIMAL', 0],
  minimal: ['MINIMAL', 1_024],
  low: ['LOW', 1_024],
  medium: ['MEDIUM', 8_192],
  high: ['HIGH', 24_576],
  xhigh: ['HIGH', 32_768],
  max: ['HIGH', 32_768],
};

/**
 * OpenAI's effort as this model can be asked for it.
 *
 * @param maxTokens the cap on the answer, its thoughts included; null for none.
 */
export function thinkingOf(effort: unknown, traits: GeminiTraits, maxTokens: number | null, losses: Loss[]): Thinking {
  if (effort === undefined || effort === null) return {};
  const asked = typeof effort === 'string' && Object.hasOwn(EFFORTS, effort) ? EFFORTS[effort] : undefined;
  if (asked === undefined) return lost(`no effort is called ${JSON.stringify(effort)}`, losses);
  const [level, budget] = asked;
  const told = effort === 'none' ? {} : { includeThoughts: true as const };
  switch (traits.thinking) {
    case 'none':
      return effort === 'none' ? {} : lost('this model does not think', losses);
    case 'level': {
      const thinkingLevel = nearest(level, traits.levels);
      if (thinkingLevel !== level || effort === 'none') changed(`this model knows ${words(traits.levels)}`, losses);
      return { thinkingConfig: { ...told, thinkingLevel } };
    }
    case 'budget': {
      const thinkingBudget = within(budget, traits, maxTokens);
      if (effort === 'none' && thinkingBudget > 0) changed('this model always thinks a little', losses);
      return { thinkingConfig: { ...told, thinkingBudget } };
    }
  }
}

/** Fewer tokens are no budget to Google's smaller models. */
const LEAST_BUDGET = 512;

/** Half of a cap is kept for what is said. */
function within(budget: number, { budget: { least, most } }: GeminiTraits, maxTokens: number | null): number {
  const room = maxTokens === null ? most : Math.min(most, Math.floor(maxTokens / 2));
  return budget === 0 || room < LEAST_BUDGET ? least : Math.min(budget, room);
}

/** The next level that it knows upwards, or else its highest. */
function nearest(wanted: Level, known: readonly Level[]): Level {
  return known.find((level) => LADDER.indexOf(level) >= LADDER.indexOf(wanted)) ?? known.at(-1) ?? wanted;
}

function words(levels: readonly Level[]): string {
  return levels.join(', ').toLowerCase();
}

function changed(why: string, losses: Loss[]): void {
  losses.push({ field: 'reasoning_effort', how: 'changed', why });
}

function lost(why: string, losses: Loss[]): Thinking {
  losses.push({ field: 'reasoning_effort', how: 'dropped', why });
  return {};
}
