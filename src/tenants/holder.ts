import type { Headers, Operation } from '../engine/call.ts';
import type { Caller, Lane } from '../engine/caller.ts';
import type { Fault } from '../engine/fault/fault.ts';
import { compileGlob, type Glob } from '../engine/glob.ts';
import { ceilingsOf, quotaFor, quotasOf } from '../engine/admission/limits.ts';
import type { Quota } from '../engine/admission/quota.ts';
import { type AddressTest, addressTest } from './address-ranges.ts';
import type { Organisation, Tenant, VirtualKey, Workload } from './entities.ts';
import type { Recent } from './recent.ts';
import {
  interactiveNotAllowed,
  modelNotAllowed,
  modelUnread,
  otherWorkload,
  passthroughNotAllowed,
  routeNotAllowed,
  unfitWorkload,
  unknownWorkload,
  wrongHeader,
} from './refusals.ts';
import { kindOfSecret, pseudonym } from './secret.ts';

/** What is asked for, as far as the request's line tells it. */
export interface Asked {
  readonly operation: Operation;
  readonly path: string;
}

/** And as far as its body tells it. */
export interface Read {
  readonly model: string | null;
  /** The user that it names; looked at only where the tenant limits its users. */
  readonly user: string | null;
}

/** Whom a request comes from: it can be asked who its calls are made for. */
export interface Guest {
  /** Who its calls are made for when they say nothing of their own. */
  readonly plain: Caller;
  /** Who one of its calls is made for, or why it may not be made. */
  callerOf(headers: Headers, asked: Asked, read: Read): Caller | Fault;
}

/** Everything a key stands for. */
export interface Standing {
  readonly key: VirtualKey;
  readonly prefix: string;
  readonly organisation: Organisation;
  readonly tenant: Tenant;
  /** The tenant's, by id. */
  readonly workloads: ReadonlyMap<string, Workload>;
}

/** What a holder needs besides its own standing. */
export interface HolderDeps {
  /** The route that a model takes. */
  readonly routeOf: (model: string | null) => string | null;
  /** Callers of single users, of all holders together. */
  readonly users: Recent<Caller>;
}

/** Callers made for lanes and workloads that a key's calls name; beyond, they are made anew. */
const VARIANTS = 256;

/** Longer names of users are not remembered as they are, only by their pseudonym. */
const LONGEST_USER = 256;

const WORKLOAD = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/**
 * A key ready for use. Everything that can be worked out is worked out before, so that an ordinary call gets a caller that
 * was made long ago.
 */
export class Holder implements Guest {
  readonly key: VirtualKey;
  readonly prefix: string;
  /** Tells whether it may be used from an address; null: from anywhere. */
  readonly mayComeFrom: AddressTest | null;
  readonly plain: Caller;
  readonly #standing: Standing;
  readonly #deps: HolderDeps;
  readonly #models: readonly Glob[] | null;
  readonly #restricted: boolean;
  /** What each user may take, under nobody's name; null: users are not limited. */
  readonly #eachUser: Pick<Caller, 'quotas' | 'ceilings'> | null;
  readonly #variants = new Map<string, Caller | Fault>();

  constructor(standing: Standing, deps: HolderDeps) {
    const { key, prefix, tenant } = standing;
    this.key = key;
    this.prefix = prefix;
    this.#standing = standing;
    this.#deps = deps;
    const test = key.addresses === null ? null : addressTest(key.addresses);
    // Ranges are checked before they are stored; should one be unreadable all the same, nobody fits it.
    this.mayComeFrom = typeof test === 'number' ? () => false : test;
    this.#models = key.models?.map(compileGlob) ?? null;
    this.#restricted = key.models !== null || key.routes !== null || !key.passthrough;
    const limited = Object.keys(tenant.perUser).length > 0;
    this.#eachUser = limited
      ? { quotas: quotasOf('user', '', tenant.perUser), ceilings: ceilingsOf([tenant.perUser]) }
      : null;
    this.plain = this.#caller(key.workload, null);
  }

  callerOf(headers: Headers, asked: Asked, read: Read): Caller | Fault {
    const workload = headers['x-holdfast-workload'];
    const lane = headers['x-holdfast-lane'];
    const caller = workload === undefined && lane === undefined ? this.plain : this.#variant(workload, lane);
    if ('kind' in caller) return caller;
    if (this.#restricted) {
      const fault = this.#forbids(asked, read);
      if (fault !== null) return fault;
    }
    const named = headers['x-holdfast-user'];
    const user = typeof named === 'string' && named !== '' ? named : this.#eachUser === null ? null : read.user;
    return user === null || user === '' ? caller : this.#ofUser(caller, user);
  }

  #forbids({ operation, path }: Asked, { model }: Read): Fault | null {
    const { models, routes, passthrough } = this.key;
    if (operation === 'passthrough') {
      if (!passthrough) return passthroughNotAllowed(this.prefix, path);
      if (models !== null && model === null) return modelUnread(this.prefix, path);
    }
    if (this.#models !== null && models !== null && model !== null) {
      const name = model.toLowerCase();
      if (!this.#models.some((fits) => fits(name))) return modelNotAllowed(this.prefix, model, models);
    }
    if (routes === null) return null;
    const route = this.#deps.routeOf(model);
    return route !== null && routes.includes(route) ? null : routeNotAllowed(this.prefix, route, routes);
  }

