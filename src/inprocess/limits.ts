import { ANYONE, type Caller, type Lane } from '../engine/caller.ts';
import {
  ceilingsOf,
  COUNT_LIMITS,
  type Limits,
  MOST_DOLLARS,
  NO_LIMITS,
  quotasOf,
} from '../engine/admission/limits.ts';

/** For whom the application makes a call. */
export interface AppCaller {
  /** What is told apart: a customer, a feature, a team. */
  readonly name: string;
  /** What it may take, besides what the application as a whole may. @default nothing is limited */
  readonly limits?: Limits;
  /** People wait for interactive answers; background work takes what they leave. @default 'interactive' */
  readonly lane?: Lane;
  /** Share of a scarce provider, relative to the others. @default 1 */
  readonly weight?: number;
}

/** What a request shows of itself to whoever says whose it is. */
export interface AppRequest {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly model: string | null;
}

/** Whose calls these are: always the same caller's, or as each request tells. */
export type CallerOption = AppCaller | ((request: AppRequest) => AppCaller | null);

/** How many callers are remembered with their quotas; beyond it they are made anew. */
const REMEMBERED = 10_000;

/**
 * Says for whom each call is made.
 *
 * @throws {Error} a limit is no number that makes sense; the message names it.
 */
export function callersOf(
  limits: Limits | undefined,
  caller: CallerOption | undefined,
): (request: AppRequest) => Caller {
  checkLimits('limits', limits ?? NO_LIMITS);
  const shared = limits ?? NO_LIMITS;
  if (caller === undefined) {
    const everybody = limits === undefined ? ANYONE : callerFor(null, shared);
    return () => everybody;
  }
  if (typeof caller !== 'function') {
    checkLimits('caller.limits', caller.limits ?? NO_LIMITS);
    const only = callerFor(caller, shared);
    return () => only;
  }
  const nobody = callerFor(null, shared);
  let known = new Map<string, { readonly app: AppCaller; readonly caller: Caller }>();
  return (request) => {
    const app = caller(request);
    if (app === null) return nobody;
    const found = known.get(app.name);
    if (found !== undefined && isSame(found.app, app)) return found.caller;
    checkLimits(`the limits of ${app.name}`, app.limits ?? NO_LIMITS);
    if (known.size >= REMEMBERED) known = new Map();
    const made = callerFor(app, shared);
    known.set(app.name, { app, caller: made });
    return made;
  };
}

/** Limits are compared by who they are, so whoever changes them gives other ones. */
function isSame(one: AppCaller, other: AppCaller): boolean {
  return one.limits === other.limits && one.lane === other.lane && one.weight === other.weight;
}

function callerFor(app: AppCaller | null, shared: Limits): Caller {
  const own = app?.limits ?? NO_LIMITS;
  return Object.freeze({
    ...ANYONE,
    tenant: app?.name ?? null,
    lane: app?.lane ?? ANYONE.lane,
    tenantWeight: app?.weight ?? ANYONE.tenantWeight,
    weight: ANYONE.weight,
    quotas: Object.freeze([
      ...quotasOf('organisation', 'application', shared),
      ...(app === null ? [] : quotasOf('tenant', app.name, own)),
    ]),
    ceilings: ceilingsOf([shared, own]),
  });
}

function checkLimits(where: string, limits: Limits): void {
  for (const [name, written] of Object.entries(limits) as [keyof Limits, unknown][]) {
    if (written === undefined) continue;
    if (name === 'budgetPerDay' || name === 'budgetPerMonth') checkBudget(`${where}.${name}`, written);
    else checkCount(`${where}.${name}`, written, COUNT_LIMITS[name]);
  }
}

function checkCount(
  name: string,
  written: unknown,
  rule: { readonly least: number; readonly most: number } | undefined,
): void {
  if (rule === undefined)
    throw new Error(
      `${name} is no limit; there are ${[...Object.keys(COUNT_LIMITS), 'budgetPerDay', 'budgetPerMonth'].join(', ')}`,
    );
  if (Number.isInteger(written) && Number(written) >= rule.least && Number(written) <= rule.most) return;
  throw new Error(`${name} must be a whole number from ${rule.least} to ${rule.most}; leave it out for no limit`);
}

function checkBudget(name: string, written: unknown): void {
  const parts =
    typeof written === 'object' && written !== null ? Object.entries(written) : [['refuse', written] as const];
  const fine =
    parts.length > 0 && parts.every(([part, amount]) => (part === 'warn' || part === 'refuse') && isDollars(amount));
  if (!fine) throw new Error(`${name} must be US dollars from 0 to ${MOST_DOLLARS}, or { warn, refuse } of them`);
}

function isDollars(amount: unknown): boolean {
  return typeof amount === 'number' && amount >= 0 && amount <= MOST_DOLLARS;
}
