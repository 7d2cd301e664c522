import {
  flag,
  type Json,
  list,
  moment,
  number,
  numberOrNull,
  object,
  objectOrNull,
  oneOf,
  text,
  textOrNull,
} from '../read.ts';

const OUTCOMES = ['answered', 'failed', 'interrupted', 'cancelled', 'retried', 'unknown'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export interface CallLine {
  readonly id: string;
  readonly at: number | null;
  readonly tenant: string | null;
  readonly model: string | null;
  readonly servedModel: string | null;
  readonly stream: boolean;
  readonly target: string | null;
  readonly outcome: Outcome;
  readonly status: number;
  readonly faultKind: string | null;
  readonly durationMs: number | null;
  readonly firstContentMs: number | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly cost: number | null;
  readonly attempts: number;
  readonly attemptFaults: readonly string[];
}

export interface Fault {
  readonly kind: string;
  readonly detail: string | null;
  readonly party: string;
  readonly message: string;
  readonly remedy: string;
  readonly evidence: readonly string[];
  readonly here: boolean;
  readonly elsewhere: boolean;
  readonly afterMs: number | null;
}

export interface Attempt {
  readonly target: string;
  readonly model: string | null;
  readonly reason: string;
  readonly startedMs: number;
  readonly waitedMs: number;
  readonly durationMs: number;
  readonly firstContentMs: number | null;
  readonly status: number | null;
  readonly upstreamId: string | null;
  readonly fault: Fault | null;
}

export interface WholeCall extends Omit<CallLine, 'attempts'> {
  readonly callerId: string | null;
  readonly upstreamId: string | null;
  readonly traceId: string | null;
  readonly organisation: string | null;
  readonly workload: string | null;
  readonly keyId: string | null;
  readonly endUser: string | null;
  readonly lane: string;
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  readonly route: string | null;
  readonly fault: Fault | null;
  readonly overheadMs: number | null;
  readonly cachedTokens: number | null;
  readonly reasoningTokens: number | null;
  readonly callerRetries: number;
  readonly notes: readonly string[];
  readonly attempts: readonly Attempt[];
}

export interface CallPage {
  readonly calls: readonly CallLine[];
  readonly next: string | null;
}

export function readCalls(answer: Json): CallPage {
  return { calls: list(answer['data'], (call) => readCallLine(object(call))), next: textOrNull(answer['next']) };
}

export function readCallLine(call: Json): CallLine {
  return {
    ...readCommon(call),
    attempts: number(call['attempts']),
  };
}

export function readWholeCall(call: Json): WholeCall {
  return {
    ...readCommon(call),
    callerId: textOrNull(call['callerId']),
    upstreamId: textOrNull(call['upstreamId']),
    traceId: textOrNull(call['traceId']),
    organisation: textOrNull(call['organisation']),
    workload: textOrNull(call['workload']),
    keyId: textOrNull(call['keyId']),
    endUser: textOrNull(call['endUser']),
    lane: text(call['lane']),
    operation: text(call['operation']),
    method: text(call['method'], 'POST'),
    path: text(call['path']),
    route: textOrNull(call['route']),
    fault: readFault(call['fault']),
    overheadMs: numberOrNull(call['overheadMs']),
    cachedTokens: numberOrNull(call['cachedTokens']),
    reasoningTokens: numberOrNull(call['reasoningTokens']),
    callerRetries: number(call['callerRetries']),
    notes: list(call['notes'], (note) => text(note)),
    attempts: list(call['attempts'], readAttempt),
  };
}

function readCommon(call: Json): Omit<CallLine, 'attempts'> {
  return {
    id: text(call['id']),
    at: moment(call['at']),
    tenant: textOrNull(call['tenant']),
    model: textOrNull(call['model']),
    servedModel: textOrNull(call['servedModel']),
    stream: flag(call['stream']),
    target: textOrNull(call['target']),
    outcome: oneOf(call['outcome'], OUTCOMES, 'unknown'),
    status: number(call['status']),
    faultKind: textOrNull(object(call['fault'])['kind']),
    durationMs: numberOrNull(call['durationMs']),
    firstContentMs: numberOrNull(call['firstContentMs']),
    inputTokens: numberOrNull(call['inputTokens']),
    outputTokens: numberOrNull(call['outputTokens']),
    cost: numberOrNull(call['cost']),
    attemptFaults: list(call['attemptFaults'], (kind) => text(kind)),
  };
}

function readAttempt(value: unknown): Attempt {
  const attempt = object(value);
  return {
    target: text(attempt['target']),
    model: textOrNull(attempt['model']),
    reason: text(attempt['reason']),
    startedMs: number(attempt['startedMs']),
    waitedMs: number(attempt['waitedMs']),
    durationMs: number(attempt['durationMs']),
    firstContentMs: numberOrNull(attempt['firstContentMs']),
    status: numberOrNull(attempt['status']),
    upstreamId: textOrNull(attempt['upstreamId']),
    fault: readFault(attempt['fault']),
  };
}

function readFault(value: unknown): Fault | null {
  const fault = objectOrNull(value);
  if (fault === null) return null;
  const retry = object(fault['retry']);
  return {
    kind: text(fault['kind']),
    detail: textOrNull(fault['detail']),
    party: text(fault['party']),
    message: text(fault['message']),
    remedy: text(fault['remedy']),
    evidence: list(fault['evidence'], (fact) => text(fact)),
    here: flag(retry['here']),
    elsewhere: flag(retry['elsewhere']),
    afterMs: numberOrNull(retry['afterMs']),
  };
}
