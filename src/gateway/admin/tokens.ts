import * as z from 'zod';
import { createAdminToken, listAdminTokens, revokeAdminToken } from '../../tenants/admin-tokens.ts';
import type { AdminToken } from '../../tenants/entities.ts';
import { newToken, pageQuery } from './fields.ts';
import { pageById, pageOf } from './pages.ts';
import { type AdminRoute, route } from './route.ts';
import { showMoment, showMomentOrNull, shownMoment } from './shown.ts';

const shown = z.strictObject({
  id: z.string(),
  name: z.string(),
  role: z.enum(['viewer', 'operator', 'admin']),
  prefix: z.string().describe('The first characters of the token.'),
  createdAt: shownMoment,
  createdBy: z.string(),
  expiresAt: shownMoment.nullable(),
  revokedAt: shownMoment.nullable(),
  usedAt: shownMoment.nullable().describe('When it was last used, to about a minute.'),
});

const made = z.strictObject({
  token: shown,
  secret: z.string().describe('The token as it is sent: told this once, and stored only as a hash.'),
});

function show(token: AdminToken): z.infer<typeof shown> {
  return {
    ...token,
    createdAt: showMoment(token.createdAt),
    expiresAt: showMomentOrNull(token.expiresAt),
    revokedAt: showMomentOrNull(token.revokedAt),
    usedAt: showMomentOrNull(token.usedAt),
  };
}

export const tokenRoutes: readonly AdminRoute[] = [
  route({
    method: 'GET',
    path: '/whoami',
    id: 'whoAmI',
    summary: 'The token that asks, and its role',
    role: 'viewer',
    status: 200,
    reply: shown,
    answer: ({ token }) => Promise.resolve(show(token)),
  }),
  route({
    method: 'GET',
    path: '/admin-tokens',
    id: 'listAdminTokens',
    summary: 'Admin tokens, by id',
    role: 'admin',
    query: pageQuery,
    status: 200,
    reply: pageOf(shown),
    answer: async ({ deps, query }) => pageById(await listAdminTokens(deps.database), query, show),
  }),
  route({
    method: 'POST',
    path: '/admin-tokens',
    id: 'createAdminToken',
    summary: 'Create an admin token; it is in this answer and nowhere else',
    role: 'admin',
    body: newToken,
    status: 201,
    reply: made,
    async answer({ deps, actor, body }) {
      const { token, secret } = await createAdminToken(deps.database, actor, body);
      return { token: show(token), secret };
    },
  }),
  route({
    method: 'POST',
    path: '/admin-tokens/{token}/revoke',
    id: 'revokeAdminToken',
    summary: 'End an admin token at once and for good',
    role: 'admin',
    status: 200,
    reply: shown,
    answer: async ({ deps, actor, params }) =>
      show(await revokeAdminToken(deps.database, actor, params['token'] ?? '')),
  }),
];
