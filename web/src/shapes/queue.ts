import { type Json, list, number, object, textOrNull } from '../read.ts';

/** Calls of one tenant that wait; `tenant` is null for calls without one. */
export interface Waiting {
  readonly tenant: string | null;
  readonly waiting: number;
  readonly atTargets: number;
  readonly atLimits: number;
  readonly background: number;
  readonly longestMs: number;
}

export interface Queue {
  readonly waiting: number;
  /** The most first. */
  readonly tenants: readonly Waiting[];
}

export function readQueue(answer: Json): Queue {
  const tenants = list(answer['data'], (value) => {
    const one = object(value);
    return {
      tenant: textOrNull(one['tenant']),
      waiting: number(one['waiting']),
      atTargets: number(one['atTargets']),
      atLimits: number(one['atLimits']),
      background: number(one['background']),
      longestMs: number(one['longestMs']),
    };
  });
  return { waiting: number(answer['waiting']), tenants };
}
