import * as z from 'zod';
import type { FaultKind } from '../engine/fault/fault.ts';
import { cacheField } from './cache.ts';
import { continueField } from './continuing.ts';
import { amount, flag, positive, section, timer, whole } from './fields.ts';
import type { AdaptiveSection, BreakerSection, BudgetSection, RouteDefaults } from './file.ts';
import { fitField } from './fit.ts';
import { hedgeField } from './hedge.ts';

// What may be said of how calls are made: for all of them in `defaults`, for some in a route, for some attempts at a target.

/** Whether an attempt can end in this fault, so that a next rung could be tried. The others end the call itself. */
const CAN_FALL_BACK: Readonly<Record<FaultKind, boolean>> = {
  authentication: true,
  permission: true,
  region: true,
  'not-found': true,
  'invalid-request': true,
  'unsupported-parameter': true,
  'context-length': true,
  'output-cap': true,
  'content-policy': true,
  'payload-too-large': true,
  'rate-limit-requests': true,
  'rate-limit-tokens': true,
  'too-large-for-limit': true,
  'slow-down': true,
  'quota-exhausted': true,
  conflict: true,
  overloaded: true,
  'server-error': true,
  'bad-gateway': true,
  unavailable: true,
  'gateway-timeout': true,
  timeout: true,
  network: true,
  'partial-response': true,
  'malformed-response': true,
  'circuit-open': true,
  'retry-budget': true,
  shed: true,
  cancelled: false,
  'no-target': false,
  draining: false,
  'headers-too-large': false,
  'slow-caller': false,
  internal: false,
};

const FALLBACK_KINDS = (Object.keys(CAN_FALL_BACK) as FaultKind[]).filter((kind) => CAN_FALL_BACK[kind]);

/** Some of the faults after which another rung may be tried. */
export const kindsField: z.ZodType<FaultKind[]> = z.array(z.enum(FALLBACK_KINDS as [FaultKind, ...FaultKind[]]), {
  error: 'must be a list of fault kinds',
});

const fallbackOn = z
  .union([kindsField, section({ add: kindsField.optional(), remove: kindsField.optional() })], {
    error: 'must be a list of fault kinds, or add and remove',
  })
  .describe('Fault kinds after which the next rung may be tried: a whole list, or changes to the default one.');

const timeouts = section({
  connect: timer('Until the connection stands, TLS included. Default 5s.').optional(),
  headers: timer(
    'Until the response headers. Default 60s for streams, no limit but total for whole answers.',
  ).optional(),
  firstContent: timer('Until the first content. Default 120s for streams, total for whole answers.').optional(),
  idle: timer('Longest silence inside a body. Default 60s.').optional(),
  total: timer('The whole call with all its attempts. Default 10m.').optional(),
});

const retry = section({
  attempts: whole('Most attempts at one target, the first included. Default 3.', 1, 20).optional(),
  base: timer('Backoff before the first retry. Default 500ms.').optional(),
  factor: amount('Growth of the backoff. Default 2.', 1, 10).optional(),
  cap: timer('Longest backoff. Default 8s.').optional(),
  jitter: z
    .enum(['full', 'equal', 'decorrelated', 'proportional'])
    .describe('How the backoff is spread. Default full.')
    .optional(),
  maxWait: timer('Longest wait asked for by a provider that is sat out. Default 10s.').optional(),
  maxAttempts: whole('Most attempts of one call over all targets. Default 6.', 1, 100).optional(),
});

const validate = z
  .enum(['strict', 'repair', 'observe', 'sample', 'off'], { error: 'must be strict, repair, observe, sample or off' })
  .describe(
    'What becomes of requests that the API would refuse: refused here, put right, noted, noted in one of sixteen, or not looked at. Default sample.',
  );

const stick = z
  .enum(['call', 'conversation'], { error: 'must be call or conversation' })
  .describe(
    'Whether each call begins at the top of the ladder, or a conversation where it was answered last. Default call.',
  );

/** What a route says, and `defaults` for every route. */
export const routeFields: { readonly [Field in keyof RouteDefaults]-?: z.ZodType<RouteDefaults[Field]> } = {
  timeouts: timeouts.describe('Timers of streams; connect, idle and total are those of whole answers too.').optional(),
  wholeTimeouts: timeouts.describe('Timers of whole answers, where they differ.').optional(),
  retry: retry.optional(),
  fallbackOn: fallbackOn.optional(),
  validate: validate.optional(),
  fit: fitField.optional(),
  hedge: hedgeField.optional(),
  cache: cacheField.optional(),
  continue: continueField.optional(),
  stick: stick.optional(),
};

export const budgetField: z.ZodType<BudgetSection> = section({
  capacity: amount('Retries that a full budget allows at once. Default 10.', 0, 1_000_000).optional(),
  costPerRetry: positive('What a retry takes. Default 1.').optional(),
  refillPerSuccess: amount('What a success gives back. Default 0.5.', 0, 1_000_000).optional(),
});

export const breakerField: z.ZodType<BreakerSection> = section({
  enabled: flag('Default true.').optional(),
  consecutiveFailures: whole(
    'Failures in a row that open it for a healthy target. Default 5.',
    1,
    1_000_000,
  ).optional(),
  failureRate: amount('Share of failures in the window that opens it. Default 0.8.', 0.01, 1).optional(),
  minimumVolume: whole('Fewer attempts in the window say nothing. Default 20.', 1, 1_000_000).optional(),
  window: timer('Span over which the failure rate is taken. Default 10s.').optional(),
  open: timer('Shortest time it stays open. Default 1.6s.').optional(),
  maxOpen: timer('Longest time it stays open. Default 24s.').optional(),
  openGrowth: amount("Open time as a share of the outage's age. Default 0.025.", 0, 1).optional(),
  jitter: amount('Share by which the open time varies. Default 0.2.', 0, 1).optional(),
  halfOpenProbes: whole('Attempts let through at a time while half open. Default 1.', 1, 1_000).optional(),
});

export const adaptiveField: z.ZodType<AdaptiveSection> = section({
  suspicion: flag('Prefer other targets while this one works badly. Default true.').optional(),
  throttle: flag('Turn calls away when it refuses more than it serves. Default true.').optional(),
  concurrency: flag('Bound the calls that await its first content. Default true.').optional(),
  keys: flag('Leave a key alone that its provider refuses, but for one attempt now and then. Default true.').optional(),
});
