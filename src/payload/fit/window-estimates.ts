import type { TooLong } from './too-long.ts';

/** What a model takes, in its own tokens; null where nobody knows. */
export interface ModelLimits {
  /** Prompt and answer together. */
  readonly window: number | null;
  /** Where the prompt has a bound of its own. */
  readonly maxInput: number | null;
  /** The longest answer. */
  readonly maxOutput: number | null;
}

export const UNKNOWN_LIMITS: ModelLimits = Object.freeze({ window: null, maxInput: null, maxOutput: null });

/**
 * What a target's refusals have taught about a model there.
 * `nothing`: what is known beforehand holds. `told`: the provider has named its window. `guessed`: it has only refused, so
 * the window is somewhere below; for a while, since such a guess may be far too low.
 */
export type Lesson =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'told'; readonly window: number; readonly factor: number }
  | { readonly kind: 'guessed'; readonly window: number; readonly until: number };

/** A prompt that was refused as too long, as it was counted here. */
export interface Refused {
  /** Tokens of the prompt as counted here. */
  readonly tokens: number;
  /** Tokens asked for as the answer; null: not said. */
  readonly output: number | null;
  /** It held more than could be counted here, which may be why it was refused. */
  readonly uncounted: boolean;
}

/** How long a guess is kept, ms: long enough not to run into the same refusal all day, short enough to be outgrown. */
const GUESS_MS = 3_600_000;

/** What a refusal without a number makes of a window. Three refusals halve it. */
const GUESS_SHRINKS = 0.75;

/** Nobody's window is smaller. */
const LEAST_WINDOW = 512;

/** Beyond what the provider must have counted, when it does not say how much it was. */
const FACTOR_MARGIN = 1.02;

/** A count is not wrong by more than this, whatever a provider says: it means something else then. */
const MOST_FACTOR = 4;

/** A silent refusal of a prompt shorter than this share of the window has another reason than the window. */
const LEAST_PLAUSIBLE = 1 / 16;

/**
 * What is learnt when a provider refuses a prompt as too long that was held to fit: the same lesson as before when it says
 * nothing of its window, because what was refused may be what could not be counted.
 */
export function learn(lesson: Lesson, known: number | null, refused: Refused, said: TooLong, now: number): Lesson {
  const output = said.output ?? refused.output ?? 0;
  const told = said.limit ?? (lesson.kind === 'told' ? lesson.window : null);
  if (told !== null) {
    // The window may be as it was known to be: then it is the tokens that the provider counts otherwise.
    const counted = said.prompt ?? (refused.tokens + output > told ? refused.tokens : (told - output) * FACTOR_MARGIN);
    const factor = Math.min(MOST_FACTOR, counted / Math.max(1, refused.tokens));
    const before = lesson.kind === 'told' ? lesson.factor : 1;
    if (refused.uncounted) return said.limit === null ? lesson : { kind: 'told', window: told, factor: before };
    return { kind: 'told', window: told, factor: Math.max(before, factor, 1) };
  }
  const held = lesson.kind === 'guessed' ? lesson.window : (known ?? Number.POSITIVE_INFINITY);
  const tried = Math.min(held, refused.tokens + (refused.output ?? 0));
  const implausible = held !== Number.POSITIVE_INFINITY && tried < held * LEAST_PLAUSIBLE;
  if (refused.uncounted || implausible) return lesson;
  return { kind: 'guessed', window: Math.max(LEAST_WINDOW, Math.floor(tried * GUESS_SHRINKS)), until: now + GUESS_MS };
}

/** What a prompt has to fit into, as far as is known now. */
export interface Estimate extends ModelLimits {
  /** Tokens that the provider counts for each that is counted here; at least 1. */
  readonly factor: number;
  /** Clock time until which it holds, as long as nothing new is learnt. */
  readonly until: number;
}

const FOR_GOOD = Number.POSITIVE_INFINITY;

/** What a lesson makes of what is known beforehand. */
export function estimated(known: ModelLimits, lesson: Lesson, now: number): Estimate {
  switch (lesson.kind) {
    case 'nothing':
      return { ...known, factor: 1, until: FOR_GOOD };
    case 'told':
      return { ...capped(known, lesson.window), factor: lesson.factor, until: FOR_GOOD };
    case 'guessed':
      if (now >= lesson.until) return { ...known, factor: 1, until: FOR_GOOD };
      return { ...capped(known, lesson.window), factor: 1, until: lesson.until };
  }
}

function capped(known: ModelLimits, window: number): ModelLimits {
  const { maxInput, maxOutput } = known;
  return {
    window,
    maxInput: maxInput === null ? null : Math.min(maxInput, window),
    // An answer as long as the window leaves no prompt: what was known of the answer belongs to another window.
    maxOutput: maxOutput === null || maxOutput >= window ? null : maxOutput,
  };
}

const NOTHING: Lesson = Object.freeze({ kind: 'nothing' });

/** Lessons remembered; a target has a handful of models, but callers may name any. */
const REMEMBERED = 1_000;

/** The windows of models at targets: what is known of them, put right by what the targets refuse. */
export class WindowEstimates {
  readonly #known: (model: string, target: string) => ModelLimits | null;
  readonly #now: () => number;
  readonly #lessons = new Map<string, Lesson>();
  /** Changes with each lesson, for those who keep what they worked out from an estimate. */
  version = 0;

  /** @param now clock time, ms. */
  constructor(known: (model: string, target: string) => ModelLimits | null, now: () => number) {
    this.#known = known;
    this.#now = now;
  }

  of(target: string, model: string): Estimate {
    const lesson = this.#lessons.size === 0 ? NOTHING : (this.#lessons.get(key(target, model)) ?? NOTHING);
    return estimated(this.#known(model, target) ?? UNKNOWN_LIMITS, lesson, this.#now());
  }

  /** More is known beforehand than when it was last asked for. */
  knowMore(): void {
    this.version += 1;
  }

  refused(target: string, model: string, refused: Refused, said: TooLong): void {
    const at = key(target, model);
    const { window } = this.of(target, model);
    const before = this.#lessons.get(at) ?? NOTHING;
    const lesson = learn(before, window, refused, said, this.#now());
    if (lesson === before) return;
    if (this.#lessons.size >= REMEMBERED) this.#lessons.clear();
    this.#lessons.set(at, lesson);
    this.version += 1;
  }
}

function key(target: string, model: string): string {
  return `${target}\n${model}`;
}
