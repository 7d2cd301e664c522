import { backoff } from './health/backoff.ts';
import type { Call } from './call.ts';
import type { Random } from './clock.ts';
import { faultOf } from './fault/index.ts';
import type { Fault, FaultKind } from './fault/fault.ts';
import type { RetryPolicy } from './policy.ts';
import type { AttemptReason } from './record.ts';
import type { Target } from './target.ts';

/**
 * A wait longer than this is spent elsewhere when there is an elsewhere: another target answers sooner, and the one that
 * asked for time gets it.
 */
const PATIENCE_MS = 1000;

/**
 * Longest backoff before a retry while another target stands, ms: the retry is to tell an accident from an outage, and as soon
 * as that is known this call and the next go to the other. Alone, a target gets the whole backoff to recover in.
 */
const DOUBT_MS = 100;

/** Faults of a target that has too much to do: asking it again at once makes them worse, whoever else stands. */
const PRESSED: ReadonlySet<FaultKind> = new Set([
  'rate-limit-requests',
  'rate-limit-tokens',
  'slow-down',
  'overloaded',
]);

/** A target whose limits are used up keeps this part of its weight, or nobody would learn that they are not any more. */
const LEAST_SHARE = 0.01;

/** A target within a ladder, and what to ask it for. */
export interface Candidate {
  readonly target: Target;
  readonly model: string | null;
  readonly weight: number;
}

/** What a plan needs to know of the route. */
export interface PlanRules {
  readonly ladder: readonly (readonly Candidate[])[];
  readonly retry: RetryPolicy;
  readonly fallbackOn: ReadonlySet<FaultKind>;
}

/** What to do next, and why. */
export type Step =
  | {
      readonly kind: 'try';
      readonly candidate: Candidate;
      readonly waitMs: number;
      readonly reason: AttemptReason;
      /** Its breaker is open, but so is every other: this one is the least bad. */
      readonly forced: boolean;
    }
  | { readonly kind: 'stop'; readonly fault: Fault };

/** Faults after which the provider has certainly not begun to work on the call. */
const UNBEGUN: ReadonlySet<FaultKind> = new Set([
  'rate-limit-requests',
  'rate-limit-tokens',
  'slow-down',
  'circuit-open',
  'shed',
]);

/** What Holdfast decided itself; a provider's own words explain more. */
const LOCAL: ReadonlySet<FaultKind> = new Set(['circuit-open', 'retry-budget', 'no-target']);

/** May the call be sent again after this fault without risk of doing something twice? */
function repeatable(call: Call, fault: Fault): boolean {
  if (call.body !== null && 'kind' in call.body) return false;
  if (call.operation !== 'passthrough' || call.method === 'GET' || call.method === 'HEAD') return true;
  if (fault.kind === 'timeout') return fault.detail === 'connect';
  if (fault.kind === 'network') return fault.detail === 'dns' || fault.detail === 'refused';
  return UNBEGUN.has(fault.kind);
}

/**
 * Decides, for one call, which target to try when: the first by weight, a retry after a wait, the next on the ladder, or
 * no more. Decides only; making attempts and waiting is the route's work.
 */
export class Plan {
  readonly #call: Call;
  readonly #rules: PlanRules;
  readonly #deadlineAt: number;
  readonly #random: Random;
  #tried: readonly Target[] = NONE;
  #rung = 0;
  #current: Candidate | null = null;
  #waitedMs = 0;
  #told: Fault | null = null;
  /** The last candidate that failed, for when none of those after it can be asked. */
  #failed: { readonly candidate: Candidate; readonly rung: number; readonly fault: Fault } | null = null;

  constructor(call: Call, rules: PlanRules, deadlineAt: number, random: Random) {
    this.#call = call;
    this.#rules = rules;
    this.#deadlineAt = deadlineAt;
    this.#random = random;
  }

