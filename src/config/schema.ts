import * as z from 'zod';
import type { FaultKind } from '../engine/fault/fault.ts';
import { COMPATIBLE, COMPATIBLE_NAMES, type CompatibleName } from '../providers/openai/compatible.ts';
import { countersField } from './counters.ts';
import { databaseField } from './database.ts';
import type { ConfigFile } from './file.ts';
import { fitField } from './fit.ts';
import { cacheField } from './cache.ts';
import { continueField, continuesField } from './continuing.ts';
import { hedgeField } from './hedge.ts';
import { degradedField } from './ladder.ts';
import {
  address,
  age,
  amount,
  date,
  azureAddress,
  flag,
  headers,
  id,
  addressRanges,
  positive,
  secretReference,
  section,
  size,
  text,
  timer,
  whole,
} from './fields.ts';
import { observingSections } from './observing.ts';
import { jobsField } from './jobs.ts';
import { pricesField } from './prices.ts';
import { tenancySections } from './tenancy.ts';

// The shape of holdfast.yaml. What a field means stands in its description, which editors show; what it is when left
// out stands in `resolve.ts`, because defaults are layered (route over file over built in).

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

const budget = section({
  capacity: amount('Retries that a full budget allows at once. Default 10.', 0, 1_000_000).optional(),
  costPerRetry: positive('What a retry takes. Default 1.').optional(),
  refillPerSuccess: amount('What a success gives back. Default 0.5.', 0, 1_000_000).optional(),
});

