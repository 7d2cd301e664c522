import * as z from 'zod';
import type { KeyReport } from '../../config/keys/report.ts';
import type { Outlet } from '../../engine/sharing/outlet.ts';
import type { Target } from '../../engine/target.ts';
import { wilson } from '../../observe/queries/wilson.ts';
import { change } from '../../tenants/changes.ts';
import { AdminProblem } from './problem.ts';
import { type AdminDeps, type AdminRoute, route } from './route.ts';
import { showMoment, showMomentOrNull, shownMoment } from './shown.ts';

const perMinute = z.number().nullable().describe('As learnt from the provider or configured; null: unknown.');
const moment = shownMoment.nullable();

const shownHealth = z
  .strictObject({
    openByHand: z.boolean().describe('Somebody has taken it out: it stays so until somebody lets it back in.'),
    since: moment.describe('When its breaker opened; null: it is closed.'),
    probedAt: moment.describe('When the next probe may go; null: the breaker is closed, or was opened by hand.'),
    reason: z.string().nullable().describe('The failure that was seen last, while the breaker is not closed.'),
    suspect: z.boolean().describe('It works badly: calls go elsewhere first where there is an elsewhere.'),
    recent: z
      .strictObject({
        attempts: z.int(),
        failures: z.int(),
        errorShare: z.number().nullable().describe('null: no attempt.'),
        low: z.number().describe('Of the 95 % interval of the true share.'),
        high: z.number(),
      })
      .describe('Outcomes of the last moments in which the breaker was closed.'),
  })
  .describe('Why the breaker stands as it does.');

const shownKey = z
  .strictObject({
    status: z.enum(['accepted', 'refused', 'unchecked', 'missing', 'caller']).describe('caller: each brings its own.'),
    reference: z.string().nullable().describe('Where the key is; never the key.'),
    ending: z.string().nullable().describe('Its last four characters.'),
    since: moment.describe('When it was made, or first seen here.'),
    rotateBy: moment.describe('From when it is overdue to be replaced.'),
    problems: z.array(z.string()),
    refusals: z
      .array(
        z.strictObject({
          model: z.string().nullable().describe('The model that it may not use; null: it is dead for all.'),
          kind: z.string(),
          message: z.string(),
          since: shownMoment,
          triedAgainAt: shownMoment,
        }),
      )
      .describe('What calls have met and is remembered.'),
  })
  .describe('The key that it is called with.');

const shown = z.strictObject({
  id: z.string(),
  provider: z.string(),
  account: z.string().describe('Targets of one account share its rate limits.'),
  breaker: z.enum(['closed', 'open', 'half-open']),
  waiting: z.int().describe('Calls that wait for their turn.'),
  awaitingContent: z.int().describe('Calls that were sent and have no content yet.'),
  places: z.number().nullable().describe('How many of those there may be at a time; null: any number.'),
  health: shownHealth,
  key: shownKey,
  limits: z.array(
    z.strictObject({
      model: z.string().describe('Empty for calls that name none.'),
      requestsPerMinute: perMinute,
      tokensPerMinute: perMinute,
      told: z.boolean().describe('The provider has told them; else they are felt for, configured, or unknown.'),
      headroom: z.number().describe('Share of what can be there at once that is there now, 0 to 1.'),
      callsPerSecond: z.number().describe('Sent lately.'),
      tokensPerSecond: z.number().describe('Sent lately, as estimated before.'),
      waiting: z.int(),
    }),
  ),
});

const reply = z.strictObject({ data: z.array(shown) });

const wanted = z.strictObject({
  state: z
    .enum(['open', 'closed', 'auto'], { error: 'must be open, closed or auto' })
    .describe(
      'open: no call goes there until somebody says otherwise. closed: calls go there at once, and the breaker opens by itself ' +
        'if they fail. auto: one that was opened by hand tries the target again and finds out for itself.',
    ),
});

type Shown = z.infer<typeof shown>;

function show(target: Target, deps: AdminDeps): Shown {
  const { id, endpoint, account, breaker, concurrency } = target;
  const now = deps.clock.now();
  return {
    id,
    provider: endpoint.provider,
    account: account.id,
    breaker: breaker.state.name,
    waiting: account.waiting,
    awaitingContent: concurrency.inFlight,
    places: finite(concurrency.limit),
    health: healthOf(target, deps),
    key: keyOf(target, deps),
    limits: [...account.outlets].map(([model, outlet]) => limitOf(model, outlet, now)),
  };
}