  #variant(workload: Headers[string], lane: Headers[string]): Caller | Fault {
    const name = `${String(lane ?? '')}\n${String(workload ?? '')}`;
    let made = this.#variants.get(name);
    if (made === undefined) {
      made = this.#makeVariant(workload, lane);
      if (this.#variants.size >= VARIANTS) this.#variants.clear();
      // A refusal quotes what was sent, which may be long and ever new.
      if (!('kind' in made)) this.#variants.set(name, made);
    }
    return made;
  }

  #makeVariant(workload: Headers[string], lane: Headers[string]): Caller | Fault {
    const { key, tenant, workloads } = this.#standing;
    const asked = readLane(lane);
    if (asked !== null && typeof asked === 'object') return asked;
    if (asked === 'interactive' && !key.interactive) return interactiveNotAllowed(this.prefix);
    if (workload === undefined) return this.#caller(key.workload, asked);
    if (typeof workload !== 'string' || !WORKLOAD.test(workload)) return unfitWorkload();
    // Names are stored and shown, so a key that stands in the wrong header is none.
    if (kindOfSecret(workload) !== null) return unfitWorkload();
    if (key.workload !== null && key.workload !== workload) return otherWorkload(this.prefix, key.workload);
    if (workloads.size > 0 && !workloads.has(workload)) {
      return unknownWorkload(tenant.id, workload, [...workloads.keys()]);
    }
    return this.#caller(workload, asked);
  }

  #caller(workloadId: string | null, asked: Lane | null): Caller {
    const { key, organisation, tenant, workloads } = this.#standing;
    const workload = workloadId === null ? undefined : workloads.get(workloadId);
    const usual = key.lane ?? workload?.lane ?? tenant.lane ?? 'interactive';
    const ceilings = [organisation.limits, tenant.limits, workload?.limits ?? {}, key.limits];
    return Object.freeze({
      keyId: key.id,
      organisation: organisation.id,
      tenant: tenant.id,
      workload: workloadId,
      endUser: null,
      lane: asked ?? (key.interactive ? usual : 'background'),
      tenantWeight: tenant.weight ?? 1,
      weight: key.weight ?? workload?.weight ?? 1,
      quotas: Object.freeze(quotasAbove(this.#standing, workload)),
      ceilings: ceilingsOf(ceilings),
    });
  }

  #ofUser(caller: Caller, user: string): Caller {
    const { tenant } = this.#standing;
    const long = user.length > LONGEST_USER;
    const shortName = long ? pseudonym(tenant.id, user) : user;
    const name = `${this.key.id}\n${caller.lane}\n${caller.workload ?? ''}\n${shortName}`;
    const { users } = this.#deps;
    let made = users.get(name);
    if (made === undefined) {
      made = callerOfUser(caller, long ? shortName : pseudonym(tenant.id, user), this.#eachUser);
      users.set(name, made);
    }
    return made;
  }
}

/** Whoever comes to a gateway without tenants; only the lane can be chosen. */
export function openGuest(anyone: Caller): Guest {
  const lanes: Readonly<Record<Lane, Caller>> = {
    interactive: anyone,
    background: Object.freeze({ ...anyone, lane: 'background' as const }),
  };
  return {
    plain: anyone,
    callerOf(headers) {
      const named = headers['x-holdfast-lane'];
      if (named === undefined) return anyone;
      const lane = readLane(named);
      if (lane === null) return anyone;
      return typeof lane === 'object' ? lane : lanes[lane];
    },
  };
}

function readLane(written: Headers[string]): Lane | Fault | null {
  if (written === undefined) return null;
  if (written === 'interactive' || written === 'background') return written;
  return wrongHeader('x-holdfast-lane', 'there is no such lane', 'Send interactive or background, or leave it out.');
}

/** The quotas of a key's calls, without those of single users: from the organisation's down. */
function quotasAbove({ organisation, tenant, key }: Standing, workload: Workload | undefined): Quota[] {
  return [
    ...quotasOf('organisation', organisation.id, organisation.limits),
    ...quotasOf('tenant', tenant.id, tenant.limits),
    ...(workload === undefined ? [] : quotasOf('workload', `${tenant.id}/${workload.id}`, workload.limits)),
    ...quotasOf('key', key.id, key.limits),
  ];
}

function callerOfUser(caller: Caller, user: string, each: Pick<Caller, 'quotas' | 'ceilings'> | null): Caller {
  if (each === null) return Object.freeze({ ...caller, endUser: user });
  const { quotas, ceilings } = caller;
  const holder = `${caller.tenant ?? ''}/${user}`;
  return Object.freeze({
    ...caller,
    endUser: user,
    quotas: Object.freeze([...quotas, ...each.quotas.map((quota) => quotaFor(holder, quota))]),
    ceilings: Object.freeze({
      promptTokens: lower(ceilings.promptTokens, each.ceilings.promptTokens),
      outputTokens: lower(ceilings.outputTokens, each.ceilings.outputTokens),
    }),
  });
}

function lower(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.min(one, other);
}
