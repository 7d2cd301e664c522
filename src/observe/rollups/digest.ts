import type { Fault } from '../../engine/fault/fault.ts';
import type { AttemptRecord, CallOutcome } from '../../engine/record.ts';
import { type AttemptCounts, AttemptSums, CallSums, FaultSums, SUM, SUMS } from './call-sums.ts';
import { IdPlaces } from './call-id.ts';
import { type Facet, FAULTY, type Names } from './facets.ts';
import { type Span, SPANS, startOf, USERS } from './spans.ts';

/** What many calls have in common, as far as it is added up. */
export interface Kind extends Names {
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

/** What attempts that failed, or lost a race, have probably cost, as the notes of their call tell it: `wasted: $0.0123`. */
const WASTED = /"wasted: \$([\d.]+)"/;
const RACED = /"raced: \$([\d.]+)"/;

const DOLLAR = 1_000_000;

/** What a user's sums, and a kind's sums of a minute with their sketches, take beside an id. */
const USER_WEIGHT = 6;
const KIND_WEIGHT = 40;

/** The sums of one minute, or of a longer span, by the number of their series. */
export interface SpanSums {
  readonly at: number;
  readonly calls: Map<number, CallSums>;
  readonly attempts: Map<number, AttemptSums>;
  /** By series, kind and party. */
  readonly faults: Map<number, Map<string, FaultSums>>;
}

/** Sums of every combination of names in one hour: plain numbers. */
export interface HourSums {
  readonly at: number;
  readonly calls: Map<number, Float64Array>;
  readonly attempts: Map<number, AttemptCounts>;
}

/** What one user came to in a day. */
export interface UserSums {
  readonly at: number;
  readonly series: number;
  readonly endUser: string;
  readonly values: Float64Array;
}

/** The numbers of the series that the calls of one kind belong to. */
export interface KindSeries {
  /** Of every facet that is drawn, in their order. */
  readonly drawn: readonly number[];
  readonly each: number;
  /** Of the one attempt of a call that went the ordinary way. */
  readonly served: number;
  readonly hit: number;
}

/** Gives numbers and names to what is told apart, a bounded number of them. */
export interface Register {
  series(facet: Facet, names: Names): number;
  seriesOfKind(kind: Kind): KindSeries;
  user(day: number, user: string): string;
}

/** Where the sums of one kind of calls are at the moment: calls come in runs of a kind. */
interface Shortcut {
  readonly minute: number;
  readonly series: KindSeries;
  /** Of this kind alone: every facet that is drawn gets them when the sums are asked for. */
  readonly own: CallSums;
  /** Of its own combination of names. */
  readonly each: Float64Array;
  /** Of the attempt of a call that went the ordinary way. */
  attempts: readonly [AttemptSums, AttemptCounts] | null;
}

/**
 * Adds calls up, in memory: by the minute, and by what they have in common. Pure: numbers and names are given by somebody
 * else.
 */
export class Digest {
  readonly minutes: Map<number, SpanSums> = new Map();
  readonly hours: Map<number, HourSums> = new Map();
  readonly users: Map<string, UserSums> = new Map();
  readonly ids: IdPlaces = new IdPlaces();
  readonly #register: Register;
  readonly #shortcuts = new Map<Kind, Shortcut>();
  /** All that have been made since the sums were asked for. */
  #apart: Shortcut[] = [];

  constructor(register: Register) {
    this.#register = register;
  }

  /** Roughly how much it holds, in ids of 50 bytes: all of it waits in memory. */
  get weight(): number {
    return this.ids.count + this.users.size * USER_WEIGHT + this.#apart.length * KIND_WEIGHT;
  }

  add(row: CallRow): void {
    const shortcut = this.#shortcutOf(row);
    const attempts = row.attempts === null ? null : (JSON.parse(row.attempts) as readonly AttemptRecord[]);
    const values = valuesOf(row, attempts);
    const { own } = shortcut;
    addTo(own.values, values);
    if (isWhole(row.kind)) addLatencies(own, row);
    if (attempts === null) this.#addSole(row, shortcut);
    else for (const attempt of attempts) this.#addAttempt(row, attempt);
    if (row.fault !== null && isWhole(row.kind)) this.#addTold(row, JSON.parse(row.fault) as Fault, attempts?.at(-1));
    if (row.endUser !== null) this.#addUser(row, shortcut.series.each, row.endUser, values);
    this.#addIds(row, attempts);
  }

