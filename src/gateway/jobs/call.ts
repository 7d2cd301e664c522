import { type Call, type Headers, NOTHING_SAID } from '../../engine/call.ts';
import { ANYONE, type Caller } from '../../engine/caller.ts';
import { Cancellation } from '../../engine/cancellation.ts';
import type { Clock } from '../../engine/clock.ts';
import type { Fault } from '../../engine/fault/fault.ts';
import type { Trace } from '../../engine/trace.ts';
import { operationOf, readRequest } from '../../providers/openai/request.ts';
import type { Guest } from '../../tenants/holder.ts';

export interface CallDeps {
  readonly clock: Clock;
  /** As for calls that come by the door. */
  readonly parsedUpTo: number;
  readonly traceOf: (headers: Headers) => Trace | null;
  readonly nextId: () => string;
}

/** What a call is made of that did not come by the door as it is. */
export interface Makings {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
  /** Whom it is for; a fault: nobody any more. */
  readonly guest: Guest | Fault;
  /** @default null: as long as it takes */
  readonly patienceMs?: number | null;
  /** @default 0 */
  readonly queueMs?: number;
  readonly cancellation?: Cancellation;
  readonly notes?: readonly string[];
}

/** A call as the door would have made it. */
export function makeCall(makings: Makings, { clock, parsedUpTo, traceOf, nextId }: CallDeps): Call {
  const { method, path, headers, body, guest } = makings;
  const operation = operationOf(method, path.split('?', 1)[0] ?? path);
  const { reading, problem, parsed } = readRequest(operation, path, body, parsedUpTo);
  const caller: Caller | Fault = 'kind' in guest ? guest : guest.callerOf(headers, { operation, path }, reading);
  const plain = 'kind' in guest ? ANYONE : guest.plain;
  return {
    id: nextId(),
    door: 'gateway',
    operation,
    method,
    path,
    headers,
    body,
    parsed,
    model: reading.model,
    stream: reading.stream,
    choices: reading.choices,
    pins: reading.pins,
    problem: 'kind' in caller ? caller : problem,
    caller: 'kind' in caller ? plain : caller,
    queueMs: makings.queueMs ?? 0,
    patienceMs: makings.patienceMs ?? null,
    callerRetries: 0,
    trace: traceOf(headers),
    notes: makings.notes ?? NOTHING_SAID,
    told: NOTHING_SAID,
    startedAt: clock.now(),
    arrivedAt: clock.wall(),
    expectedTokens: 0,
    admission: null,
    cancellation: makings.cancellation ?? new Cancellation(),
    route: null,
    attempts: [],
    waitedMs: 0,
    upstreamMs: 0,
  };
}
