import * as z from 'zod';
import { change } from '../../../tenants/changes.ts';
import { AdminProblem } from '../problem.ts';
import { type AdminRoute, route } from '../route.ts';
import { showMoment, shownMoment } from '../shown.ts';

const message = {
  headers: z.record(z.string(), z.string()),
  body: z.string().nullable().describe('Redacted; null: there was none, or it was carried without being kept.'),
  bytes: z.int().describe('Of the whole body.'),
  truncated: z.boolean().describe('Only the beginning of the body was kept.'),
};

const exchange = z.strictObject({
  call: z.string(),
  at: shownMoment,
  route: z.string().nullable(),
  tenant: z.string().nullable(),
  request: z.strictObject({ ...message, method: z.string(), path: z.string() }),
  reply: z.strictObject({
    ...message,
    status: z.int().nullable().describe('null: nothing was answered but the fault, which stands in the body.'),
  }),
});

/** What was said in a call, for those who may see that; every look at it is written down. */
export const captureRoutes: readonly AdminRoute[] = [
  route({
    method: 'GET',
    path: '/calls/{call}/content',
    id: 'getCallContent',
    summary:
      'The request and the answer of a call, where they were kept; that they were looked at stands in the audit log',
    role: 'admin',
    status: 200,
    reply: exchange,
    async answer({ deps, actor, params }) {
      const id = params['call'] ?? '';
      const kept = (await deps.capture?.read(id)) ?? null;
      if (kept === null) {
        const why =
          deps.capture === null
            ? 'capture is not configured'
            : 'its route and tenant are not captured, or it is too old';
        throw new AdminProblem(404, 'unknown', `nothing is kept of what was said in call ${id}: ${why}`);
      }
      await change(deps.database, actor, (made) => made.note('view', 'capture', id, null, null));
      const { headers: asked } = kept.request;
      const { headers: given } = kept.reply;
      return {
        ...kept,
        at: showMoment(kept.at),
        request: { ...kept.request, headers: { ...asked } },
        reply: { ...kept.reply, headers: { ...given } },
      };
    },
  }),
];
