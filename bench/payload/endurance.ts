import { type Endured, endure } from '../../src/payload/fit/endurance.test-support.ts';
import type { Shrinking } from '../../src/payload/fit/fitter.ts';
import { type Figure, figure } from '../figures.ts';

const TURNS = { quick: 1_500, usual: 10_000 } as const;

/** The most tokens of a prompt in these conversations. */
const CEILING = 16_000;

/** Holds a conversation with tools through each way of making it smaller, and looks at every prompt that would be sent. */
export async function enduranceFigures({ quick }: { readonly quick: boolean }): Promise<Figure[]> {
  const turns = quick ? TURNS.quick : TURNS.usual;
  const figures: Figure[] = [];
  for (const how of ['trim', 'summarise'] as const) {
    console.error(`payload: a conversation of ${turns} turns, ${how}`);
    figures.push(...figuresOf(how, await endure(how, turns, CEILING)));
  }
  return figures;
}

function figuresOf(how: Shrinking, endured: Endured): Figure[] {
  const name = `endurance.${how}`;
  const always = [
    figure(`${name}.unanswered_turns`, endured.overflows + endured.refused, 'turns', { atMost: 0 }, 0),
    figure(`${name}.orphaned_turns`, endured.orphans, 'turns', { atMost: 0 }, 0),
    figure(`${name}.turns_without_instructions`, endured.bereft, 'turns', { atMost: 0 }, 0),
    figure(`${name}.most_tokens`, endured.mostTokens, 'tokens', { atMost: CEILING }, 0),
  ];
  if (how === 'trim') return always;
  return [
    ...always,
    figure(`${name}.cost_pct`, (endured.summaryTokens / endured.sentTokens) * 100, '%', { atMost: 5 }, 2),
    figure(`${name}.facts_kept_pct`, (endured.factsKept / endured.facts) * 100, '%', { atLeast: 100 }, 0),
  ];
}
