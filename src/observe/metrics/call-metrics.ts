import type { AttemptRecord, CallRecord } from '../../engine/record.ts';
import { DURATION_SECONDS, OVERHEAD_SECONDS } from './buckets.ts';
import { counterSamples, type Family, histogramSamples, type Source } from './families.ts';
import { Buckets, Cells, Shapes } from './shapes.ts';

/** Combinations that are told apart; with every histogram in it that is some megabytes at the very most. */
const MOST_SHAPES = 2_000;

const INPUT = 0;
const OUTPUT = 1;
const CACHED = 2;
const REASONING = 3;
const TOKEN_TYPES = ['input', 'output', 'cached_input', 'reasoning_output'] as const;

/** Places in a combination of a call's labels. */
const CALL = { route: 0, model: 1, target: 2, tenant: 3, operation: 4, outcome: 5, fault: 6, party: 7 } as const;
const ATTEMPT = { target: 0, model: 1, reason: 2, fault: 3, party: 4 } as const;

/**
 * What the records of calls come to, ready to be scraped. Adding a record costs a lookup for the call and one for each
 * attempt; everything else happens when somebody asks.
 */
export class CallMetrics {
  readonly #calls = new Shapes(Object.keys(CALL).length, MOST_SHAPES);
  readonly #count = new Cells();
  readonly #tokens = new Cells(TOKEN_TYPES.length);
  readonly #microdollars = new Cells();
  readonly #unpriced = new Cells();
  readonly #duration = new Buckets(DURATION_SECONDS);
  readonly #firstContent = new Buckets(DURATION_SECONDS);
  readonly #overhead = new Buckets(OVERHEAD_SECONDS);
  readonly #attempts = new Shapes(Object.keys(ATTEMPT).length, MOST_SHAPES);
  readonly #attemptCount = new Cells();
  /** Many calls are like the one before them: to see that costs a fifth of making a key and looking it up. */
  #lastCall: CallRecord | null = null;
  #lastCallShape = 0;
  #lastAttempt: AttemptRecord | null = null;
  #lastAttemptShape = 0;
  readonly #redact: (text: string) => string;

  /** @param redact takes out of a label what nobody should see: a model's name is whatever a caller wrote */
  constructor(redact: (text: string) => string) {
    this.#redact = redact;
  }

  add(record: CallRecord): void {
    const { id, at, usage, cost } = record;
    const shape = this.#shapeOf(record);
    // An attempt at a job that is made again is a part of a call: what it took counts, and it does not.
    if (record.outcome !== 'retried') {
      this.#count.add(shape, 0, 1);
      this.#duration.add(shape, record.durationMs / 1000, id, at);
      this.#overhead.add(shape, record.overheadMs / 1000, id, at);
      if (record.firstContentMs !== null) this.#firstContent.add(shape, record.firstContentMs / 1000, id, at);
    }
    if (usage.inputTokens !== null) this.#tokens.add(shape, INPUT, usage.inputTokens);
    if (usage.outputTokens !== null) this.#tokens.add(shape, OUTPUT, usage.outputTokens);
    if (usage.cachedTokens !== null) this.#tokens.add(shape, CACHED, usage.cachedTokens);
    if (usage.reasoningTokens !== null) this.#tokens.add(shape, REASONING, usage.reasoningTokens);
    if (cost !== null) this.#microdollars.add(shape, 0, cost);
    else if (usage.inputTokens !== null) this.#unpriced.add(shape, 0, 1);
    for (const attempt of record.attempts) this.#attemptCount.add(this.#attemptShapeOf(attempt), 0, 1);
  }

