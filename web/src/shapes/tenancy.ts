import {
  flag,
  type Json,
  list,
  listOrNull,
  moment,
  number,
  numberOrNull,
  object,
  oneOf,
  text,
  textOrNull,
} from '../read.ts';

export interface Tenant {
  readonly id: string;
  readonly name: string;
  readonly organisation: string;
  readonly limits: Json;
  readonly perUser: Json;
  readonly weight: number | null;
  readonly lane: string | null;
  /** It stands in the configuration file, and can only be changed there. */
  readonly declared: boolean;
  readonly createdAt: number | null;
}

export interface Key {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly workload: string | null;
  readonly models: readonly string[] | null;
  readonly status: 'working' | 'expired' | 'revoked';
  readonly createdAt: number | null;
  readonly expiresAt: number | null;
  readonly usedAt: number | null;
  readonly secrets: readonly { readonly prefix: string; readonly expiresAt: number | null }[];
}

/** Use against one limit. */
export interface Use {
  readonly quota: string;
  readonly level: string;
  readonly holder: string;
  readonly measure: string;
  readonly period: string;
  readonly limit: number;
  readonly warnAt: number | null;
  readonly refuses: boolean;
  readonly used: number;
}

export function readTenants(answer: Json): readonly Tenant[] {
  return list(answer['data'], (tenant) => readTenant(object(tenant)));
}

export function readTenant(tenant: Json): Tenant {
  return {
    id: text(tenant['id']),
    name: text(tenant['name']),
    organisation: text(tenant['organisation']),
    limits: object(tenant['limits']),
    perUser: object(tenant['perUser']),
    weight: numberOrNull(tenant['weight']),
    lane: textOrNull(tenant['lane']),
    declared: flag(tenant['declared']),
    createdAt: moment(tenant['createdAt']),
  };
}

export function readKeys(answer: Json): readonly Key[] {
  return list(answer['data'], (key) => readKey(object(key)));
}

export function readMadeKey(answer: Json): { readonly key: Key; readonly secret: string } {
  return { key: readKey(object(answer['key'])), secret: text(answer['secret']) };
}

function readKey(key: Json): Key {
  return {
    id: text(key['id']),
    tenant: text(key['tenant']),
    name: text(key['name']),
    workload: textOrNull(key['workload']),
    models: listOrNull(key['models'], (model) => text(model)),
    status: oneOf(key['status'], ['working', 'expired', 'revoked'] as const, 'expired'),
    createdAt: moment(key['createdAt']),
    expiresAt: moment(key['expiresAt']),
    usedAt: moment(key['usedAt']),
    secrets: list(key['secrets'], object).map(({ prefix, expiresAt }) => ({
      prefix: text(prefix),
      expiresAt: moment(expiresAt),
    })),
  };
}

export function readUses(answer: Json): readonly Use[] {
  return list(answer['data'], (value) => {
    const use = object(value);
    return {
      quota: text(use['quota']),
      level: text(use['level']),
      holder: text(use['holder']),
      measure: text(use['measure']),
      period: text(use['period']),
      limit: number(use['limit']),
      warnAt: numberOrNull(use['warnAt']),
      refuses: flag(use['refuses']),
      used: number(use['used']),
    };
  });
}
