import { ANYONE } from '../engine/caller.ts';
import type { QuotaEvent } from '../engine/admission/quota.ts';
import { dollars } from '../engine/admission/quota-words.ts';
import type { HouseEvent } from '../observe/events.ts';
import type { Directory } from '../tenants/directory.ts';

const MICRODOLLARS = 1_000_000;

/** What is told of a quota, as an event for people. */
export function eventOfQuota(
  { kind, at, quota, used, resetsAt, callId }: QuotaEvent,
  directory: Directory,
): HouseEvent {
  const { level, holder, measure, period, amount, warnAt } = quota;
  const money = measure === 'money';
  const shown = (value: number): string =>
    money ? dollars(value) : `${Math.round(value).toLocaleString('en-US')} ${measure}`;
  const over = period === 'moment' ? 'at once' : `a ${period}`;
  const limit = `${money ? 'the budget' : 'the limit'} of ${level} ${holder}, ${shown(amount)} ${over},`;
  const message = kind === 'warned' ? `${limit} is nearly used up: ${shown(used)} are used` : `${limit} is used up`;
  const unit = money ? MICRODOLLARS : 1;
  return {
    at,
    kind: `${money ? 'budget' : 'limit'}-${kind}`,
    level,
    holder,
    ...whose(quota.level, holder, directory),
    message,
    detail: {
      quota: quota.id,
      measure,
      period,
      limit: amount / unit,
      warnAt: warnAt === null ? null : warnAt / unit,
      used: used / unit,
      refuses: quota.refuses,
      resetsAt: resetsAt === null ? null : new Date(resetsAt).toISOString(),
      call: callId,
    },
  };
}

/** The organisation and the tenant that a quota's holder belongs to. */
function whose(
  level: HouseEvent['level'],
  holder: string,
  directory: Directory,
): Pick<HouseEvent, 'organisation' | 'tenant'> {
  if (level === 'organisation') return { organisation: holder, tenant: null };
  const id = level === 'key' ? directory.tenantOfKey(holder) : (holder.split('/', 1)[0] ?? holder);
  const tenant = directory.tenants.find((one) => one.id === id);
  return { organisation: tenant?.organisation ?? ANYONE.organisation, tenant: id };
}

/** Somebody shows too many wrong keys. */
export function eventOfGuessing(address: string, prefix: string, at: number): HouseEvent {
  return {
    at,
    kind: 'wrong-keys',
    level: null,
    holder: null,
    organisation: null,
    tenant: null,
    message: `too many calls without a good key came from ${address || 'an unknown address'}; it is throttled`,
    detail: { address, prefix },
  };
}
