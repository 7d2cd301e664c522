import { assemble } from '../../config/assemble.ts';
import type { Config } from '../../config/config.ts';
import { type Call, NOTHING_SAID } from '../../engine/call.ts';
import { ANYONE, type Caller } from '../../engine/caller.ts';
import { callIds } from '../../engine/call-id.ts';
import { Cancellation } from '../../engine/cancellation.ts';
import type { Clock } from '../../engine/clock.ts';
import { envelope } from '../../engine/fault/index.ts';
import type { Reply } from '../../engine/reply.ts';
import { SystemClock } from '../../engine/system-clock.ts';
import { openCounting } from '../../gateway/counting.ts';
import { recordPlaceOf } from '../../gateway/open-database.ts';
import type { Send, Sent } from '../../jobs/bulk/bulk.ts';
import type { BulkRequest } from '../../jobs/bulk/request-line.ts';
import { RecordStore } from '../../observe/store.ts';
import { operationOf, readRequest } from '../../providers/openai/request.ts';

/** Sends the requests of a bulk. */
export interface Sender {
  readonly send: Send;
  close(): Promise<void>;
}

/** Who is in no hurry: takes what others leave, and waits for room in its quotas for as long as it takes. */
const BACKGROUND: Caller = Object.freeze({ ...ANYONE, lane: 'background' });

const DAY_MS = 86_400_000;

/** Sends through the line of a configuration, in this process: its pacing, retries, fallbacks and records. */
export async function openLine(config: Config): Promise<Sender> {
  const clock = new SystemClock();
  const nextId = callIds(clock.wall());
  const { ageMs, sizeBytes } = config.records.retention;
  const store = new RecordStore({
    ...recordPlaceOf(config),
    retention: { maxAgeMs: ageMs, maxBytes: sizeBytes },
    personal: config.redaction.personal,
  });
  const counting = await openCounting(config.counters, clock, (line) => console.error(line));
  /** What each call under way has cost: its record comes just before its reply. */
  const costs = new Map<string, number | null>();
  const assembly = assemble(config, {
    clock,
    random: Math.random,
    // Nobody else sends through this line.
    people: false,
    counters: counting.counters,
    emit(record) {
      costs.set(record.id, record.cost);
      store.append(record);
    },
  });
  return {
    async send(request) {
      const call = callOf(request, nextId(), clock, assembly.parsedUpTo);
      const reply = await assembly.handle(call);
      const cost = costs.get(call.id) ?? null;
      costs.delete(call.id);
      return sentOf(call, reply, cost);
    },
    async close() {
      await assembly.close();
      await counting.counters.close();
      await store.close();
    },
  };
}

/** The call that a request of a bulk is. */
export function callOf({ path, body }: BulkRequest, id: string, clock: Clock, parsedUpTo: number): Call {
  const operation = operationOf('POST', path);
  const { reading, problem, parsed } = readRequest(operation, path, body, parsedUpTo);
  return {
    id,
    door: 'in-process',
    operation,
    method: 'POST',
    path,
    headers: { 'content-type': 'application/json' },
    body,
    parsed,
    model: reading.model,
    stream: false,
    choices: reading.choices,
    pins: reading.pins,
    problem,
    caller: BACKGROUND,
    queueMs: DAY_MS,
    patienceMs: null,
    callerRetries: 0,
    notes: NOTHING_SAID,
    told: NOTHING_SAID,
    startedAt: clock.now(),
    arrivedAt: clock.wall(),
    expectedTokens: 0,
    admission: null,
    cancellation: new Cancellation(),
    route: null,
    attempts: [],
    waitedMs: 0,
    upstreamMs: 0,
  };
}

function sentOf(call: Call, reply: Reply, cost: number | null): Sent {
  const requestId = call.id;
  switch (reply.kind) {
    case 'whole': {
      const { status, body, fault } = reply;
      const text = Buffer.from(body).toString('utf8');
      return { kind: 'done', answer: { status, requestId, body: text, fault: fault?.kind ?? null, cost } };
    }
    case 'failed': {
      const { fault, retryAfterMs } = reply;
      const told = envelope(fault, { requestId, attempts: call.attempts.length });
      const answer = { status: told.status, requestId, body: JSON.stringify(told.body), fault: fault.kind, cost };
      // A wait is named where waiting helps, and nowhere else.
      return retryAfterMs === null ? { kind: 'done', answer } : { kind: 'later', answer, afterMs: retryAfterMs };
    }
    case 'stream':
      throw new Error('a request that asks for no stream was answered by one');
  }
}
