import type { Ceilings } from '../caller.ts';
import type { Demand } from './demand.ts';
import type { Fault, FaultKind } from '../fault/fault.ts';
import { faultOf } from '../fault/index.ts';
import type { Cost, Quota } from './quota.ts';
import { resetOf } from './quota-watch.ts';

/** What a quota refused, and when it will have room. */
export interface QuotaRefusal {
  readonly quota: Quota;
  readonly used: number;
  readonly freeInMs: number | null;
  readonly asked: Cost;
  /** Wall time, ms since 1970. */
  readonly at: number;
  /** How long the call has waited for room already. */
  readonly waitedMs: number;
}

/** Says which limit refused a call, its size, its use, and when there will be room: in the kinds that SDKs know. */
export function refusalOf(refusal: QuotaRefusal): Fault {
  const { quota, freeInMs, used } = refusal;
  const waited = refusal.waitedMs >= 1 ? [`waited ${Math.round(refusal.waitedMs)} ms`] : [];
  return faultOf(kindOf(refusal), {
    party: 'caller',
    message: messageOf(refusal),
    remedy: remedyOf(refusal),
    here: freeInMs !== null,
    elsewhere: false,
    afterMs: freeInMs,
    evidence: [
      `quota ${quota.id}`,
      `limit ${quota.amount}`,
      `used ${round(used)}`,
      `asked ${askedOf(refusal)}`,
      ...waited,
    ],
  });
}

function kindOf({ quota: { measure, amount }, freeInMs }: QuotaRefusal): FaultKind {
  if (measure === 'money') return 'quota-exhausted';
  if (measure === 'tokens') return freeInMs === null && amount > 0 ? 'too-large-for-limit' : 'rate-limit-tokens';
  return 'rate-limit-requests';
}

function askedOf({ quota: { measure }, asked }: QuotaRefusal): number {
  if (measure === 'tokens') return asked.tokens;
  return measure === 'money' ? round(asked.microdollars) : 1;
}

function messageOf(refusal: QuotaRefusal): string {
  const { quota, used, freeInMs, at } = refusal;
  const { level, holder, amount, measure, period } = quota;
  const who = `${level} ${holder}`;
  if (amount === 0) return `${who} may use no ${WHAT[measure]} at all`;
  if (measure === 'money') return budgetMessage(refusal);
  const limit = `${who} may ${measure === 'calls' ? 'have' : 'use'} ${amount} ${WHAT[measure]}${PER[period]}`;
  if (freeInMs === null) return `${limit}, and this call alone may take ${askedOf(refusal)}`;
  const asks = measure === 'tokens' ? `, and this call may take ${askedOf(refusal)}` : '';
  const again = measure === 'calls' ? '' : `. Please try again in ${goDuration(freeInMs)}`;
  const resets = resetOf(quota, at);
  const when = resets === null ? '' : ` (${new Date(resets).toISOString()})`;
  return `${limit}: ${Math.ceil(used)} are used${measure === 'calls' ? ' now' : ''}${asks}${again}${when}`;
}

const WHAT: Readonly<Record<Quota['measure'], string>> = {
  requests: 'requests',
  tokens: 'tokens',
  calls: 'calls under way',
  money: 'money',
};

const PER: Readonly<Record<Quota['period'], string>> = {
  moment: ' at once',
  minute: ' a minute',
  day: ' a day',
  month: ' a month',
};

function budgetMessage({ quota, used, asked, at, freeInMs }: QuotaRefusal): string {
  const { level, holder, amount, period } = quota;
  const budget = `the budget of ${level} ${holder}, ${dollars(amount)} a ${period},`;
  const most = dollars(asked.microdollars);
  if (freeInMs === null) return `${budget} is less than the ${most} that this call may cost`;
  const resets = new Date(resetOf(quota, at) ?? at + freeInMs).toISOString();
  return `${budget} is used up: ${dollars(used)} are spent or held for calls under way, and this call may cost ${most}. It begins anew at ${resets}`;
}

function remedyOf({ quota: { measure, amount }, freeInMs }: QuotaRefusal): string {
  if (amount === 0) return 'Ask whoever runs this gateway to allow it: the limit is set to nothing.';
  if (freeInMs === null) {
    return 'Shorten the prompt or state a lower max_completion_tokens, or ask for a higher limit: waiting does not help.';
  }
  if (measure === 'money') return 'Wait for the next period, or ask whoever runs this gateway for a larger budget.';
  if (measure === 'calls') return 'Wait for one of your calls to end, or send fewer at once.';
  return 'Wait as long as Retry-After says, send less, or ask to wait in line with the header "Prefer: wait=30".';
}