  /** Brings together what was added up apart, kind by kind. To be called before the sums are read. */
  settle(): void {
    for (const { minute, series, own, each } of this.#apart) {
      const { calls } = this.#minuteOf(minute);
      for (const number of series.drawn) getOr(calls, number, () => new CallSums()).merge(own);
      addTo(each, own.values);
    }
    this.#apart = [];
    this.#shortcuts.clear();
  }

  #shortcutOf({ kind, at }: CallRow): Shortcut {
    const minute = startOf(SPANS[0], at);
    const known = this.#shortcuts.get(kind);
    if (known !== undefined && known.minute === minute) return known;
    const series = this.#register.seriesOfKind(kind);
    const shortcut: Shortcut = {
      minute,
      series,
      own: new CallSums(),
      each: getOr(this.#hourOf(at).calls, series.each, () => new Float64Array(SUMS.length)),
      attempts: null,
    };
    this.#shortcuts.set(kind, shortcut);
    this.#apart.push(shortcut);
    return shortcut;
  }

  #minuteOf(at: number): SpanSums {
    return getOr(this.minutes, at, () => ({ at, calls: new Map(), attempts: new Map(), faults: new Map() }));
  }

  #hourOf(moment: number): HourSums {
    const at = startOf(SPANS[1], moment);
    return getOr(this.hours, at, () => ({ at, calls: new Map(), attempts: new Map() }));
  }

  /** A call that went the ordinary way keeps its attempt in its own columns. */
  #addSole({ at, attemptStartedUs, attemptDurationUs, firstContentUs }: CallRow, shortcut: Shortcut): void {
    shortcut.attempts ??= this.#attemptsOf(at, shortcut.series);
    const [sums, counts] = shortcut.attempts;
    sums.attempts += 1;
    counts.attempts += 1;
    sums.duration.add(attemptDurationUs ?? 0);
    if (firstContentUs !== null) sums.firstContent.add(Math.max(0, firstContentUs - (attemptStartedUs ?? 0)));
  }

  #addAttempt(row: CallRow, attempt: AttemptRecord): void {
    const { reason, durationMs, firstContentMs, startedMs, fault, model, target } = attempt;
    const names = { ...row.kind, model, target };
    const served = this.#register.series('served', names);
    const hit = this.#register.series('hit', names);
    const [sums, counts] = this.#attemptsOf(row.at, { served, hit });
    const counted = countedAs(reason);
    for (const one of [sums, counts]) {
      one.attempts += 1;
      if (counted !== null) one[counted] += 1;
    }
    sums.duration.add(durationMs * 1000);
    if (firstContentMs !== null) sums.firstContent.add(Math.max(0, firstContentMs - startedMs) * 1000);
    if (fault !== null) this.#addFault(row, names, fault, 'attempts');
  }

  #attemptsOf(at: number, { served, hit }: Pick<KindSeries, 'served' | 'hit'>): readonly [AttemptSums, AttemptCounts] {
    return [
      getOr(this.#minuteOf(startOf(SPANS[0], at)).attempts, served, () => new AttemptSums()),
      getOr(this.#hourOf(at).attempts, hit, () => ({ attempts: 0, retries: 0, fallbacks: 0, hedges: 0 })),
    ];
  }

  /** What the caller was told, at the target and with the model of its last attempt. */
  #addTold(row: CallRow, fault: Fault, last: AttemptRecord | undefined): void {
    const names = last === undefined ? row.kind : { ...row.kind, model: last.model, target: last.target };
    this.#addFault(row, names, fault, 'calls');
  }

  #addFault({ seq, at }: CallRow, names: Names, { kind, party }: Fault, counted: 'calls' | 'attempts'): void {
    const { faults } = this.#minuteOf(startOf(SPANS[0], at));
    const one = { calls: 0, attempts: 0, [counted]: 1, firstAt: at, lastAt: at, lastSeq: seq };
    for (const facet of FAULTY) {
      const kinds = getOr(faults, this.#register.series(facet, names), () => new Map<string, FaultSums>());
      getOr(kinds, `${kind} ${party}`, () => new FaultSums(kind, party)).merge(one);
    }
  }

  #addUser({ at }: CallRow, series: number, named: string, values: Float64Array): void {
    const day = startOf(USERS, at);
    const endUser = this.#register.user(day, named);
    const user = getOr(this.users, `${day} ${series} ${endUser}`, () => {
      return { at: day, series, endUser, values: new Float64Array(SUMS.length) };
    });
    addTo(user.values, values);
  }

  #addIds({ seq, upstreamId, callerId, trace }: CallRow, attempts: readonly AttemptRecord[] | null): void {
    if (upstreamId !== null) this.ids.add(upstreamId, seq);
    if (callerId !== null) this.ids.add(callerId, seq);
    if (trace !== null) this.ids.add(trace.slice(0, 32), seq);
    for (const attempt of attempts ?? []) {
      if (attempt.upstreamId !== null) this.ids.add(attempt.upstreamId, seq);
    }
  }
}