function healthOf({ breaker, suspicion }: Target, { clock }: AdminDeps): Shown['health'] {
  const now = clock.now();
  const { state, byHand, lastFault } = breaker;
  const { attempts, failures } = breaker.recent(now);
  const [low, high] = wilson(failures, attempts) ?? [0, 1];
  const reason = byHand ? 'taken out by hand' : lastFault === null ? null : `${lastFault.kind}: ${lastFault.message}`;
  return {
    openByHand: byHand,
    since: state.name === 'closed' ? null : showMoment(wallOf(state.since, clock)),
    probedAt: state.name === 'open' && !byHand ? showMoment(wallOf(state.until, clock)) : null,
    reason: state.name === 'closed' ? null : reason,
    suspect: suspicion.suspect(now),
    recent: { attempts, failures, errorShare: attempts === 0 ? null : failures / attempts, low, high },
  };
}

function keyOf({ id, standing }: Target, { clock, keyReports }: AdminDeps): Shown['key'] {
  const report: KeyReport | undefined = keyReports().find(({ target }) => target === id);
  return {
    status: report?.status ?? 'caller',
    reference: report?.reference ?? null,
    ending: report?.ending ?? null,
    since: showMomentOrNull(report?.since ?? null),
    rotateBy: showMomentOrNull(report?.rotateBy ?? null),
    problems: [...(report?.problems ?? [])],
    refusals: standing.deaths.map(({ model, kind, message, since, triedAgainAt }) => {
      return { model, kind, message, since: momentOf(since, clock), triedAgainAt: momentOf(triedAgainAt, clock) };
    }),
  };
}

function limitOf(model: string, { pacer, waiting }: Outlet, now: number): Shown['limits'][number] {
  const { requests, tokens, callsPerSecond, tokensPerSecond } = pacer.word(now);
  return {
    model,
    requestsPerMinute: finite(pacer.limits.requests),
    tokensPerMinute: finite(pacer.limits.tokens),
    told: requests !== null || tokens !== null,
    headroom: pacer.headroom(now),
    callsPerSecond,
    tokensPerSecond,
    waiting,
  };
}

function finite(limit: number): number | null {
  return Number.isFinite(limit) ? limit : null;
}

/** Breakers and keys reckon in the clock's own time. */
function wallOf(at: number, clock: AdminDeps['clock']): number {
  return Math.round(clock.wall() + at - clock.now());
}

function momentOf(at: number, clock: AdminDeps['clock']): string {
  return showMoment(wallOf(at, clock));
}

function theTarget(deps: AdminDeps, id: string | undefined): Target {
  const target = deps.targets.find((one) => one.id === id);
  if (target !== undefined) return target;
  const known = deps.targets.map((one) => one.id).join(', ');
  throw new AdminProblem(404, 'unknown', `there is no target ${id ?? ''}; there are ${known}`);
}

export const targetRoutes: readonly AdminRoute[] = [
  route({
    method: 'GET',
    path: '/targets',
    id: 'listTargets',
    summary: 'How each target stands: its breaker, its key, who waits, what was learnt of its limits',
    role: 'viewer',
    status: 200,
    reply,
    answer: ({ deps }) => Promise.resolve({ data: deps.targets.map((target) => show(target, deps)) }),
  }),
  route({
    method: 'GET',
    path: '/targets/{target}',
    id: 'getTarget',
    summary: 'How one target stands',
    role: 'viewer',
    status: 200,
    reply: shown,
    answer: ({ deps, params }) => Promise.resolve(show(theTarget(deps, params['target']), deps)),
  }),
  route({
    method: 'POST',
    path: '/targets/{target}/breaker',
    id: 'setBreaker',
    summary: 'Take a target out of use by hand, or let it back in; of this gateway, until it stops',
    role: 'operator',
    body: wanted,
    status: 200,
    reply: shown,
    async answer({ deps, params, body, actor }) {
      const target = theTarget(deps, params['target']);
      const { breaker } = target;
      const standingOf = (): object => ({ breaker: breaker.state.name, byHand: breaker.byHand });
      await change(deps.database, actor, async (changing) => {
        const before = standingOf();
        if (body.state === 'open') breaker.openByHand(deps.clock.now());
        else if (body.state === 'closed') breaker.closeByHand();
        else breaker.letGo(deps.clock.now());
        await changing.note('change', 'target', target.id, before, standingOf());
      });
      return show(target, deps);
    },
  }),
  route({
    method: 'POST',
    path: '/targets/{target}/clear',
    id: 'clearTarget',
    summary: 'Forget that the key of a target was refused: it is tried again at once',
    role: 'operator',
    status: 200,
    reply: shown,
    async answer({ deps, params, actor }) {
      const target = theTarget(deps, params['target']);
      const before = keyOf(target, deps).refusals;
      await change(deps.database, actor, async (changing) => {
        target.standing.clearForAll(deps.clock.now());
        await changing.note('change', 'target', target.id, { refusals: before }, { refusals: [] });
      });
      return show(target, deps);
    },
  }),
];
