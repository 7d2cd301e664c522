import { type Json, list, moment, number, object, objectOrNull, text, textOrNull } from '../read.ts';

export interface FaultGroup {
  readonly kind: string;
  readonly party: string;
  readonly target: string | null;
  readonly model: string | null;
  readonly calls: number;
  readonly attempts: number;
  readonly firstAt: number | null;
  readonly lastAt: number | null;
  readonly tenantCount: number;
  readonly tenants: readonly { readonly tenant: string | null; readonly count: number }[];
  readonly meaning: string;
  readonly remedy: string;
  readonly example: {
    readonly id: string;
    readonly at: number | null;
    readonly message: string;
    readonly remedy: string;
  } | null;
  readonly series: readonly number[];
}

export function readFaultGroups(answer: Json): readonly FaultGroup[] {
  return list(answer['data'], readGroup);
}

function readGroup(value: unknown): FaultGroup {
  const group = object(value);
  const example = objectOrNull(group['example']);
  return {
    kind: text(group['kind']),
    party: text(group['party']),
    target: textOrNull(group['target']),
    model: textOrNull(group['model']),
    calls: number(group['calls']),
    attempts: number(group['attempts']),
    firstAt: moment(group['firstAt']),
    lastAt: moment(group['lastAt']),
    tenantCount: number(group['tenantCount']),
    tenants: list(group['tenants'], object).map(({ tenant, count }) => ({
      tenant: textOrNull(tenant),
      count: number(count),
    })),
    meaning: text(group['meaning']),
    remedy: text(group['remedy']),
    example: example && {
      id: text(example['id']),
      at: moment(example['at']),
      message: text(example['message']),
      remedy: text(example['remedy']),
    },
    series: list(group['series'], (value_) => number(value_)),
  };
}