  /** The first attempt: by weight within the first rung that has a target in health, else the least bad of all. */
  first(now: number): Step {
    const { ladder, fallbackOn } = this.#rules;
    const reach = fallbackOn.has('circuit-open') ? this.#reach(now) : 1;
    const found = this.#climb(0, reach, now);
    if (found !== null)
      return this.#try(found.candidate, found.rung, 0, found.rung === 0 ? 'first' : 'fallback', false);
    const reachable = ladder.slice(0, reach).flat();
    const leastBad = reachable.reduce<Candidate | null>((best, candidate) => {
      if (this.#dead(candidate, now) !== null) return best;
      if (best === null) return candidate;
      return candidate.target.breaker.readyAt(now) < best.target.breaker.readyAt(now) ? candidate : best;
    }, null);
    if (leastBad === null) return { kind: 'stop', fault: this.#deadest(reachable, now) ?? faultOf('no-target', {}) };
    const rung = ladder.findIndex((candidates) => candidates.includes(leastBad));
    return this.#try(leastBad, rung, 0, 'first', true);
  }

  /** What to do after the current attempt failed with `fault`. */
  next(fault: Fault, now: number): Step {
    if (!LOCAL.has(fault.kind)) this.#told = fault;
    const current = this.#current;
    const over = current === null || fault.kind === 'cancelled' || now >= this.#deadlineAt;
    if (over || this.#tried.length >= this.#rules.retry.maxAttempts || !repeatable(this.#call, fault))
      return this.#stop(fault);

    this.#failed = { candidate: current, rung: this.#rung, fault };
    const elsewhere = fault.retry.elsewhere && this.#rules.fallbackOn.has(fault.kind);
    const sibling = elsewhere ? this.#climb(this.#rung, this.#rung + 1, now) : null;
    if (sibling !== null) return this.#try(sibling.candidate, this.#rung, 0, 'fallback', false);

    const next = elsewhere ? this.#climb(this.#rung + 1, this.#rules.ladder.length, now) : null;
    const waitMs = this.#waitHere(current.target, fault, next !== null, now);
    // A target that fails others too is not waited for when there is another: that would feed the failure.
    const hopeful = !current.target.breaker.failing;
    if (hopeful && waitMs !== null && waitMs <= PATIENCE_MS && current.target.budget.take()) {
      return this.#again(current, waitMs);
    }
    if (next !== null) return this.#try(next.candidate, next.rung, 0, 'fallback', false);
    const left = waitMs !== null && (!hopeful || waitMs > PATIENCE_MS);
    if (left && current.target.budget.take()) return this.#again(current, waitMs);
    return this.#stop(fault);
  }

  /**
   * What to do after the current target could not be asked at all, because its wire has no words for the call. That says
   * nothing of how it does: the next one is asked, whatever the ladder is otherwise climbed for, and this one not again. When
   * there is none, the last that failed may still be worth the wait for which it was left.
   */
  pass(fault: Fault, now: number): Step {
    if (now >= this.#deadlineAt) return this.#stop(fault);
    const next = this.#climb(this.#rung, this.#rules.ladder.length, now);
    if (next !== null) return this.#try(next.candidate, next.rung, 0, 'fallback', false);
    const failed = this.#failed;
    const waitMs = failed === null ? null : this.#waitHere(failed.candidate.target, failed.fault, false, now);
    if (failed === null || waitMs === null || !failed.candidate.target.budget.take()) return this.#stop(fault);
    this.#rung = failed.rung;
    return this.#again(failed.candidate, waitMs);
  }

  /** The equally good targets that the current attempt was chosen from. */
  get rung(): readonly Candidate[] {
    return this.#rules.ladder[this.#rung] ?? [];
  }

  /**
   * Where a second attempt can run beside the current one: at another target of its rung, at one of the next rung that has the
   * same model, or at the same target. Null when none of them can be expected to take it at once.
   */
  beside(now: number): Candidate | null {
    const current = this.#current;
    if (current === null || this.#tried.length >= this.#rules.retry.maxAttempts) return null;
    const next = this.#rules.ladder[this.#rung + 1] ?? [];
    const same = next.filter((candidate) => candidate.model === current.model);
    const others = [...this.rung.filter((candidate) => candidate.target !== current.target), ...same];
    const found = others.find((candidate) => this.#fresh(candidate, now) && this.#atEase(candidate, now));
    const chosen = found ?? (others.length === 0 && this.#atEase(current, now) ? current : null);
    if (chosen !== null) this.#tried = [...this.#tried, chosen.target];
    return chosen;
  }

  /** Nothing speaks against one more call here, at once. */
  #atEase({ target, model }: Candidate, now: number): boolean {
    if (!target.breaker.ready(now) || target.breaker.failing || target.suspicion.suspect(now)) return false;
    return target.account.outletFor(model ?? this.#call.model).turnInMs(this.#call, now) <= 0;
  }

  /** How long to wait before trying the same target again; null when that is not worth it. */
  #waitHere(target: Target, fault: Fault, anotherStands: boolean, now: number): number | null {
    const { retry } = this.#rules;
    const tries = this.#tried.filter((tried) => tried === target).length;
    if (!fault.retry.here || tries >= retry.attempts) return null;
    const hint = fault.retry.afterMs;
    const hurried = anotherStands && !PRESSED.has(fault.kind);
    const policy = hurried ? { ...retry, capMs: Math.min(retry.capMs, DOUBT_MS) } : retry;
    // A little chance on top of a hint: all who were told the same moment must not return in the same moment.
    const waitMs =
      hint === null ? backoff(policy, tries, this.#waitedMs, this.#random) : hint + (hint / 10) * this.#random();
    if (waitMs > retry.maxWaitMs || now + waitMs >= this.#deadlineAt) return null;
    return target.breaker.readyAt(now) > now + waitMs ? null : waitMs;
  }

  /** The next candidate from this rung on: one in good health if there is any, else one that works badly. */
  #climb(from: number, to: number, now: number): { candidate: Candidate; rung: number } | null {
    const { ladder } = this.#rules;
    let suspect: { candidate: Candidate; rung: number } | null = null;
    for (let rung = from; rung < to; rung += 1) {
      const fresh = those(ladder[rung] ?? [], (candidate) => this.#fresh(candidate, now));
      if (fresh.length === 0) continue;
      const well = those(
        fresh,
        (candidate) => !candidate.target.suspicion.avoid(now, this.#random) && !this.#crowded(candidate, now),
      );
      const candidate = this.#pick(well, now);
      if (candidate !== null) return { candidate, rung };
      suspect ??= { candidate: this.#pick(fresh, now) as Candidate, rung };
    }
    return suspect;
  }

  /** How many rungs a first attempt may look at: none beyond one that is out of use for a reason not to be passed over. */
  #reach(now: number): number {
    const { ladder, fallbackOn } = this.#rules;
    for (let rung = 0; rung < ladder.length; rung += 1) {
      let barred = false;
      let alive = false;
      for (const candidate of ladder[rung] ?? []) {
        const fault = this.#dead(candidate, now);
        if (fault === null) alive = true;
        else if (!fallbackOn.has(fault.kind)) barred = true;
      }
      if (barred && !alive) return rung + 1;
    }
    return ladder.length;
  }

  /** Why the candidate's key is not worth an attempt now; null when it is. */
  #dead({ target, model }: Candidate, now: number): Fault | null {
    return target.standing.refuses(model ?? this.#call.model, now);
  }

  /** Every key is dead: the fault of the one that is tried again first. */
  #deadest(candidates: readonly Candidate[], now: number): Fault | null {
    return candidates.reduce<Fault | null>((soonest, candidate) => {
      const fault = this.#dead(candidate, now);
      return soonest === null || (fault?.retry.afterMs ?? 0) < (soonest.retry.afterMs ?? 0) ? fault : soonest;
    }, null);
  }

  /** Would the call have to wait here for longer than an answer from elsewhere takes? */
  #crowded({ target, model }: Candidate, now: number): boolean {
    const call = this.#call;
    // Background work has time, and what is further up the ladder is often dearer.
    if (call.caller.lane === 'background') return false;
    return target.account.outletFor(model ?? call.model).turnInMs(call, now) > PATIENCE_MS;
  }

  /** One of the candidates, by weight and by how much of its limits is left; null when there is none. */
  #pick(fresh: readonly Candidate[], now: number): Candidate | null {
    const only = fresh[0];
    if (fresh.length <= 1) return only ?? null;
    const shares = fresh.map((candidate) => this.#share(candidate, now));
    let chance = this.#random() * shares.reduce((sum, share) => sum + share, 0);
    for (const [at, candidate] of fresh.entries()) {
      chance -= shares[at] as number;
      if (chance < 0) return candidate;
    }
    return fresh.at(-1) ?? null;
  }

  #share({ target, model, weight }: Candidate, now: number): number {
    return weight * Math.max(LEAST_SHARE, target.account.outletFor(model ?? this.#call.model).pacer.headroom(now));
  }

  #fresh(candidate: Candidate, now: number): boolean {
    const { target } = candidate;
    return !this.#tried.includes(target) && target.breaker.ready(now) && this.#dead(candidate, now) === null;
  }

  #again(candidate: Candidate, waitMs: number): Step {
    this.#waitedMs = waitMs;
    return this.#try(candidate, this.#rung, waitMs, 'retry', false);
  }

  #try(candidate: Candidate, rung: number, waitMs: number, reason: AttemptReason, forced: boolean): Step {
    this.#current = candidate;
    this.#rung = rung;
    this.#tried = this.#tried === NONE ? [candidate.target] : [...this.#tried, candidate.target];
    return { kind: 'try', candidate, waitMs, reason, forced };
  }

  #stop(fault: Fault): Step {
    return { kind: 'stop', fault: this.#told ?? fault };
  }
}

const NONE: readonly Target[] = [];

/** Those of a rung that pass; the rung itself where all do, which is nearly always. Each is asked once. */
function those(rung: readonly Candidate[], pass: (candidate: Candidate) => boolean): readonly Candidate[] {
  let kept: Candidate[] | null = null;
  for (let index = 0; index < rung.length; index += 1) {
    const candidate = rung[index] as Candidate;
    const passes = pass(candidate);
    if (passes) kept?.push(candidate);
    else kept ??= rung.slice(0, index);
  }
  return kept ?? rung;
}
