import type { Demand } from './demand.ts';
import type { Usage } from '../record.ts';

/** Output taken for granted of a model that nobody has used yet, unless it can give no more. */
const UNKNOWN_OUTPUT = 4_096;
/** Calls after which a model is known well enough to expect less of it. */
const KNOWN_AFTER = 20;
/** No less is expected, however short its answers are. */
const LEAST_OUTPUT = 256;
/** What is expected above the longest answer of late. */
const OUTPUT_MARGIN = 1.25;

/** The longest and the worst are remembered for this many calls at least, and twice as many at most. */
const GENERATION = 500;

/** Prompts shorter than this are estimated wrong by some tokens, longer ones by a share. */
const SHORT_PROMPT = 200;
/** What unseen instructions and unusual texts are believed to add; more is something else, such as pictures. */
const MOST_ADDED = 400;
const MOST_FACTOR = 8;

/** Names of models come from callers: so many are remembered. */
const NAMES = 1_000;

/** What is remembered of some hundred calls of a model. */
class Memory {
  calls = 0;
  longest = 0;
  factor = 1;
  added = 0;
}

/** What is learnt of one model from the usage of its calls: how long its answers get, and how far prompts are misjudged. */
class ModelForecast {
  #now = new Memory();
  #before = new Memory();

  get output(): number {
    const longest = Math.max(this.#now.longest, this.#before.longest) * OUTPUT_MARGIN;
    const known = this.#now.calls + this.#before.calls >= KNOWN_AFTER;
    return Math.ceil(Math.max(longest, known ? LEAST_OUTPUT : UNKNOWN_OUTPUT));
  }

  prompt(estimate: number): number {
    const factor = Math.max(this.#now.factor, this.#before.factor);
    const added = Math.max(this.#now.added, this.#before.added);
    return Math.ceil(estimate * factor + added);
  }

  learn(estimate: number, promptTokens: number | null, output: number): void {
    if (this.#now.calls >= GENERATION) {
      this.#before = this.#now;
      this.#now = new Memory();
    }
    const now = this.#now;
    now.calls += 1;
    if (output > now.longest) now.longest = output;
    if (promptTokens === null || promptTokens <= estimate) return;
    if (estimate < SHORT_PROMPT) now.added = Math.max(now.added, Math.min(MOST_ADDED, promptTokens - estimate));
    else now.factor = Math.max(now.factor, Math.min(MOST_FACTOR, promptTokens / estimate));
  }
}

/**
 * Makes estimates better by what calls have really taken. It only ever raises the estimate of a prompt: one that was too
 * high costs a little room for a moment, one that was too low breaks a limit.
 */
export class Forecasts {
  #models = new Map<string, ModelForecast>();

  /** Tokens of a prompt at most, as far as this model's calls have shown. */
  promptTokens(model: string | null, estimate: number): number {
    return this.#models.get(model ?? '')?.prompt(estimate) ?? estimate;
  }

  /** Tokens that one choice of an answer will hardly go beyond, where the request sets no bound. */
  outputTokens(model: string | null): number {
    return this.#models.get(model ?? '')?.output ?? UNKNOWN_OUTPUT;
  }

  learn(model: string | null, demand: Demand, usage: Usage, choices: number): void {
    const name = model ?? '';
    let forecast = this.#models.get(name);
    if (forecast === undefined) {
      if (this.#models.size >= NAMES) this.#models = new Map();
      this.#models.set(name, (forecast = new ModelForecast()));
    }
    const promptTokens = demand.continues ? null : usage.inputTokens;
    forecast.learn(demand.promptTokens, promptTokens, (usage.outputTokens ?? 0) / choices);
  }
}
