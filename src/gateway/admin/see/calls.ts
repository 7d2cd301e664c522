import * as z from 'zod';
import { section, text } from '../../../config/fields.ts';
import type { AttemptRecord, CallRecord, Usage } from '../../../engine/record.ts';
import type { Fault, FaultKind } from '../../../engine/fault/fault.ts';
import type { CallSearch } from '../../../observe/queries/search.ts';
import { parseDuration } from '../../../observe/moment.ts';
import { pseudonym } from '../../../tenants/secret.ts';
import { type Page, pageFields } from '../fields.ts';
import { pageOf } from '../pages.ts';
import { AdminProblem } from '../problem.ts';
import { type AdminRoute, route } from '../route.ts';
import { showMoment, shownMoment } from '../shown.ts';
import { ranged, rangeFields } from './range.ts';
import { listOf, shownKind, shownOutcome, shownParty } from './shown.ts';

const DOLLAR = 1_000_000;

/** One call in a list, and in the live tail. Money is in US dollars. */
export interface ShownCall
  extends
    Pick<
      CallRecord,
      'id' | 'callerId' | 'organisation' | 'tenant' | 'workload' | 'keyId' | 'endUser' | 'lane' | 'door'
    >,
    Pick<CallRecord, 'path' | 'model' | 'stream' | 'route' | 'target' | 'outcome' | 'status'>,
    Pick<CallRecord, 'durationMs' | 'firstContentMs' | 'overheadMs' | 'cost' | 'callerRetries'>,
    Omit<Usage, 'cacheWriteTokens'> {
  readonly upstreamId: string | null;
  readonly traceId: string | null;
  readonly at: string;
  readonly operation: string;
  readonly servedModel: string | null;
  readonly fault: Pick<Fault, 'kind' | 'party' | 'message'> | null;
  readonly attempts: number;
  readonly attemptFaults: readonly FaultKind[];
}

const callFields = {
  id: z.string().describe('The x-request-id of its answer.'),
  callerId: z.string().nullable().describe('What the caller itself called its request.'),
  upstreamId: z.string().nullable().describe("The provider's id of the last attempt."),
  traceId: z.string().nullable(),
  at: shownMoment,
  organisation: z.string().nullable(),
  tenant: z.string().nullable(),
  workload: z.string().nullable(),
  keyId: z.string().nullable(),
  endUser: z.string().nullable().describe("The tenant's own user, by its pseudonym."),
  lane: z.enum(['interactive', 'background']),
  door: z.enum(['gateway', 'in-process']),
  operation: z.string().describe('chat, responses, embeddings, models, passthrough, ...'),
  path: z.string(),
  model: z.string().nullable().describe('As the caller asked for it.'),
  servedModel: z.string().nullable().describe('As the last attempt asked for it.'),
  stream: z.boolean(),
  route: z.string().nullable(),
  target: z.string().nullable(),
  outcome: shownOutcome,
  status: z.int(),
  fault: z.strictObject({ kind: shownKind, party: shownParty, message: z.string() }).nullable(),
  durationMs: z.number(),
  firstContentMs: z.number().nullable(),
  overheadMs: z.number(),
  inputTokens: z.number().nullable(),
  outputTokens: z.number().nullable(),
  cachedTokens: z.number().nullable(),
  reasoningTokens: z.number().nullable(),
  cost: z.number().nullable().describe('US dollars; null: no price is known.'),
  callerRetries: z.int().describe("Retries that the caller's own SDK had made before."),
  attempts: z.int(),
  attemptFaults: listOf(shownKind).describe('What its attempts met, in order.'),
};

export const shownCall: z.ZodType<ShownCall> = z.strictObject(callFields);

const wholeFault = z.strictObject({
  kind: shownKind,
  detail: z.string().nullable(),
  party: shownParty,
  retry: z.strictObject({ here: z.boolean(), elsewhere: z.boolean(), afterMs: z.number().nullable() }),
  remedy: z.string(),
  message: z.string(),
  evidence: z.array(z.string()),
  status: z.number().nullable(),
  type: z.string().nullable(),
  code: z.string().nullable(),
  param: z.string().nullable(),
});

const shownAttempt = z.strictObject({
  target: z.string(),
  model: z.string().nullable(),
  reason: z
    .string()
    .describe('first, retry, fallback, hedge (beside a slow one) or continue (of an answer that broke off).'),
  startedMs: z.number().describe("After the call's arrival."),
  waitedMs: z.number().describe('Waited on purpose before it began.'),
  durationMs: z.number(),
  firstContentMs: z.number().nullable(),
  status: z.number().nullable(),
  upstreamId: z.string().nullable(),
  fault: wholeFault.nullable(),
});

const wholeCall = z.strictObject({
  ...callFields,
  method: z.string(),
  fault: wholeFault.nullable(),
  notes: z.array(z.string()).describe('What was noticed or changed about the request.'),
  attempts: z.array(shownAttempt),
});

