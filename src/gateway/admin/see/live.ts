import * as z from 'zod';
import { section, text } from '../../../config/fields.ts';
import type { Frame, LiveFilter } from '../../live/board.ts';
import { type AdminRoute, stream } from '../route.ts';
import { showMoment, shownMoment } from '../shown.ts';
import { shownCall } from './calls.ts';
import { shownKind, shownOutcome, shownParty } from './shown.ts';

const DOLLAR = 1_000_000;

const halves = z.strictObject({ p50: z.number(), p95: z.number() }).nullable();

/** What `event: frame` carries, once a second. */
const frame = z.strictObject({
  at: shownMoment,
  seconds: z.number().describe('Time that the counts are of.'),
  calls: z.int().describe('Calls that ended.'),
  answered: z.int(),
  failed: z.int(),
  interrupted: z.int(),
  cancelled: z.int(),
  attempts: z.int(),
  retries: z.int(),
  fallbacks: z.int(),
  faults: z.array(z.strictObject({ kind: shownKind, party: shownParty, calls: z.int(), attempts: z.int() })),
  inFlight: z.int().describe('Calls under way now.'),
  windowSeconds: z.number().describe('The latencies are of the calls that ended within so many seconds.'),
  firstContentMs: halves,
  durationMs: halves,
  inputTokens: z.number(),
  outputTokens: z.number(),
  cost: z.number().describe('US dollars.'),
  skipped: z.int().describe('Calls of the tail that were left out: they came too fast.'),
});

/** One event of the stream: `event: frame` or `event: call`. */
const reply = z.union([frame, shownCall]);

const query: z.ZodType<LiveFilter & { readonly tail?: '0' | '1' | undefined }> = section({
  tail: z
    .enum(['0', '1'])
    .describe('1: also every call that ends, as `event: call`, fifty a second at most.')
    .optional(),
  tenant: text('Tail: only of this tenant.').optional(),
  route: text('Tail: only of this route.').optional(),
  model: text('Tail: only of this model.').optional(),
  target: text('Tail: only of this target.').optional(),
  outcome: shownOutcome.describe('Tail: only with this outcome.').optional(),
  fault: text('Tail: only those that met this fault, in the answer or in any attempt.').optional(),
});

/** A frame as it is sent: `frame` says what of. */
export function showFrame({ at, tally, faults, inFlight, ...rest }: Frame): object {
  const { calls, answered, failed, interrupted, cancelled, attempts, retries, fallbacks } = tally;
  const shown: z.infer<typeof frame> = {
    ...rest,
    at: showMoment(at),
    calls,
    answered,
    failed,
    interrupted,
    cancelled,
    attempts,
    retries,
    fallbacks,
    faults: [...faults],
    inFlight,
    inputTokens: tally.inputTokens,
    outputTokens: tally.outputTokens,
    cost: tally.microdollars / DOLLAR,
  };
  return shown;
}

export const liveRoutes: readonly AdminRoute[] = [
  stream({
    method: 'GET',
    path: '/live',
    id: 'live',
    summary: 'Server-sent events: `frame` every second with counters, and on request `call` for every call as it ends',
    role: 'viewer',
    query,
    status: 200,
    streams: true,
    reply,
    answer:
      ({ deps, query: { tail, ...filter } }) =>
      (write) =>
        deps.live.listen(write, tail === '1' ? filter : null),
  }),
];
