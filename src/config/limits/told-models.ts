import type { ModelLimits } from '../../payload/fit/window-estimates.ts';
import { modelFacts, undated } from '../../providers/catalogue/catalogue.ts';
import { ANY_NAME, type Told, type ToldList } from '../../providers/catalogue/told.ts';

const NOTHING: ToldList = new Map();

/** What the targets have told of their models, the latest of each. */
export class ToldModels {
  readonly #lists = new Map<string, ToldList>();
  readonly #listeners: (() => void)[] = [];

  /** What a target told of a model; null when it told nothing. */
  of(target: string, model: string): Told | null {
    const list = this.#lists.get(target);
    if (list === undefined) return null;
    return list.get(model) ?? list.get(undated(model)) ?? list.get(ANY_NAME) ?? null;
  }

  /** All that a target told. */
  listOf(target: string): ToldList {
    return this.#lists.get(target) ?? NOTHING;
  }

  /** A target has listed its models; what it told before no longer holds. */
  hear(target: string, list: ToldList): void {
    if (list.size === 0 && !this.#lists.has(target)) return;
    this.#lists.set(target, list);
    for (const listener of this.#listeners) listener();
  }

  /** Calls the listener whenever something was told. */
  onHeard(listener: () => void): void {
    this.#listeners.push(listener);
  }
}

/**
 * What a model takes at a target, as far as anybody knows: as the target told, and as the catalogue has it where it told
 * nothing.
 */
export function limitsAt(model: string, told: Told | null): ModelLimits | null {
  const facts = modelFacts(model);
  if (told === null) {
    return facts === null
      ? null
      : { window: facts.window, maxInput: facts.maxInput ?? null, maxOutput: facts.maxOutput ?? null };
  }
  // Who takes longer prompts than the catalogue's whole window has a larger one.
  const window = told.window ?? (facts === null ? null : Math.max(facts.window, told.maxInput ?? 0));
  const most = window ?? Number.POSITIVE_INFINITY;
  const maxInput = told.maxInput ?? facts?.maxInput ?? null;
  const maxOutput = told.maxOutput ?? facts?.maxOutput ?? null;
  return {
    window,
    maxInput: maxInput === null ? null : Math.min(maxInput, most),
    // An answer as long as the window leaves no prompt: then nothing is known of the answer.
    maxOutput: maxOutput === null || maxOutput >= most ? null : maxOutput,
  };
}

/** The longest answer that a model gives at a target, in tokens; null where nobody knows. */
export function capAt(model: string, told: Told | null): number | null {
  return told?.maxOutput ?? modelFacts(model)?.maxOutput ?? null;
}
