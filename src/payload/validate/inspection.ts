import { OPENAI, type Phrases } from './phrases.ts';
import { type Problem, problem } from './problem.ts';
import type { Step } from './repair.ts';

/** Problems found in one request. Fewer are told; more would all be of one kind, and take long to repair one by one. */
const MOST_PROBLEMS = 500;

/** Deepest nesting that is looked into. Nothing that an API takes is half as deep, and a walk without an end is a trap. */
export const DEEPEST = 128;

/**
 * One look at one request: where the walk is, and what it has found. The place is kept as bare steps, so that a request
 * without a fault builds no text; a walk is over before anything else runs, so that one inspection serves them all.
 */
export class Inspection {
  /** Where the walk is: the first `depth` of `steps`. Written by the checks themselves, because every field passes here. */
  readonly steps: Step[] = Array.from({ length: DEEPEST + 16 }, (): Step => '');
  depth = 0;
  /** Members of objects seen so far. As many as the text holds, unless one stands there twice. */
  members = 0;
  /** Some text holds half of a surrogate pair, which no UTF-8 can carry. */
  illFormed = false;
  /** The words of the API whose request it is. */
  phrases: Phrases = OPENAI;
  #problems: Problem[] = NONE;

  /** Begins anew. */
  reset(phrases: Phrases): void {
    this.phrases = phrases;
    this.depth = 0;
    this.members = 0;
    this.illFormed = false;
    this.#problems = NONE;
  }

  get problems(): readonly Problem[] {
    return this.#problems;
  }

  /** As many problems as anybody reads: the rest of the walk would only tell more of them. */
  get full(): boolean {
    return this.#problems.length >= MOST_PROBLEMS;
  }

  add(problem: Problem): void {
    if (this.#problems.length === 0) this.#problems = [];
    if (this.#problems.length < MOST_PROBLEMS) this.#problems.push(problem);
  }

  /** Something is nested deeper than anything an API takes. */
  tooDeep(): void {
    if (this.#problems.some(({ rule }) => rule === 'depth')) return;
    const param = this.depth === 0 ? null : this.param();
    const message = `Invalid request: ${param ?? 'the body'} is nested more than ${DEEPEST} levels deep.`;
    this.add(
      problem({ rule: 'depth', param, code: 'invalid_value', message, fix: 'Send flatter data, or send it as text.' }),
    );
  }

  /** The field the walk is at, as the API names it, or one below it. */
  param(...below: readonly Step[]): string {
    return this.phrases.place(this.path(...below));
  }

  path(...below: readonly Step[]): Step[] {
    return [...this.steps.slice(0, this.depth), ...below];
  }
}

const NONE: Problem[] = [];