const breaker = section({
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

const adaptive = section({
  suspicion: flag('Prefer other targets while this one works badly. Default true.').optional(),
  throttle: flag('Turn calls away when it refuses more than it serves. Default true.').optional(),
  concurrency: flag('Bound the calls that await its first content. Default true.').optional(),
  keys: flag('Leave a key alone that its provider refuses, but for one attempt now and then. Default true.').optional(),
});

const pacing = section({
  enabled: flag('Keep to the limits that the provider tells. Default true.').optional(),
  requestsPerMinute: whole(
    'Requests a minute that are never exceeded for a model. Default: as many as the provider is found to allow.',
    1,
    10_000_000,
  ).optional(),
  tokensPerMinute: whole(
    'Tokens a minute that are never exceeded for a model. Default: as many as the provider is found to allow.',
    1,
    100_000_000_000,
  ).optional(),
});

const kinds = z.array(z.enum(FALLBACK_KINDS as [FaultKind, ...FaultKind[]]), {
  error: 'must be a list of fault kinds',
});

const fallbackOn = z
  .union([kinds, section({ add: kinds.optional(), remove: kinds.optional() })], {
    error: 'must be a list of fault kinds, or add and remove',
  })
  .describe('Fault kinds after which the next rung may be tried: a whole list, or changes to the default one.');

const everyTarget = {
  budget: budget.describe('Retry budget of this target.').optional(),
  breaker: breaker.describe('Circuit breaker of this target.').optional(),
  adaptive: adaptive.describe('What is learnt about this target as it is used.').optional(),
  account: id(
    "Name of the account at the provider that the key is of. Targets of one account share its rate limits. Default: the target's id.",
  ).optional(),
  pacing: pacing.describe("How the account's rate limits are kept to.").optional(),
  headers: headers('Extra request headers; nothing secret.').optional(),
  allowInsecure: flag('Allows plain http to another machine. Default false.').optional(),
  environment: text('What the key is for, such as production. Default: what the gateway is for.').optional(),
  continues: continuesField.optional(),
  rotateBy: date('Day from which the key is overdue to be replaced, such as 2027-01-31.').optional(),
  losses: z
    .enum(['tell', 'refuse'], { error: 'must be tell or refuse' })
    .describe(
      "What becomes of a call that this target's wire format has not all the words for: it is sent without them and the " +
        'caller told, or left to the next rung. Default tell.',
    )
    .optional(),
};

const AZURE_ONLY = {
  deployment: 'Only targets with provider: azure have it.',
  apiVersion: 'Only targets with provider: azure have it.',
};
const OPENAI_ONLY = {
  organization: 'Only targets with provider: openai have it.',
  project: 'Only targets with provider: openai have it.',
};

const COMPATIBLE_ONLY = { responses: 'Only targets with provider: openai-compatible have it.' };

const openaiTarget = section(
  {
    provider: z.literal('openai'),
    key: secretReference('Where the API key is. Default env:OPENAI_API_KEY.').optional(),
    baseUrl: address('Default https://api.openai.com/v1.').optional(),
    organization: text('Sent as OpenAI-Organization.').optional(),
    project: text('Sent as OpenAI-Project.').optional(),
    ...everyTarget,
  },
  { ...AZURE_ONLY, ...COMPATIBLE_ONLY },
);

const azureTarget = section(
  {
    provider: z.literal('azure'),
    key: secretReference('Where the key of the resource is.'),
    baseUrl: azureAddress("The resource's endpoint: https://NAME.openai.azure.com."),
    deployment: text('Deployment to call with the dated API; the v1 API takes the model as its name.').optional(),
    apiVersion: z
      .string({ error: 'must be text such as 2024-10-21' })
      .regex(/^\d{4}-\d{2}-\d{2}(?:-preview)?$/, {
        error: 'must be a date such as 2024-10-21; leave it out for the v1 API',
      })
      .describe('Version of the dated API; left out, the v1 API is used.')
      .optional(),
    ...everyTarget,
  },
  { ...OPENAI_ONLY, ...COMPATIBLE_ONLY },
);

const responses = (usual: string) =>
  z
    .enum(['native', 'translate'], { error: 'must be native or translate' })
    .describe(
      `Whether the server has the Responses API, or is to be asked for chat completions in its place. ${usual}`,
    );

const compatibleTarget = section(
  {
    provider: z.literal('openai-compatible'),
    key: secretReference('Where the API key is; none for a server that wants none.'),
    baseUrl: address('Base URL of the server, with its /v1.'),
    responses: responses('Default native.').optional(),
    ...everyTarget,
  },
  { ...AZURE_ONLY, ...OPENAI_ONLY },
);

const anthropicTarget = section(
  {
    provider: z.literal('anthropic'),
    key: secretReference('Where the API key is. Default env:ANTHROPIC_API_KEY.').optional(),
    baseUrl: address('Default https://api.anthropic.com/v1.').optional(),
    ...everyTarget,
  },
  { ...AZURE_ONLY, ...OPENAI_ONLY, ...COMPATIBLE_ONLY },
);

const geminiTarget = section(
  {
    provider: z.literal('gemini'),
    key: secretReference('Where the API key is. Default env:GEMINI_API_KEY.').optional(),
    baseUrl: address('Default https://generativelanguage.googleapis.com/v1beta.').optional(),
    ...everyTarget,
  },
  { ...AZURE_ONLY, ...OPENAI_ONLY, ...COMPATIBLE_ONLY },
);

/** A server of the table that is known by its name: it needs no more to be said. */
function serverTarget(name: CompatibleName) {
  const { home, keyVariable, responses: has } = COMPATIBLE[name];
  const key = keyVariable === null ? 'none' : `env:${keyVariable}`;
  return section(
    {
      provider: z.literal(name),
      key: secretReference(`Where the API key is. Default ${key}.`).optional(),
      baseUrl: address(`Default ${home}.`).optional(),
      responses: responses(`Default ${has ? 'native' : 'translate'}.`).optional(),
      ...everyTarget,
    },
    { ...AZURE_ONLY, ...OPENAI_ONLY },
  );
}

const target = z.discriminatedUnion(
  'provider',
  [openaiTarget, azureTarget, compatibleTarget, anthropicTarget, geminiTarget, ...COMPATIBLE_NAMES.map(serverTarget)],
  { error: 'must be a mapping with provider, key and baseUrl' },
);

const rungTarget = z.union(
  [
    z.string(),
    section({
      target: z.string({ error: 'must be the id of a target' }),
      weight: positive('Share of the calls, relative to its neighbours. Default 1.').optional(),
      model: text('Model to ask this target for; left out, the model that was asked for.').optional(),
    }),
  ],
  { error: 'must be the id of a target, or a mapping with target, weight and model' },
);

const rung = z.union([rungTarget, z.array(rungTarget).min(1, { error: 'has no target in it' }), degradedField(kinds)], {
  error: 'must be a target, a list of targets, or one of stale, job and canned',
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

const route = section({
  id: id('Name of the route in records and metrics. Default: its models.').optional(),
  models: z
    .array(text('Glob of model names: * stands for any text, ? for one character.'), {
      error: 'must be a list of model names, such as ["gpt-*"]',
    })
    .min(1, { error: 'names no model' })
    .describe('Models this route is for. The first route that matches is taken.'),
  ladder: z
    .array(rung, { error: 'must be a list of rungs' })
    .min(1, { error: 'has no rung in it' })
    .describe(
      'Rungs, tried in order. A rung is one target, a list of equally good ones, or at the end a degraded answer: stale, job, canned.',
    ),
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
});

/** Checks what a file says and reads its units. */
export const fileSchema: z.ZodType<ConfigFile> = section({
  server: section({
    host: text('Address to listen on. Default 127.0.0.1. HOLDFAST_HOST goes before it.').optional(),
    port: whole(
      'Port to listen on, 0 for any free one. Default 4141. HOLDFAST_PORT goes before it.',
      0,
      65_535,
    ).optional(),
    open: flag(
      'Confirms that whoever reaches a host beyond this machine may spend the keys. Default false.',
    ).optional(),
    trustedProxies: addressRanges(
      'Proxies in front of the gateway, whose X-Forwarded-For is believed. Default none.',
    ).optional(),
    limits: section({
      bodyBytes: size('Largest request body. Default 64MiB.', 1_024).optional(),
      heldBytes: size(
        'Request bodies that are held at a time, of all calls together; more are refused with 503. Default 512MiB.',
        65_536,
      ).optional(),
      headerBytes: size('Largest request head. Default 64KiB.', 1_024).optional(),
      slowRequest: timer(
        'How long a caller may take to send its head or stall within its body. Default 15s.',
      ).optional(),
      slowReader: timer('How long a caller may leave an answer unread. Default 60s.').optional(),
      drain: timer('How long running calls may take to finish when stopping. Default 30s.').optional(),
    }).optional(),
  }).optional(),
  environment: text('What this gateway is for, such as production; a key for anything else is told of.').optional(),
  keys: section({
    policy: z
      .enum(['require', 'warn', 'off'], { error: 'must be require, warn or off' })
      .describe(
        'When a key is missing or its provider refuses it: stop the start, say so, or do not look. ' +
          'Left out, a key that cannot be read stops the start and a refused one is told of.',
      )
      .optional(),
    rotateEvery: age('Age at which a key is due to be replaced. Default: none.').optional(),
  }).optional(),
  data: text('Directory for records. Default ./data. HOLDFAST_DATA goes before it.').optional(),
  database: databaseField(
    'Where tenants, keys and jobs are kept. Default sqlite; replicas share them through PostgreSQL. HOLDFAST_DATABASE goes before it.',
  ).optional(),
  counters: countersField.optional(),
  jobs: jobsField.optional(),
  records: section({
    retention: section({
      age: age('Records older than this are removed. Default 30d.').optional(),
      size: size('The oldest records are removed above this size. Default 1GiB.', 1_048_576).optional(),
    }).optional(),
  }).optional(),
  targets: z
    .record(id('Id of the target.'), target, { error: 'must be a mapping of ids to targets' })
    .describe('What attempts can be sent to.')
    .optional(),
  routes: z
    .array(route, { error: 'must be a list of routes' })
    .describe('Left out, one route tries every target in order.')
    .optional(),
  prices: pricesField.optional(),
  ...observingSections,
  ...tenancySections,
  defaults: section({
    timeouts: timeouts.optional(),
    wholeTimeouts: timeouts.optional(),
    retry: retry.optional(),
    budget: budget.optional(),
    breaker: breaker.optional(),
    adaptive: adaptive.optional(),
    fallbackOn: fallbackOn.optional(),
    validate: validate.optional(),
    fit: fitField.optional(),
    hedge: hedgeField.optional(),
    cache: cacheField.optional(),
    continue: continueField.optional(),
    stick: stick.optional(),
  })
    .describe('What routes and targets are when they do not say otherwise.')
    .optional(),
});

/** JSON Schema of the file, for editors. */
export function configSchemaJson(): Record<string, unknown> {
  return { ...z.toJSONSchema(fileSchema, { io: 'input' }), title: 'Holdfast configuration' };
}
