import type { Call } from './call.ts';
import { mayCost } from './admission/charge.ts';
import type { Clock } from './clock.ts';
import type { Fault } from './fault/fault.ts';
import { callerStatus } from './fault/index.ts';
import { decisive, OVERTAKEN } from './hedge/overtaken.ts';
import { type Emit, NO_USAGE } from './ports.ts';
import { NO_PRICES, type Prices } from './admission/prices.ts';
import type { AttemptRecord, CallOutcome, Usage } from './record.ts';
import type { Reply } from './reply.ts';
import type { Handler } from './route.ts';

/** A UUID with a prefix fits; what is longer is no id. */
const MOST_CALLER_ID = 128;

/** The outermost step: whatever happens inside, each call leaves exactly one record, when its last byte has been given. */
export function recorded(clock: Clock, emit: Emit, prices: Prices = NO_PRICES): (next: Handler) => Handler {
  return (next) => (call) =>
    next(call).then((reply) => {
      const now = clock.now();
      const overheadMs = overheadAt(call, now);
      if (reply.kind === 'stream') {
        reply.stream.onEnding(({ fault, usage }) => {
          emit(recordOf(call, clock.now(), { reply, overheadMs, usage, fault, outcome: streamOutcome(fault), prices }));
        });
      } else {
        const { fault } = reply;
        const usage = reply.kind === 'whole' ? reply.usage : NO_USAGE;
        emit(recordOf(call, now, { reply, overheadMs, usage, fault, outcome: wholeOutcome(fault), prices }));
      }
      return reply;
    });
}

/** The line's own time so far, in ms: all of it, less what providers took and what was waited on purpose. */
export function overhead(call: Call, clock: Clock): number {
  return overheadAt(call, clock.now());
}

function overheadAt(call: Call, now: number): number {
  return Math.max(0, now - call.startedAt - call.upstreamMs - call.waitedMs);
}

interface Ending {
  readonly reply: Reply;
  readonly overheadMs: number;
  readonly usage: Usage;
  readonly fault: Fault | null;
  readonly outcome: CallOutcome;
  readonly prices: Prices;
}

function recordOf(
  call: Call,
  now: number,
  { reply, overheadMs, usage, fault, outcome, prices }: Ending,
): Parameters<Emit>[0] {
  const { caller } = call;
  const last = decisive(call.attempts);
  const query = call.path.indexOf('?');
  return {
    id: call.id,
    callerId: callerId(call),
    trace: call.trace ?? null,
    at: call.arrivedAt,
    door: call.door,
    organisation: caller.organisation,
    tenant: caller.tenant,
    workload: caller.workload,
    keyId: caller.keyId,
    endUser: caller.endUser,
    lane: caller.lane,
    operation: call.operation,
    method: call.method,
    path: query < 0 ? call.path : call.path.slice(0, query),
    model: call.model,
    stream: call.stream,
    route: call.route,
    target: reply.kind !== 'failed' && reply.free === true ? null : (last?.target ?? null),
    outcome,
    status: reply.kind === 'failed' ? callerStatus(reply.fault) : reply.status,
    fault,
    durationMs: now - call.startedAt,
    firstContentMs: (last?.reason === 'continue' ? begun(call.attempts) : last)?.firstContentMs ?? null,
    overheadMs,
    usage: call.admission?.usage ?? usage,
    cost: costOf(call, usage, prices),
    callerRetries: call.callerRetries,
    attempts: call.attempts,
    notes: call.notes,
  };
}

/** A caller's own name for its request, if it has one that a person could read. */
function callerId({ headers }: Call): string | null {
  const given = headers['x-request-id'];
  return typeof given === 'string' && given !== '' ? given.slice(0, MOST_CALLER_ID) : null;
}

/** The attempt with which an answer began that others have gone on with. */
function begun(attempts: Call['attempts']): AttemptRecord | undefined {
  return attempts.find(({ firstContentMs, fault }) => firstContentMs !== null && fault !== OVERTAKEN);
}

/** Calls that were let in know what they came to, failed attempts included. Of others the answer's usage tells. */
function costOf(call: Call, usage: Usage, prices: Prices): number | null {
  if (call.admission !== null) return call.admission.cost;
  const { attempts } = call;
  const last = decisive(attempts);
  if (last === undefined) return 0;
  if (usage.inputTokens !== null) return prices.cost(last.target, last.model, usage, call.arrivedAt);
  return attempts.every((attempt) => attempt.fault !== null && !mayCost(attempt, attempt.fault)) ? 0 : null;
}

function wholeOutcome(fault: Fault | null): CallOutcome {
  if (fault === null) return 'answered';
  return fault.kind === 'cancelled' ? 'cancelled' : 'failed';
}

function streamOutcome(fault: Fault | null): CallOutcome {
  if (fault === null) return 'answered';
  return fault.kind === 'cancelled' ? 'cancelled' : 'interrupted';
}
