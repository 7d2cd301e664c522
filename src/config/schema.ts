import * as z from 'zod';
import { countersField } from './counters.ts';
import { databaseField } from './database.ts';
import { addressRanges, age, flag, id, positive, section, size, text, timer, whole } from './fields.ts';
import type { ConfigFile } from './file.ts';
import { jobsField } from './jobs.ts';
import { degradedField } from './ladder.ts';
import { observingSections } from './observing.ts';
import { adaptiveField, breakerField, budgetField, kindsField, routeFields } from './policy-fields.ts';
import { pricesField } from './prices.ts';
import { targetField } from './target-fields.ts';
import { tenancySections } from './tenancy.ts';

// The shape of holdfast.yaml. What a field means stands in its description, which editors show; what it is when left
// out stands in `resolve.ts`, because defaults are layered (route over file over built in).

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

const rung = z.union(
  [rungTarget, z.array(rungTarget).min(1, { error: 'has no target in it' }), degradedField(kindsField)],
  {
    error: 'must be a target, a list of targets, or one of stale, job and canned',
  },
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
  ...routeFields,
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
      size: size(
        'The oldest records are removed above this size, where they are in a data directory. Default 1GiB.',
        1_048_576,
      ).optional(),
    }).optional(),
  }).optional(),
  targets: z
    .record(id('Id of the target.'), targetField, { error: 'must be a mapping of ids to targets' })
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
    ...routeFields,
    budget: budgetField.optional(),
    breaker: breakerField.optional(),
    adaptive: adaptiveField.optional(),
  })
    .describe('What routes and targets are when they do not say otherwise.')
    .optional(),
});

/** JSON Schema of the file, for editors. */
export function configSchemaJson(): Record<string, unknown> {
  return { ...z.toJSONSchema(fileSchema, { io: 'input' }), title: 'Holdfast configuration' };
}
