import type { Fault } from '../../engine/fault/fault.ts';
import type { AttemptRecord, CallOutcome } from '../../engine/record.ts';
import { AttemptSums, CallSums, type FaultSums, SUM, SUMS } from './call-sums.ts';
import { placeOf } from './call-id.ts';
import { SPANS, startOf, USERS } from './spans.ts';
import type { Series } from './series-book.ts';

/** What many calls have in common, as far as it is added up. */
export interface Kind {
  readonly tenant: string | null;
  readonly workload: string | null;
  readonly route: string | null;
  readonly model: string | null;
  readonly target: string | null;
  readonly outcome: CallOutcome;
  readonly attemptCount: number;
  /** Of a call that went the ordinary way, with one attempt. */
  readonly attemptModel: string | null;
}

/** One stored call, as far as it is added up. One object serves them all: whoever reads calls fills it again and again. */
export interface CallRow {
  seq: number;
  kind: Kind;
  at: number;
  durationUs: number;
  firstContentUs: number | null;
  overheadUs: number;
  inputTokens: number | null;
  outputTokens: number | null;
  cachedTokens: number | null;
  reasoningTokens: number | null;
  /** Millionths of a US dollar. */
  cost: number | null;
  attemptStartedUs: number | null;
  attemptDurationUs: number | null;
  upstreamId: string | null;
  /** JSON. */
  fault: string | null;
  attempts: string | null;
  notes: string | null;
  endUser: string | null;
  callerId: string | null;
  trace: string | null;
}

/** What attempts that failed have probably cost, as the notes of their call tell it: `wasted: $0.0123`. */
const WASTED = /"wasted: \$([\d.]+)"/;

const DOLLAR = 1_000_000;

/** The sums of one minute, by the number of their series. */
export interface MinuteSums {
  readonly at: number;
  readonly calls: Map<number, CallSums>;
  readonly attempts: Map<number, AttemptSums>;
  /** By series, kind and party. */
  readonly faults: Map<number, Map<string, FaultSums>>;
}

/** What one user came to in a day. */
export interface UserSums {
  readonly at: number;
  readonly series: number;
  readonly endUser: string;
  readonly values: Float64Array;
}

/** Gives names to what is told apart, a bounded number of them. */
export interface Names {
  series(series: Series): number;
  user(day: number, user: string): string;
}

/** Where the sums of one kind of calls are at the moment: calls come in runs of a kind. */
interface Shortcut {
  readonly kind: Kind;
  readonly series: number;
  minute: number;
  calls: CallSums | null;
  attempts: AttemptSums | null;
}

/**
 * Adds calls up, in memory: by the minute, and by what they have in common. Pure: names are given by
 * somebody else.
 */
export class Digest {
  readonly minutes: Map<number, MinuteSums> = new Map();
  readonly users: Map<string, UserSums> = new Map();
  /** Places in the index of ids, each with the number of its call. */
  readonly ids: (readonly [place: number, seq: number])[] = [];
  readonly #names: Names;
  readonly #shortcuts = new Map<Kind, Shortcut>();

  constructor(names: Names) {
    this.#names = names;
  }

  add(row: CallRow): void {
    const shortcut = this.#shortcutOf(row);
    const attempts = row.attempts === null ? null : (JSON.parse(row.attempts) as readonly AttemptRecord[]);
    const values = valuesOf(row, attempts);
    const { calls } = shortcut;
    if (calls === null) return;
    addTo(calls.values, values);
    calls.duration.add(row.durationUs);
    calls.overhead.add(row.overheadUs);
    if (row.firstContentUs !== null) calls.firstContent.add(row.firstContentUs);
    if (attempts === null) this.#addSole(row, shortcut);
    else for (const attempt of attempts) this.#addAttempt(row, attempt);
    if (row.fault !== null) this.#addTold(row, JSON.parse(row.fault) as Fault, attempts?.at(-1));
    if (row.endUser !== null) this.#addUser(row, shortcut.series, row.endUser, values);
    this.#addIds(row, attempts);
  }

  #shortcutOf({ kind, at }: CallRow): Shortcut {
    const minute = startOf(SPANS[0], at);
    let shortcut = this.#shortcuts.get(kind);
    if (shortcut === undefined) {
      const { tenant, workload, route, model, target } = kind;
      const series = this.#names.series({ tenant, workload, route, model, target });
      shortcut = { kind, series, minute: NaN, calls: null, attempts: null };
      this.#shortcuts.set(kind, shortcut);
    }
    if (shortcut.minute === minute) return shortcut;
    shortcut.minute = minute;
    shortcut.calls = getOr(this.#minuteOf(minute).calls, shortcut.series, () => new CallSums());
    shortcut.attempts = null;
    return shortcut;
  }

