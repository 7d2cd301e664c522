import * as z from 'zod';
import { section } from '../../config/fields.ts';
import { type StoredEvent, listEvents } from '../../observe/events.ts';
import { listAudit } from '../../tenants/audit.ts';
import type { AuditEntry } from '../../tenants/entities.ts';
import { auditQuery, eventQuery } from './fields.ts';
import { DEFAULT_LIMIT, numberAfter, pageOf, pageOfFetched } from './pages.ts';
import { type AdminDeps, type AdminRoute, route } from './route.ts';
import { ranged, rangeFields, type RangeQuery } from './see/range.ts';
import { showMoment, shownMoment } from './shown.ts';

const shownChange = z.strictObject({
  seq: z.int(),
  at: shownMoment,
  actor: z.strictObject({
    via: z.enum(['api', 'cli', 'file', 'start']),
    name: z.string().describe("An admin token's id and name, a user of the operating system, or the file."),
    address: z.string().nullable(),
  }),
  action: z.enum(['create', 'change', 'delete', 'revoke', 'rotate', 'declare', 'release', 'view']),
  subject: z.enum(['organisation', 'tenant', 'workload', 'key', 'admin-token', 'capture', 'target']),
  subjectId: z.string(),
  before: z.unknown().describe('What it was, without secrets; null: it was not there.'),
  after: z.unknown().describe('What it is now, without secrets; null: it is gone.'),
});

const shownEvent = z.strictObject({
  seq: z.int(),
  at: shownMoment,
  kind: z.string(),
  level: z.enum(['organisation', 'tenant', 'workload', 'user', 'key']).nullable(),
  holder: z.string().nullable(),
  organisation: z.string().nullable(),
  tenant: z.string().nullable(),
  message: z.string(),
  detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).nullable(),
});

function showChange({ at, actor, ...entry }: AuditEntry): z.infer<typeof shownChange> {
  return { ...entry, actor: { ...actor }, at: showMoment(at) };
}

function showEvent({ at, detail, ...event }: StoredEvent): z.infer<typeof shownEvent> {
  return { ...event, detail: detail === null ? null : { ...detail }, at: showMoment(at) };
}

const entry = z.strictObject({
  at: shownMoment,
  kind: z.enum(['change', 'event']),
  summary: z.string().describe('One line for people.'),
  tenant: z.string().nullable(),
  change: shownChange.nullable(),
  event: shownEvent.nullable(),
});

const reply = z.strictObject({ data: z.array(entry).describe('The newest first, five hundred at most.') });

/** More would be no timeline. */
const MOST = 500;

const DAY_MS = 86_400_000;

async function entries({ database }: AdminDeps, from: number, to: number): Promise<z.infer<typeof entry>[]> {
  const [changes, events] = await Promise.all([
    listAudit(database, { since: from, until: to, limit: MOST }),
    listEvents(database, { since: from, until: to, limit: MOST }),
  ]);
  const all = [
    ...changes.map((change) => ({
      at: change.at,
      entry: {
        kind: 'change' as const,
        summary: `${change.action} ${change.subject} ${change.subjectId}, by ${change.actor.name}`,
        tenant: null,
        change: showChange(change),
        event: null,
      },
    })),
    ...events.map((event) => ({
      at: event.at,
      entry: {
        kind: 'event' as const,
        summary: event.message,
        tenant: event.tenant,
        change: null,
        event: showEvent(event),
      },
    })),
  ];
  return all
    .toSorted((one, other) => other.at - one.at)
    .slice(0, MOST)
    .map(({ at, entry: shown }) => ({ at: new Date(at).toISOString(), ...shown }));
}

const query: z.ZodType<RangeQuery> = ranged(section(rangeFields));

/** What was changed, and what happened. */
export const historyRoutes: readonly AdminRoute[] = [
  route({
    method: 'GET',
    path: '/audit',
    id: 'listAudit',
    summary: 'Every change that was made, newest first: who, when, what, before and after',
    role: 'viewer',
    query: auditQuery,
    status: 200,
    reply: pageOf(shownChange),
    async answer({ deps, query: { after, limit = DEFAULT_LIMIT, ...filter } }) {
      const asked = { ...filter, before: numberAfter(after), limit: limit + 1 };
      return pageOfFetched(await listAudit(deps.database, asked), { limit }, showChange, ({ seq }) => String(seq));
    },
  }),
  route({
    method: 'GET',
    path: '/events',
    id: 'listEvents',
    summary:
      'What happened beside the calls, newest first: budgets that run out, keys that are guessed at, breakers that open',
    role: 'viewer',
    query: eventQuery,
    status: 200,
    reply: pageOf(shownEvent),
    async answer({ deps, query: { after, limit = DEFAULT_LIMIT, ...filter } }) {
      const asked = { ...filter, before: numberAfter(after), limit: limit + 1 };
      return pageOfFetched(await listEvents(deps.database, asked), { limit }, showEvent, ({ seq }) => String(seq));
    },
  }),
  route({
    method: 'GET',
    path: '/timeline',
    id: 'timeline',
    summary: 'What was changed and what happened in a range of time, to lay beside the charts',
    role: 'viewer',
    query,
    status: 200,
    reply,
    async answer({ deps, query: { from, to } }) {
      const end = to ?? Date.now() + 1;
      return { data: await entries(deps, from ?? end - DAY_MS, end) };
    },
  }),
];