/** A call as a list shows it. */
export function showCall(call: CallRecord): ShownCall {
  const { attempts, usage, fault, cost, trace, at } = call;
  const last = attempts.at(-1);
  return {
    id: call.id,
    callerId: call.callerId,
    upstreamId: last?.upstreamId ?? null,
    traceId: trace?.traceId ?? null,
    at: showMoment(at),
    organisation: call.organisation,
    tenant: call.tenant,
    workload: call.workload,
    keyId: call.keyId,
    endUser: call.endUser,
    lane: call.lane,
    door: call.door,
    operation: call.operation,
    path: call.path,
    model: call.model,
    servedModel: last?.model ?? null,
    stream: call.stream,
    route: call.route,
    target: call.target,
    outcome: call.outcome,
    status: call.status,
    fault: fault === null ? null : { kind: fault.kind, party: fault.party, message: fault.message },
    durationMs: call.durationMs,
    firstContentMs: call.firstContentMs,
    overheadMs: call.overheadMs,
    inputTokens: usage.inputTokens,
    outputTokens: usage.outputTokens,
    cachedTokens: usage.cachedTokens,
    reasoningTokens: usage.reasoningTokens,
    cost: cost === null ? null : cost / DOLLAR,
    callerRetries: call.callerRetries,
    attempts: attempts.length,
    attemptFaults: attempts.flatMap((attempt) => (attempt.fault === null ? [] : [attempt.fault.kind])),
  };
}

function showWhole(call: CallRecord): z.infer<typeof wholeCall> {
  return {
    ...showCall(call),
    method: call.method,
    fault: call.fault && showFault(call.fault),
    notes: [...call.notes],
    attempts: call.attempts.map(showAttempt),
  };
}

function showAttempt(attempt: AttemptRecord): z.infer<typeof shownAttempt> {
  const { target, model, reason, startedMs, waitedMs, durationMs, firstContentMs, status, upstreamId } = attempt;
  const fault = attempt.fault && showFault(attempt.fault);
  return { target, model, reason, startedMs, waitedMs, durationMs, firstContentMs, status, upstreamId, fault };
}

function showFault({
  kind,
  detail,
  party,
  retry,
  remedy,
  message,
  evidence,
  ...rest
}: Fault): z.infer<typeof wholeFault> {
  const { status, type, code, param } = rest;
  return {
    kind,
    detail,
    party,
    retry: { ...retry },
    remedy,
    message,
    evidence: [...evidence],
    status,
    type,
    code,
    param,
  };
}

const NOT_A_DURATION = 'must be a length of time, such as 500ms or 2s';

const query: z.ZodType<CallSearch & Page> = ranged(
  section({
    ...pageFields,
    ...rangeFields,
    id: text(
      "Any id: Holdfast's own or its beginning, the caller's, the provider's, a trace's. The range does not matter then.",
    )
      .max(500, { error: 'must be at most 500 characters' })
      .optional(),
    outcome: shownOutcome.optional(),
    fault: shownKind.describe('Met this fault, in the answer or in any attempt.').optional(),
    model: text('Asked for this model.').optional(),
    target: text('Sent to this target by any attempt.').optional(),
    route: text('Took this route.').optional(),
    organisation: text('Of any tenant of this organisation.').optional(),
    tenant: text('Of this tenant.').optional(),
    workload: text('Of this workload.').optional(),
    key: text('Made with this key, by its id.').optional(),
    user: text(
      'Of this user of the tenant’s own: by its pseudonym, or as the tenant calls it, then with the tenant.',
    ).optional(),
    status: text('The status given to the caller: 429, or a class such as 5xx.')
      .regex(/^[1-5](?:\d\d|xx)$/, { error: 'must be a status such as 429, or a class such as 5xx' })
      .optional(),
    slower: text('Took at least this long, ms: 500ms, 2s.')
      .transform((written, context) => {
        const ms = parseDuration(written);
        if (ms !== null) return ms;
        context.issues.push({ code: 'custom', message: NOT_A_DURATION, input: written });
        return z.NEVER;
      })
      .optional(),
  }),
);

/** Users are stored under pseudonyms, which can be told from their names and not the other way round. */
function storedUser({ user, tenant }: CallSearch): string | undefined {
  if (user === undefined || /^u_[0-9a-f]{16}$/.test(user)) return user;
  if (tenant !== undefined) return pseudonym(tenant, user);
  const problems = [
    { field: 'user', wrong: 'is no pseudonym', fix: 'Name the tenant too: each has users of its own.' },
  ];
  throw new AdminProblem(400, 'invalid_fields', 'the request has a problem in its query', { problems });
}

export const callRoutes: readonly AdminRoute[] = [
  route({
    method: 'GET',
    path: '/calls',
    id: 'searchCalls',
    summary: 'The calls that match, newest first; by any id, whoever gave it',
    role: 'viewer',
    query,
    status: 200,
    reply: pageOf(shownCall),
    async answer({ deps, query: asked }) {
      const { calls, next } = await deps.queries.ask('calls', { ...asked, user: storedUser(asked) });
      return { data: calls.map(showCall), next };
    },
  }),
  route({
    method: 'GET',
    path: '/calls/{call}',
    id: 'getCall',
    summary: 'Everything known of one call: its attempts, what went wrong and what to do about it',
    role: 'viewer',
    status: 200,
    reply: wholeCall,
    async answer({ deps, params }) {
      const id = params['call'] ?? '';
      const call = await deps.queries.ask('call', { id });
      if (call !== null) return showWhole(call);
      throw new AdminProblem(404, 'unknown', `no call has the id ${id}, or its record is no longer kept`);
    },
  }),
];
