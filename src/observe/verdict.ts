import { wilson } from './queries/wilson.ts';

/** One number for each step of time; null where nothing is known. */
type Steps = readonly (number | null)[];

/** What a verdict is drawn from: the last hour, minute by minute, and how the targets stand now. */
export interface Situation {
  /** Wall time, ms since 1970. */
  readonly now: number;
  /** Start of each step, ms since 1970. */
  readonly at: readonly number[];
  readonly calls: Steps;
  readonly answered: Steps;
  /** Calls that were told a fault, by its kind and by who has to act. */
  readonly faults: readonly { readonly kind: string; readonly party: string; readonly calls: Steps }[];
  /** Median time until the first content, ms. */
  readonly firstContentMs: Steps;
  readonly targets: readonly { readonly id: string; readonly breaker: 'closed' | 'open' | 'half-open' }[];
  readonly cells: readonly Cell[];
}

interface Cell {
  readonly target: string;
  readonly model: string | null;
  readonly attempts: Steps;
  /** Those that tell against the target. */
  readonly errors: Steps;
  /** The most frequent first. */
  readonly faults: readonly { readonly kind: string }[];
}

/**
 * How things stand, in one sentence for a tired person.
 *
 * - `harm`: callers are failing, through no fault of their own.
 * - `worn`: a target is, and callers hardly notice.
 * - `well`: neither.
 * - `unknown`: nothing came lately, so nothing can be said. Silence is not health.
 */
export interface Verdict {
  readonly tone: 'harm' | 'worn' | 'well' | 'unknown';
  readonly sentence: string;
  readonly detail: string;
  /** There was no call at all. */
  readonly quiet: boolean;
}

/** "Now" is so many steps: long enough for a few calls of most applications, short enough to be news. */
const RECENT = 5;

/** A target fails when more than this share of its attempts do, beyond what chance explains. */
const ERRING = 0.05;

/** Callers are harmed when more than this share of their calls fails, beyond what chance explains. */
const HARMING = 0.01;

/** Fewer failures than this are no pattern. */
const LEAST = 3;

/** What callers wait longer is worth a word from here on, ms. */
const NOTICED_MS = 100;

interface Degraded {
  readonly id: string;
  readonly open: boolean;
  /** Step since which it fails. */
  readonly since: number;
  readonly attempts: number;
  readonly errors: number;
  /** The models that are hit. */
  readonly models: readonly (string | null)[];
  /** Others of its models are well. */
  readonly inPart: boolean;
  readonly mostly: string | null;
}

/** Judges the last hour. Pure: the same situation gets the same verdict. */
export function judge(situation: Situation): Verdict {
  const { calls, answered, at, now } = situation;
  const all = sum(calls);
  // Jobs that are tried again and again are heard of by their attempts alone.
  const tried = situation.cells.reduce((total, { attempts }) => total + sum(attempts), 0);
  if (all === 0 && tried === 0) {
    return { tone: 'unknown', sentence: 'No calls in the last hour. Send one:', detail: '', quiet: true };
  }
  const degraded = situation.targets.flatMap((target) => degradedTarget(situation, target));
  const harm = harmOf(situation);
  if (degraded.length === 0 && harm === null && sum(recent(calls)) === 0) {
    const last = at[calls.findLastIndex((value) => value !== null && value > 0)];
    const since = last === undefined ? 'in the last hour' : `for ${minutes(now - last)}`;
    const sentence = `No calls ${since}, so nothing is known of now`;
    return { tone: 'unknown', sentence, detail: `${howManyCalls(all)} in the last hour.`, quiet: false };
  }
  const share = all === 0 ? '' : `, ${percent(sum(answered) / all)} answered`;
  const whole = `${howManyCalls(all)} in the last hour${share}.`;
  if (degraded.length === 0 && harm === null) {
    return { tone: 'well', sentence: `All well: ${whole.slice(0, -1)}`, detail: pace(situation), quiet: false };
  }
  const parts = [...degradedParts(situation, degraded), ...callersParts(situation, degraded, harm)];
  const details = [...degraded.map(degradedDetail), ...(harm === null ? [] : [harm.detail]), whole];
  return {
    tone: harm === null ? 'worn' : 'harm',
    sentence: capital(parts.join('; ')),
    detail: details.join(' '),
    quiet: false,
  };
}

/** A target whose breaker is not closed, or whose attempts fail lately more than chance explains. */
function degradedTarget({ cells, at }: Situation, { id, breaker }: Situation['targets'][number]): Degraded[] {
  const own = cells.filter(({ target }) => target === id);
  const attempts = at.map((_, step) => own.reduce((total, cell) => total + (cell.attempts[step] ?? 0), 0));
  const errors = at.map((_, step) => own.reduce((total, cell) => total + (cell.errors[step] ?? 0), 0));
  const [tried, failed] = [sum(recent(attempts)), sum(recent(errors))];
  const failing = failed >= LEAST && leastShare(failed, tried) > ERRING;
  if (!failing && breaker === 'closed') return [];
  let since = at.length - 1;
  for (let step = since; step >= 0; step -= 1) {
    if (attempts[step] === 0) continue;
    if ((errors[step] ?? 0) <= (attempts[step] ?? 0) * ERRING) break;
    since = step;
  }
  const failures = (cell: Cell): number => sum(recent(cell.errors));
  const hit = own.filter((cell) => leastShare(failures(cell), sum(recent(cell.attempts))) > ERRING);
  const [worst] = hit.toSorted((one, other) => failures(other) - failures(one));
  const inPart = breaker === 'closed' && hit.length > 0 && hit.length < own.length;
  const models = [...new Set((hit.length > 0 ? hit : own).map(({ model }) => model))];
  const mostly = worst?.faults[0]?.kind ?? null;
  return [{ id, open: breaker === 'open', since, attempts: tried, errors: failed, models, inPart, mostly }];
}