const LONGEST_NAME = 100;

/**
 * Nobody knows what a target takes for a model, so a budget that refuses could not be kept.
 *
 * @param model as the target is asked for it
 */
export function unpriced(quota: Quota, model: string | null, target: string | null): Fault {
  // Callers make names up, and this one is stored with the record.
  const name = JSON.stringify(model?.slice(0, LONGEST_NAME) ?? null);
  const at = target === null ? '' : ` at the target ${target}`;
  const price = `{ models: [${name}], ${target === null ? '' : `targets: [${target}], `}input: 0.2, output: 0.6 }`;
  return faultOf('no-target', {
    message: `no price is known for the model ${name}${at}, so that the budget of ${quota.level} ${quota.holder}, which refuses at ${dollars(quota.amount)} a ${quota.period}, cannot be kept`,
    remedy:
      `Whoever runs this gateway can tell its price in the configuration, in US dollars for a million tokens, 0 for what is free: ` +
      `prices: [${price}]. Or let the budget only warn: { warn: ${quota.amount / 1e6} }.`,
    evidence: [`quota ${quota.id}`, `no price for ${name}${at}`],
  });
}

/** What a request costs that is carried unread, so a budget that refuses could not be kept. */
export function unreadCost(quota: Quota, path: string): Fault {
  const shown = (path.split('?', 1)[0] ?? '').slice(0, LONGEST_NAME);
  return faultOf('permission', {
    party: 'caller',
    message: `${shown} costs money, and is carried unread, so that the budget of ${quota.level} ${quota.holder} cannot be kept`,
    remedy: 'Use a key without a budget that refuses for this path; one that only warns will do.',
    evidence: [`quota ${quota.id}`],
    code: 'path_not_allowed',
    here: false,
    elsewhere: false,
  });
}

/** The prompt is longer than this caller's may be; null when it is not. */
export function promptTooLong(demand: Demand, tokens: number, { promptTokens: most }: Ceilings): Fault | null {
  if (most === null || tokens <= most) return null;
  return faultOf('context-length', {
    message: `the prompt has about ${tokens} tokens, and yours may have ${most}`,
    remedy: 'Shorten the prompt, or ask whoever runs this gateway for a higher limit: waiting does not help.',
    elsewhere: false,
    param: demand.promptMember,
    evidence: [`limit of ${most} prompt tokens`, `about ${tokens} asked`],
  });
}

/** More output is asked for than this caller may have; null when it is not. */
export function outputTooLong(demand: Demand, choices: number, { outputTokens: most }: Ceilings): Fault | null {
  const { outputTokens: stated, outputMember } = demand;
  const asked = stated === null ? choices : stated * choices;
  if (most === null || !demand.generates || asked <= most) return null;
  const of = choices > 1 ? ` (n: ${choices} times ${stated ?? 'at least one'})` : '';
  return faultOf('output-cap', {
    message: `${outputMember ?? 'n'} asks for ${asked} output tokens${of}, and you may have ${most} in one call`,
    remedy: `Ask for ${most} output tokens or fewer, or ask whoever runs this gateway for a higher limit.`,
    elsewhere: false,
    param: outputMember ?? 'n',
    evidence: [`limit of ${most} output tokens`, `${asked} asked`],
  });
}

/** `$1.50`; of less than ten cents the first two digits that are not zero. */
export function dollars(microdollars: number): string {
  const amount = microdollars / 1e6;
  if (amount === 0 || amount >= 0.1) return `$${amount.toFixed(2)}`;
  const digits = Math.min(9, 2 - Math.ceil(Math.log10(amount)));
  return `$${amount.toFixed(digits).replace(/0+$/, '')}`;
}

function round(amount: number): number {
  return Math.round(amount * 1000) / 1000;
}

/** A duration as Go prints it and OpenAI tells it: `12ms`, `1.5s`, `6m0s`, `24h0m0s`. */
export function goDuration(ms: number): string {
  const whole = Math.ceil(ms);
  if (whole < 1000) return `${whole}ms`;
  const seconds = `${(whole % 60_000) / 1000}s`;
  if (whole < 60_000) return seconds;
  const minutes = Math.floor(whole / 60_000);
  return minutes < 60 ? `${minutes}m${seconds}` : `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds}`;
}
