import { KINDS } from '../../src/engine/fault/index.ts';
import type { Fault, FaultKind } from '../../src/engine/fault/fault.ts';
import type { AttemptRecord, CallRecord } from '../../src/engine/record.ts';

const TENANTS = 40;
const WORKLOADS = ['search', 'support', null] as const;
const MODELS = ['gpt-5', 'gpt-5-mini', 'gpt-4o', 'claude-sonnet-5', 'gemini-3-flash', 'text-embedding-4'] as const;
const TARGETS = ['openai', 'azure-sweden', 'anthropic', 'vertex'] as const;
const FAULTS = ['overloaded', 'rate-limit-tokens', 'timeout', 'server-error', 'network', 'invalid-request'] as const;

/** The same numbers from the same seed, 32 bits of state (Marsaglia's xorshift). */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/**
 * Calls in the order of their ending: forty tenants of very different sizes, a few models and targets of which some are asked
 * for much more than others; three of a hundred calls meet a fault.
 *
 * @param end wall time of the last, ms since 1970
 * @param lengthMs time between the first and the last
 */
export function* traffic(calls: number, end: number, lengthMs: number, seed: number): Generator<CallRecord> {
  const random = chance(seed);
  for (let number = 0; number < calls; number += 1) {
    yield callAt(number, Math.round(end - lengthMs + (number / calls) * lengthMs), random);
  }
}

function callAt(number: number, at: number, random: () => number): CallRecord {
  // The square makes few tenants large and many small.
  const tenant = `tenant-${Math.floor(TENANTS * random() ** 2)}`;
  const model = MODELS[Math.floor(MODELS.length * random() ** 1.5)] ?? null;
  const target = TARGETS[Math.floor(TARGETS.length * random() ** 2)] ?? null;
  const durationMs = 300 * Math.exp(3 * random());
  const firstContentMs = durationMs * (0.2 + 0.3 * random());
  const faulty = random() < 0.03;
  const kind = FAULTS[Math.floor(FAULTS.length * random())] ?? 'overloaded';
  const fault = faulty ? faultOfKind(kind) : null;
  const answered = fault === null || random() < 0.8;
  const last = attempt(number, target ?? '', model, answered ? null : fault, durationMs, firstContentMs);
  const first = attempt(-number, 'openai', model, fault, durationMs / 2, firstContentMs);
  const inputTokens = Math.round(200 + 3000 * random());
  const outputTokens = Math.round(20 + 600 * random());
  return {
    id: `hf-mbench-${(number + 1).toString(36)}`,
    callerId: null,
    trace: null,
    at,
    door: 'gateway',
    organisation: 'default',
    tenant,
    workload: WORKLOADS[number % WORKLOADS.length] ?? null,
    keyId: `key_${tenant}`,
    endUser: null,
    lane: 'interactive',
    operation: 'chat',
    method: 'POST',
    path: '/chat/completions',
    model,
    stream: number % 2 === 0,
    route: 'default',
    target,
    outcome: answered ? 'answered' : 'failed',
    status: answered ? 200 : 503,
    fault: answered ? null : fault,
    durationMs,
    firstContentMs: answered ? firstContentMs : null,
    overheadMs: 0.2 + random() / 5,
    usage: answered
      ? { inputTokens, outputTokens, cachedTokens: null, reasoningTokens: null }
      : { inputTokens: null, outputTokens: null, cachedTokens: null, reasoningTokens: null },
    cost: answered ? inputTokens + 8 * outputTokens : 0,
    callerRetries: 0,
    attempts: fault === null ? [last] : [first, { ...last, reason: 'fallback' }],
    notes: [],
  };
}

function attempt(
  number: number,
  target: string,
  model: string | null,
  fault: Fault | null,
  durationMs: number,
  firstContentMs: number,
): AttemptRecord {
  return {
    target,
    model,
    startedMs: 0.2,
    waitedMs: 0,
    durationMs,
    firstContentMs: fault === null ? firstContentMs : null,
    status: fault === null ? 200 : 503,
    upstreamId: upstreamIdOf(number),
    fault,
    reason: 'first',
  };
}

/** What a provider would have called the attempt: 36 letters and digits that tell nothing of their order. */
export function upstreamIdOf(number: number): string {
  const mixed = Math.imul(number ^ 0x5b_d1_e9_95, 0x9e_37_79_b1) >>> 0;
  return `req_${mixed.toString(16).padStart(8, '0')}${number.toString(16).padStart(24, '0')}`;
}

function faultOfKind(kind: FaultKind): Fault {
  const { party, here, elsewhere, remedy, message } = KINDS[kind];
  const retry = { here, elsewhere, afterMs: null };
  const words = { status: 503, type: 'server_error', code: null, param: null };
  return { kind, detail: null, party, retry, remedy, message, evidence: ['status 503'], ...words };
}