  families(): Family[] {
    const { route, model, target, tenant, operation, outcome, fault, party } = CALL;
    const { labels } = this.#calls;
    const calls = (shown: Source['shown']): Source => ({ labels, shown });
    return [
      counter('holdfast_calls', 'Calls, by how they ended.', () =>
        counterSamples(calls({ route, model, target, tenant, operation, outcome, fault, party }), this.#count),
      ),
      histogram(
        'holdfast_call_duration_seconds',
        'From arrival to the last byte.',
        calls({ route, model, outcome }),
        this.#duration,
      ),
      histogram(
        'holdfast_time_to_first_content_seconds',
        'Until the first content of the attempt that answered.',
        calls({ route, model, target }),
        this.#firstContent,
      ),
      histogram('holdfast_overhead_seconds', "The line's own time in a call.", calls({ operation }), this.#overhead),
      counter(
        'holdfast_tokens',
        'Tokens as providers reported them; cached and reasoning ones are part of the others.',
        () =>
          TOKEN_TYPES.flatMap((type, cell) =>
            counterSamples(calls({ route, model, target, tenant }), this.#tokens, cell).map((sample) => ({
              ...sample,
              labels: { ...sample.labels, type },
            })),
          ),
      ),
      counter('holdfast_cost_dollars', 'US dollars, as far as prices are known.', () =>
        counterSamples(calls({ route, model, target, tenant }), this.#microdollars, 0, 1e-6),
      ),
      counter('holdfast_calls_unpriced', 'Calls whose tokens have no known price.', () =>
        counterSamples(calls({ model, target }), this.#unpriced),
      ),
      counter('holdfast_attempts', 'Attempts at targets: the first of a call, retries, fallbacks.', () =>
        counterSamples({ labels: this.#attempts.labels, shown: ATTEMPT }, this.#attemptCount),
      ),
    ];
  }

  #shapeOf(record: CallRecord): number {
    if (this.#lastCall === null || !isCallLike(this.#lastCall, record)) {
      this.#lastCall = record;
      this.#lastCallShape = this.#callShape(record);
    }
    return this.#lastCallShape;
  }

  #attemptShapeOf(record: AttemptRecord): number {
    if (this.#lastAttempt === null || !isAttemptLike(this.#lastAttempt, record)) {
      this.#lastAttempt = record;
      this.#lastAttemptShape = this.#attemptShape(record);
    }
    return this.#lastAttemptShape;
  }

  #callShape({ route, model, target, tenant, operation, outcome, fault }: CallRecord): number {
    const kind = fault?.kind ?? '';
    const key = `${route}\n${model}\n${target}\n${tenant}\n${operation}\n${outcome}\n${kind}`;
    return this.#calls.of(key, () => [
      route ?? '',
      this.#redact(model ?? ''),
      target ?? '',
      tenant ?? '',
      operation,
      outcome,
      kind,
      fault?.party ?? '',
    ]);
  }

  #attemptShape({ target, model, reason, fault }: AttemptRecord): number {
    const kind = fault?.kind ?? '';
    return this.#attempts.of(`${target}\n${model}\n${reason}\n${kind}`, () => [
      target,
      this.#redact(model ?? ''),
      reason,
      kind,
      fault?.party ?? '',
    ]);
  }
}

/** Whether two calls have the same labels. */
function isCallLike(one: CallRecord, other: CallRecord): boolean {
  return (
    one.model === other.model &&
    one.target === other.target &&
    one.tenant === other.tenant &&
    one.route === other.route &&
    one.operation === other.operation &&
    one.outcome === other.outcome &&
    one.fault?.kind === other.fault?.kind
  );
}

function isAttemptLike(one: AttemptRecord, other: AttemptRecord): boolean {
  return (
    one.target === other.target &&
    one.model === other.model &&
    one.reason === other.reason &&
    one.fault?.kind === other.fault?.kind
  );
}

function counter(name: string, help: string, samples: () => ReturnType<Family['samples']>): Family {
  return { name: `${name}_total`, help, type: 'counter', samples };
}

function histogram(name: string, help: string, source: Source, buckets: Buckets): Family {
  return { name, help, type: 'histogram', samples: () => histogramSamples(name, source, buckets) };
}