  #minuteOf(at: number): MinuteSums {
    return getOr(this.minutes, at, () => ({ at, calls: new Map(), attempts: new Map(), faults: new Map() }));
  }

  /** A call that went the ordinary way keeps its attempt in its own columns. */
  #addSole({ attemptStartedUs, attemptDurationUs, firstContentUs }: CallRow, shortcut: Shortcut): void {
    shortcut.attempts ??= this.#attemptsOf(shortcut.minute, {
      ...seriesOf(shortcut.kind),
      model: shortcut.kind.attemptModel,
    });
    const sums = shortcut.attempts;
    sums.attempts += 1;
    sums.duration.add(attemptDurationUs ?? 0);
    if (firstContentUs !== null) sums.firstContent.add(Math.max(0, firstContentUs - (attemptStartedUs ?? 0)));
  }

  #addAttempt(row: CallRow, attempt: AttemptRecord): void {
    const series = { ...seriesOf(row.kind), model: attempt.model, target: attempt.target };
    const sums = this.#attemptsOf(startOf(SPANS[0], row.at), series);
    sums.attempts += 1;
    const counted = countedAs(attempt.reason);
    if (counted !== null) sums[counted] += 1;
    sums.duration.add(attempt.durationMs * 1000);
    if (attempt.firstContentMs !== null) {
      sums.firstContent.add(Math.max(0, attempt.firstContentMs - attempt.startedMs) * 1000);
    }
    if (attempt.fault !== null) this.#faultOf(row, series, attempt.fault).attempts += 1;
  }

  #attemptsOf(minute: number, series: Series): AttemptSums {
    return getOr(this.#minuteOf(minute).attempts, this.#names.series(series), () => new AttemptSums());
  }

  /** What the caller was told, at the target and with the model of its last attempt. */
  #addTold(row: CallRow, fault: Fault, last: AttemptRecord | undefined): void {
    const series = { ...seriesOf(row.kind), ...(last === undefined ? {} : { model: last.model, target: last.target }) };
    this.#faultOf(row, series, fault).calls += 1;
  }

  #faultOf({ seq, at }: CallRow, series: Series, { kind, party }: Fault): FaultSums {
    const faults = getOr(this.#minuteOf(startOf(SPANS[0], at)).faults, this.#names.series(series), () => new Map());
    const sums = getOr(faults, `${kind} ${party}`, () => {
      return { kind, party, calls: 0, attempts: 0, firstAt: at, lastAt: at, lastSeq: seq };
    });
    sums.firstAt = Math.min(sums.firstAt, at);
    sums.lastAt = Math.max(sums.lastAt, at);
    sums.lastSeq = Math.max(sums.lastSeq, seq);
    return sums;
  }

  #addUser({ at }: CallRow, series: number, named: string, values: Float64Array): void {
    const day = startOf(USERS, at);
    const endUser = this.#names.user(day, named);
    const user = getOr(this.users, `${day} ${series} ${endUser}`, () => {
      return { at: day, series, endUser, values: new Float64Array(SUMS.length) };
    });
    addTo(user.values, values);
  }

  #addIds({ seq, upstreamId, callerId, trace }: CallRow, attempts: readonly AttemptRecord[] | null): void {
    if (upstreamId !== null) this.ids.push([placeOf(upstreamId, seq), seq]);
    if (callerId !== null) this.ids.push([placeOf(callerId, seq), seq]);
    if (trace !== null) this.ids.push([placeOf(trace.slice(0, 32), seq), seq]);
    for (const attempt of attempts ?? []) {
      if (attempt.upstreamId !== null) this.ids.push([placeOf(attempt.upstreamId, seq), seq]);
    }
  }
}

/** The sums of one call; the same block each time. */
function valuesOf(row: CallRow, attempts: readonly AttemptRecord[] | null): Float64Array {
  const { kind } = row;
  VALUES.fill(0);
  VALUES[SUM.calls] = 1;
  VALUES[SUM[kind.outcome]] = 1;
  VALUES[SUM.attempts] = kind.attemptCount;
  VALUES[SUM.input_tokens] = row.inputTokens ?? 0;
  VALUES[SUM.output_tokens] = row.outputTokens ?? 0;
  VALUES[SUM.cached_tokens] = row.cachedTokens ?? 0;
  VALUES[SUM.reasoning_tokens] = row.reasoningTokens ?? 0;
  VALUES[SUM.cost] = row.cost ?? 0;
  if (row.cost === null && row.inputTokens !== null) VALUES[SUM.unpriced] = 1;
  if (attempts !== null) countAttempts(row, attempts);
  return VALUES;
}

const VALUES = new Float64Array(SUMS.length);

/** What is to be said of calls that something happened to: their retries, and what was for nothing. */
function countAttempts({ kind: { outcome }, cost, notes }: CallRow, attempts: readonly AttemptRecord[]): void {
  let wasted = 0;
  for (const { reason, fault } of attempts) {
    const counted = countedAs(reason);
    if (counted !== null) VALUES[SUM[counted]] = (VALUES[SUM[counted]] ?? 0) + 1;
    if (fault !== null) wasted += 1;
  }
  const last = attempts.at(-1);
  if (outcome !== 'answered' && last !== undefined && last.fault === null) wasted += 1;
  VALUES[SUM.wasted_attempts] = wasted;
  const whole = cost ?? 0;
  const failedAttempts = Math.min(whole, Number(WASTED.exec(notes ?? '')?.[1] ?? 0) * DOLLAR);
  VALUES[SUM.waste_failed_attempts] = failedAttempts;
  if (outcome === 'failed') VALUES[SUM.waste_failed_calls] = whole - failedAttempts;
  else if (outcome === 'interrupted') VALUES[SUM.waste_interrupted] = whole - failedAttempts;
  else if (outcome === 'cancelled') VALUES[SUM.waste_abandoned] = whole - failedAttempts;
}

function countedAs(reason: string): 'retries' | 'fallbacks' | 'hedges' | null {
  switch (reason) {
    case 'retry':
      return 'retries';
    case 'fallback':
      return 'fallbacks';
    case 'hedge':
      return 'hedges';
    default:
      return null;
  }
}

function seriesOf({ tenant, workload, route, model, target }: Kind): Series {
  return { tenant, workload, route, model, target };
}

function addTo(sums: Float64Array, values: Float64Array): void {
  for (let place = 0; place < sums.length; place += 1) sums[place] = (sums[place] ?? 0) + (values[place] ?? 0);
}

function getOr<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}