/** Calls that failed lately, and not by their callers' doing. */
function harmOf({
  calls,
  faults,
}: Situation): { readonly share: number; readonly kind: string; readonly detail: string } | null {
  const counts = faults
    .filter(({ party }) => party !== 'caller')
    .map((fault) => ({ kind: fault.kind, calls: sum(recent(fault.calls)) }))
    .toSorted((one, other) => other.calls - one.calls);
  const failed = counts.reduce((total, fault) => total + fault.calls, 0);
  const all = Math.max(failed, sum(recent(calls)));
  const [first] = counts;
  if (first === undefined || failed < LEAST || leastShare(failed, all) <= HARMING) return null;
  const detail = `${count(failed)} of ${count(all)} calls failed in the last ${RECENT} minutes, mostly ${first.kind}.`;
  return { share: failed / all, kind: first.kind, detail };
}

function degradedParts({ at, now, cells }: Situation, degraded: readonly Degraded[]): string[] {
  if (degraded.length === 0) return [];
  const since = Math.min(...degraded.map((target) => at[target.since] ?? now));
  const names = degraded.map(({ id, models, inPart }) => (inPart ? `${id} ${models.join(', ')}` : id)).join(' and ');
  const how = degraded.every(({ open }) => open) ? 'out' : 'degraded';
  const diverted = divertedShare(cells, degraded);
  return [
    `${names} ${how} ${minutes(now - since)}`,
    diverted === null ? 'nothing answers in its place' : `${percent(diverted)} diverted`,
  ];
}

/** Of what was answered lately of the models that are hit: the share that other targets answered. Null: there is no other. */
function divertedShare(cells: readonly Cell[], degraded: readonly Degraded[]): number | null {
  const out = new Set(degraded.map(({ id }) => id));
  const models = new Set(degraded.flatMap((target) => target.models));
  const others = cells.filter(({ target }) => !out.has(target));
  // A target elsewhere may know the model by another name, so where none has the same, any other counts.
  const same = others.filter(({ model }) => models.has(model));
  const elsewhere = (same.length > 0 ? same : others).reduce((total, cell) => total + answeredBy(cell), 0);
  if (elsewhere === 0) return null;
  const hit = cells.filter(({ target, model }) => out.has(target) && models.has(model));
  return elsewhere / (elsewhere + hit.reduce((total, cell) => total + answeredBy(cell), 0));
}

function answeredBy({ attempts, errors }: Cell): number {
  return Math.max(0, sum(recent(attempts)) - sum(recent(errors)));
}

function callersParts(situation: Situation, degraded: readonly Degraded[], harm: ReturnType<typeof harmOf>): string[] {
  if (harm !== null) {
    const failing = `${percent(harm.share)} of calls fail`;
    return degraded.length === 0 ? [`callers are failing: ${failing}, mostly ${harm.kind}`] : [`callers: ${failing}`];
  }
  const { calls, firstContentMs } = situation;
  if (sum(recent(calls)) === 0) return [];
  const since = Math.min(...degraded.map((target) => target.since));
  const [now, before] = [mean(recent(firstContentMs)), mean(firstContentMs.slice(0, since))];
  if (now === null || before === null) return ['callers: answered all the same'];
  const longer = now - before;
  return [longer < NOTICED_MS ? 'callers notice nothing' : `callers: +${(longer / 1000).toFixed(1)} s`];
}

function degradedDetail({ id, attempts, errors, mostly, open }: Degraded): string {
  const breaker = open ? ' Its breaker is open, and probes find out when it is back.' : '';
  if (errors === 0) return `${id} is being tried again.${breaker}`;
  const what = mostly === null ? '' : `, mostly ${mostly}`;
  return `${id}: ${count(errors)} of ${count(attempts)} attempts failed in the last ${RECENT} minutes${what}.${breaker}`;
}

function pace({ firstContentMs }: Situation): string {
  const ms = mean(recent(firstContentMs));
  if (ms === null) return '';
  return `Half of the answers begin within ${ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`}.`;
}

/** The least that the true share may well be: what few failures among few tries prove is little. */
function leastShare(part: number, whole: number): number {
  return wilson(part, whole)?.[0] ?? 0;
}

function recent(steps: Steps): Steps {
  return steps.slice(-RECENT);
}

function sum(steps: Steps): number {
  return steps.reduce((total: number, value) => total + (value ?? 0), 0);
}

function mean(steps: Steps): number | null {
  const known = steps.filter((value) => value !== null);
  return known.length === 0 ? null : sum(known) / known.length;
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

function howManyCalls(value: number): string {
  return `${count(value)} ${value === 1 ? 'call' : 'calls'}`;
}

function minutes(ms: number): string {
  const whole = Math.max(1, Math.round(ms / 60_000));
  return whole < 60 ? `${whole} min` : 'over an hour';
}

function percent(share: number): string {
  const value = share * 100;
  if (value > 99.9 && value < 100) return '> 99.9 %';
  return `${value < 10 || value > 99 ? Number(value.toFixed(1)) : Math.round(value)} %`;
}

function capital(text: string): string {
  return text.startsWith('callers') ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}
