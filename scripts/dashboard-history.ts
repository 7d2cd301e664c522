import { KINDS } from '../src/engine/fault/index.ts';
import type { Fault, FaultKind } from '../src/engine/fault/fault.ts';
import type { AttemptRecord, CallRecord } from '../src/engine/record.ts';

const MINUTE = 60_000;

/** The storm begins so long before the end, ms, and goes on. */
const STORM_MS = 14 * MINUTE;

/** Calls a minute, on average. */
const RATE = 60;

const MODELS = ['gpt-4o', 'gpt-4o', 'gpt-4o-mini'] as const;
const TENANTS = ['shop', 'shop', 'shop', 'search', 'support'] as const;

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
 * An hour of calls for the pictures of the documentation: all is well at `openai`, until its `gpt-4o` is overloaded and
 * `azure-eu` takes over. The first minutes have no calls at all.
 */
export function* anHour(end: number): Generator<CallRecord> {
  const random = chance(20_261_122);
  for (let at = end - 54 * MINUTE, number = 1; at < end; number += 1) {
    const wave = 1 + 0.35 * Math.sin(at / (9 * MINUTE));
    at += (-Math.log(1 - random()) * MINUTE) / (RATE * wave);
    yield callAt(Math.round(at), number, end - at < STORM_MS, random);
  }
}

function callAt(at: number, number: number, storm: boolean, random: () => number): CallRecord {
  const model = MODELS[Math.floor(random() * MODELS.length)] ?? 'gpt-4o';
  const tenant = TENANTS[Math.floor(random() * TENANTS.length)] ?? 'shop';
  const hit = storm && model === 'gpt-4o' ? random() < 0.93 : random() < 0.006;
  const kind: FaultKind = !storm || random() < 0.12 ? 'rate-limit-tokens' : random() < 0.85 ? 'overloaded' : 'timeout';
  const lost = hit && storm && random() < 0.02;
  const firstMs = 260 + 420 * random() ** 2 + (hit ? 560 : 0);
  const wholeMs = firstMs + 600 + 2_400 * random();
  const failed = attempt('openai', model, 0.2, 180 + 300 * random(), null, faultOf(kind), number * 2);
  const startedMs = hit ? failed.durationMs + 40 : 0.2;
  const target = hit ? 'azure-eu' : 'openai';
  const last = attempt(
    target,
    model,
    startedMs,
    wholeMs - startedMs,
    lost ? null : firstMs,
    lost ? faultOf(kind) : null,
    number * 2 + 1,
  );
  const [inputTokens, outputTokens] = [Math.round(180 + 900 * random()), Math.round(60 + 400 * random())];
  const price = model === 'gpt-4o' ? [2.5, 10] : [0.15, 0.6];
  return {
    id: `hf-mwr71kwtc54b82999e-${number.toString(36)}`,
    callerId: null,
    trace: null,
    at,
    door: 'gateway',
    organisation: 'default',
    tenant,
    workload: null,
    keyId: `key_${tenant}`,
    endUser: null,
    lane: 'interactive',
    operation: 'chat',
    method: 'POST',
    path: '/chat/completions',
    model,
    stream: true,
    route: 'all',
    target,
    outcome: lost ? 'failed' : 'answered',
    status: lost ? 503 : 200,
    fault: lost ? faultOf(kind) : null,
    durationMs: wholeMs,
    firstContentMs: lost ? null : firstMs,
    overheadMs: 0.2 + random() / 5,
    usage: { inputTokens, outputTokens, cachedTokens: null, reasoningTokens: null },
    cost: lost ? null : inputTokens * (price[0] ?? 0) + outputTokens * (price[1] ?? 0),
    callerRetries: 0,
    attempts: hit ? [failed, { ...last, reason: 'fallback' }] : [last],
    notes: [],
  };
}

function attempt(
  target: string,
  model: string,
  startedMs: number,
  durationMs: number,
  firstContentMs: number | null,
  fault: Fault | null,
  number: number,
): AttemptRecord {
  const upstreamId = `req_${(Math.imul(number, 0x9e_37_79_b1) >>> 0).toString(16).padStart(8, '0')}`;
  const status = fault === null ? 200 : fault.kind === 'timeout' ? null : fault.status;
  return {
    target,
    model,
    startedMs,
    waitedMs: 0,
    durationMs,
    firstContentMs,
    status,
    upstreamId,
    fault,
    reason: 'first',
  };
}

function faultOf(kind: FaultKind): Fault {
  const { party, here, elsewhere, remedy, message, callerStatus } = KINDS[kind];
  const retry = { here, elsewhere, afterMs: null };
  const said = { status: callerStatus, type: null, code: null, param: null };
  return { kind, detail: null, party, retry, remedy, message, evidence: [`status ${callerStatus}`], ...said };
}
