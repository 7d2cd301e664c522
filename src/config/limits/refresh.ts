import type { Alarm, Clock } from '../../engine/clock.ts';
import { tells, type ToldList } from '../../providers/catalogue/told.ts';
import { checkTells, type KeyQuestion } from '../../providers/key-check.ts';
import { listLimits } from '../../providers/model-list.ts';
import type { Config } from '../config.ts';
import { questionOf } from '../keys/for-config.ts';
import { ToldModels } from './told-models.ts';

/** A target whose provider tells its models' limits. */
export interface TellingTarget {
  readonly id: string;
  readonly question: KeyQuestion;
  /** The key of the moment; null where none is wanted. Undefined: there is none yet, so nobody is asked. */
  readonly key: () => string | null | undefined;
  /** Whether it tells when it is asked about its key, which is done when the gateway starts. */
  readonly toldWithKey: boolean;
}

export interface RefreshDeps {
  readonly clock: Clock;
  /** Told, in a sentence, of a target that does not list its models; once, until it does again. */
  readonly say: (message: string) => void;
  /** @default asks the provider */
  readonly list?: (question: KeyQuestion, key: string | null) => Promise<ToldList>;
}

/** How long what was told is taken as it is, ms. */
const FRESH_MS = 24 * 3_600_000;

/** How often it is looked who has to be asked, ms: also how soon somebody who did not answer is asked again. */
const ROUND_MS = 3_600_000;

/** The targets of a configuration that can be asked: none where nobody is to be asked about keys. */
export function tellingTargets({ targets, keys }: Pick<Config, 'targets' | 'keys'>): readonly TellingTarget[] {
  if (keys.policy === 'off') return [];
  return targets.flatMap((target): TellingTarget[] => {
    const { id, key } = target;
    // Callers' keys are theirs to use.
    if (key.kind === 'caller' || !tells(target)) return [];
    const question = questionOf(target);
    if (key.kind === 'none') return [{ id, question, key: () => null, toldWithKey: false }];
    return [{ id, question, key: () => key.reveal() ?? undefined, toldWithKey: checkTells(question) }];
  });
}

/** Keeps what targets tell of their models fresh, in the background: nothing waits for it, and nothing fails by it. */
export class LimitsRefresh {
  /** What was heard last. */
  readonly told: ToldModels = new ToldModels();
  readonly #targets: readonly TellingTarget[];
  readonly #deps: RefreshDeps;
  /** Clock time at which each was last heard. */
  readonly #heardAt = new Map<string, number>();
  /** Those of whom it was said that they do not answer. */
  readonly #silent = new Set<string>();
  #alarm: Alarm | null = null;

  constructor(targets: readonly TellingTarget[], deps: RefreshDeps) {
    this.#targets = targets;
    this.#deps = deps;
  }

  /** A target has listed its models. */
  hear(target: string, list: ToldList): void {
    this.#heardAt.set(target, this.#deps.clock.now());
    this.#silent.delete(target);
    this.told.hear(target, list);
  }

  /** Asks those who do not tell with their keys, and from now on everybody once a day. */
  start(): void {
    if (this.#targets.length === 0) return;
    void this.askRest();
    this.#wait();
  }

  stop(): void {
    this.#alarm?.cancel();
    this.#alarm = null;
  }

  /** Asks those now who do not tell with their keys. */
  askRest(): Promise<void> {
    return this.#ask(this.#targets.filter(({ toldWithKey }) => !toldWithKey));
  }

  /** Asks everybody now. */
  askAll(): Promise<void> {
    return this.#ask(this.#targets);
  }

  #wait(): void {
    const { clock } = this.#deps;
    this.#alarm = clock.after(ROUND_MS, () => {
      const now = clock.now();
      void this.#ask(this.#targets.filter(({ id }) => now - (this.#heardAt.get(id) ?? -Infinity) >= FRESH_MS));
      this.#wait();
    });
  }

  async #ask(targets: readonly TellingTarget[]): Promise<void> {
    const { list = listLimits, say } = this.#deps;
    await Promise.all(
      targets.map(async ({ id, question, key: keyOf }) => {
        const key = keyOf();
        if (key === undefined) return;
        try {
          this.hear(id, await list(question, key));
        } catch (error) {
          if (this.#silent.has(id)) return;
          this.#silent.add(id);
          say(`target ${id} does not tell its models' limits (${reasonOf(error)}); what is known of them holds`);
        }
      }),
    );
  }
}

/** Why somebody was not heard; `fetch` hides what happened in a cause. */
function reasonOf(error: unknown): string {
  const told = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(told instanceof Error)) return 'it was not reached';
  return 'code' in told && typeof told.code === 'string' ? told.code : told.message;
}
