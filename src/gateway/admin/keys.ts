import * as z from 'zod';
import { laneSchema, limitsSchema } from '../../config/tenancy.ts';
import type { VirtualKey } from '../../tenants/entities.ts';
import { changeKey, createKey, listKeys, type MadeKey, revokeKey, rotateKey, theKey } from '../../tenants/keys.ts';
import { keyChanges, keyQuery, newKey, rotation } from './fields.ts';
import { DEFAULT_LIMIT, pageOf, pageOfFetched, wrongCursor } from './pages.ts';
import { AdminProblem } from './problem.ts';
import { type AdminRoute, route } from './route.ts';
import { showMoment, showMomentOrNull, shownMoment } from './shown.ts';

const shown = z.strictObject({
  id: z.string(),
  tenant: z.string(),
  workload: z.string().nullable(),
  name: z.string(),
  models: z.array(z.string()).nullable(),
  routes: z.array(z.string()).nullable(),
  addresses: z.array(z.string()).nullable(),
  interactive: z.boolean(),
  passthrough: z.boolean(),
  weight: z.number().nullable(),
  lane: laneSchema.nullable(),
  limits: limitsSchema,
  status: z.enum(['working', 'expired', 'revoked']),
  createdAt: shownMoment,
  createdBy: z.string(),
  expiresAt: shownMoment.nullable(),
  revokedAt: shownMoment.nullable(),
  usedAt: shownMoment.nullable().describe('When it was last used, to about ten seconds.'),
  secrets: z
    .array(
      z.strictObject({
        prefix: z.string().describe('The first characters of the secret.'),
        createdAt: shownMoment,
        expiresAt: shownMoment.nullable().describe('End of its grace period; null: it is in force.'),
      }),
    )
    .describe('Newest first. The secrets themselves are nowhere.'),
});

const made = z.strictObject({
  key: shown,
  secret: z.string().describe('The key as callers send it: told this once, and stored only as a hash.'),
});

function show(key: VirtualKey): z.infer<typeof shown> {
  const { models, routes, addresses, secrets } = key;
  return {
    ...key,
    models: copied(models),
    routes: copied(routes),
    addresses: copied(addresses),
    status: statusOf(key),
    createdAt: showMoment(key.createdAt),
    expiresAt: showMomentOrNull(key.expiresAt),
    revokedAt: showMomentOrNull(key.revokedAt),
    usedAt: showMomentOrNull(key.usedAt),
    secrets: secrets.map(({ prefix, createdAt, expiresAt }) => {
      return { prefix, createdAt: showMoment(createdAt), expiresAt: showMomentOrNull(expiresAt) };
    }),
  };
}

function statusOf({ revokedAt, expiresAt }: VirtualKey): 'working' | 'expired' | 'revoked' {
  if (revokedAt !== null) return 'revoked';
  return expiresAt !== null && expiresAt <= Date.now() ? 'expired' : 'working';
}

function copied(list: readonly string[] | null): string[] | null {
  return list === null ? null : [...list];
}

function showMade({ key, secret }: MadeKey): z.infer<typeof made> {
  return { key: show(key), secret };
}

/** A key that is held to a route that does not exist could make no call, and nobody would see why. */
function checkRoutes(wanted: readonly string[] | null | undefined, known: readonly string[]): void {
  const problems = (wanted ?? []).flatMap((id, index) =>
    known.includes(id)
      ? []
      : [{ field: `routes[${index}]`, wrong: 'is not the id of a route', fix: `Write one of ${known.join(', ')}.` }],
  );
  if (problems.length === 0) return;
  throw new AdminProblem(400, 'invalid_fields', 'the request has a problem in its body', { problems });
}

/** Newest first, so a page begins where the one before it ended: at a moment, and an id within it. */
function placeAfter(after: string | undefined): Pick<VirtualKey, 'createdAt' | 'id'> | undefined {
  if (after === undefined) return undefined;
  const match = /^(\d{1,15})\.(key_[0-9a-z]+)$/.exec(after);
  if (match === null) throw wrongCursor();
  return { createdAt: Number(match[1]), id: match[2] ?? '' };
}

export const keyRoutes: readonly AdminRoute[] = [
  route({
    method: 'GET',
    path: '/keys',
    id: 'listKeys',
    summary: 'Keys, newest first',
    role: 'viewer',
    query: keyQuery,
    status: 200,
    reply: pageOf(shown),
    async answer({ deps, query }) {
      const { tenant, working, limit = DEFAULT_LIMIT } = query;
      const filter = { tenant, working: working === 'true', before: placeAfter(query.after), limit: limit + 1 };
      const keys = await listKeys(deps.database, filter);
      return pageOfFetched(keys, query, show, ({ createdAt, id }) => `${createdAt}.${id}`);
    },
  }),
  route({
    method: 'POST',
    path: '/keys',
    id: 'createKey',
    summary: 'Create a key; its secret is in this answer and nowhere else',
    role: 'operator',
    body: newKey,
    status: 201,
    reply: made,
    async answer({ deps, actor, body }) {
      checkRoutes(body.routes, deps.routes);
      return showMade(await createKey(deps.database, actor, body));
    },
  }),
  route({
    method: 'GET',
    path: '/keys/{key}',
    id: 'getKey',
    summary: 'One key',
    role: 'viewer',
    status: 200,
    reply: shown,
    answer: async ({ deps, params }) => show(await theKey(deps.database, params['key'] ?? '')),
  }),
  route({
    method: 'PATCH',
    path: '/keys/{key}',
    id: 'changeKey',
    summary: 'Change what a key may do, or when it expires',
    role: 'operator',
    body: keyChanges,
    status: 200,
    reply: shown,
    async answer({ deps, actor, params, body }) {
      checkRoutes(body.routes, deps.routes);
      return show(await changeKey(deps.database, actor, params['key'] ?? '', body));
    },
  }),
  route({
    method: 'POST',
    path: '/keys/{key}/rotate',
    id: 'rotateKey',
    summary: 'Give a key a new secret; the one in force works on for the grace period',
    role: 'operator',
    body: rotation,
    status: 200,
    reply: made,
    async answer({ deps, actor, params, body: { graceSeconds } }) {
      const graceMs = graceSeconds === undefined ? undefined : graceSeconds * 1000;
      return showMade(await rotateKey(deps.database, actor, params['key'] ?? '', graceMs));
    },
  }),
  route({
    method: 'POST',
    path: '/keys/{key}/expire',
    id: 'expireKey',
    summary: 'End a key now; a later `expiresAt` brings it back, which nothing does for a revoked one',
    role: 'operator',
    status: 200,
    reply: shown,
    answer: async ({ deps, actor, params }) =>
      show(await changeKey(deps.database, actor, params['key'] ?? '', { expiresAt: Date.now() })),
  }),
  route({
    method: 'POST',
    path: '/keys/{key}/revoke',
    id: 'revokeKey',
    summary: 'End a key at once and for good',
    role: 'operator',
    status: 200,
    reply: shown,
    answer: async ({ deps, actor, params }) => show(await revokeKey(deps.database, actor, params['key'] ?? '')),
  }),
];