/** The sums of one call; the same block each time. */
function valuesOf(row: CallRow, attempts: readonly AttemptRecord[] | null): Float64Array {
  const { kind } = row;
  VALUES.fill(0);
  if (isWhole(kind)) {
    VALUES[SUM.calls] = 1;
    VALUES[SUM[kind.outcome]] = 1;
  }
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

/** An attempt at a job that is tried again is a part of a call: its attempts and its cost count, and it does not. */
function isWhole(kind: Kind): kind is Kind & { readonly outcome: Exclude<CallOutcome, 'retried'> } {
  return kind.outcome !== 'retried';
}

function addLatencies(sums: CallSums, { durationUs, firstContentUs, overheadUs }: CallRow): void {
  sums.duration.add(durationUs);
  sums.overhead.add(overheadUs);
  if (firstContentUs !== null) sums.firstContent.add(firstContentUs);
}

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
  const raced = Math.min(whole, told(RACED, notes));
  const failed = Math.min(whole - raced, told(WASTED, notes));
  const rest = whole - raced - failed;
  VALUES[SUM.waste_hedges] = raced;
  VALUES[SUM.waste_failed_attempts] = outcome === 'retried' ? failed + rest : failed;
  if (outcome === 'failed') VALUES[SUM.waste_failed_calls] = rest;
  else if (outcome === 'interrupted') VALUES[SUM.waste_interrupted] = rest;
  else if (outcome === 'cancelled') VALUES[SUM.waste_abandoned] = rest;
}

/** An amount that the notes tell, in millionths of a dollar; 0 where they do not. */
function told(amount: RegExp, notes: string | null): number {
  return notes === null ? 0 : Number(amount.exec(notes)?.[1] ?? 0) * DOLLAR;
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

function addTo(sums: Float64Array, values: Float64Array): void {
  for (let place = 0; place < sums.length; place += 1) sums[place] = (sums[place] ?? 0) + (values[place] ?? 0);
}

/** The sums of a longer span, from those of shorter ones that it is made of. */
export function coarsened(parts: readonly SpanSums[], span: Span): readonly SpanSums[] {
  const [sole, ...others] = parts;
  // As it is nearly always: within one minute, whose sums are those of its hour and day, too.
  if (sole !== undefined && others.length === 0) return [{ ...sole, at: startOf(span, sole.at) }];
  const whole = new Map<number, SpanSums>();
  for (const { at, calls, attempts, faults } of parts) {
    const start = startOf(span, at);
    const sums = getOr(whole, start, () => ({ at: start, calls: new Map(), attempts: new Map(), faults: new Map() }));
    for (const [series, one] of calls) getOr(sums.calls, series, () => new CallSums()).merge(one);
    for (const [series, one] of attempts) getOr(sums.attempts, series, () => new AttemptSums()).merge(one);
    for (const [series, kinds] of faults) {
      const merged = getOr(sums.faults, series, () => new Map<string, FaultSums>());
      for (const [key, one] of kinds) getOr(merged, key, () => new FaultSums(one.kind, one.party)).merge(one);
    }
  }
  return [...whole.values()];
}

function getOr<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}
