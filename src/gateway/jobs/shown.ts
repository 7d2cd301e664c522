import { parseJson } from '../../engine/parse-json.ts';
import type { Operation } from '../../engine/call.ts';
import { operationOf } from '../../providers/openai/request.ts';
import type { Job, JobEvent, KeptAnswer } from '../../jobs/job.ts';
import { headerOf } from './kept.ts';

/** Where jobs are found, below the API's root. */
export const JOBS_PATH = '/jobs';

/** How long the holder of a placeholder is asked to wait before it looks again, seconds. */
const LOOK_AGAIN_S = 2;

/** A larger answer is not told beside its job: it is to be fetched. */
const TOLD_BYTES = 1024 * 1024;

function jobUrl({ id }: Pick<Job, 'id'>): string {
  return `/v1${JOBS_PATH}/${id}`;
}

/** A job as callers see it, in the spelling of the API around it; times in seconds since 1970. */
export function jobTold(job: Job): Record<string, unknown> {
  const url = jobUrl(job);
  const { fault, webhook } = job;
  return {
    id: job.id,
    object: 'holdfast.job',
    status: job.status,
    origin: job.origin,
    endpoint: `/v1${job.path}`,
    model: job.model,
    stream: job.stream,
    priority: job.priority,
    attempts: job.attempts,
    max_attempts: job.maxAttempts,
    created_at: seconds(job.createdAt),
    started_at: seconds(job.startedAt),
    next_attempt_at: job.status === 'queued' && job.attempts > 0 ? seconds(job.runAt) : null,
    ended_at: seconds(job.endedAt),
    deadline_at: seconds(job.deadlineAt),
    expires_at: seconds(job.keptUntil),
    metadata: job.metadata,
    request_id: job.callId,
    error:
      fault === null
        ? null
        : { fault: fault.kind, party: fault.party, message: fault.message, remedy: fault.remedy, code: fault.code },
    result: job.answerStatus === null ? null : { status: job.answerStatus, url: `${url}/result` },
    webhook:
      webhook === null
        ? null
        : { url: webhook.url, state: webhook.state, attempts: webhook.attempts, error: webhook.error },
    urls: { self: url, result: `${url}/result`, events: `${url}/events`, cancel: `${url}/cancel` },
  };
}

export function eventTold({ seq, at, status, attempts, why }: JobEvent, id: string): Record<string, unknown> {
  return { id, object: 'holdfast.job.event', sequence: seq, at: seconds(at), status, attempts, reason: why };
}

/** A job that has ended, with its answer: parsed where it is JSON, as text where it is text, left out where it is large. */
export function endingTold(job: Job, answer: KeptAnswer | null): Record<string, unknown> {
  const told = jobTold(job);
  if (answer === null) return told;
  const type = headerOf(answer, 'content-type') ?? '';
  const body = answer.body.length > TOLD_BYTES ? null : bodyTold(type, answer.body);
  return { ...told, result: { ...(told['result'] as object), content_type: type, body } };
}

/** What a webhook says: the ending of a job, in the frame that the Standard Webhooks specification proposes. */
export function webhookBody(job: Job, answer: KeptAnswer | null): string {
  const timestamp = new Date(job.endedAt ?? job.createdAt).toISOString();
  return JSON.stringify({ type: `job.${job.status}`, timestamp, data: endingTold(job, answer) });
}

function bodyTold(type: string, bytes: Uint8Array): unknown {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  if (type.startsWith('text/')) return text;
  if (!type.includes('json')) return null;
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}

/** The empty answer of each operation, in which an SDK that knows nothing of jobs finds what it looks for. */
const EMPTY: Readonly<Partial<Record<Operation, object>>> = {
  chat: { choices: [], usage: null },
  responses: { output: [], output_text: '', usage: null },
  messages: {
    type: 'message',
    role: 'assistant',
    content: [],
    stop_reason: null,
    usage: { input_tokens: 0, output_tokens: 0 },
  },
  generate: { candidates: [] },
  embeddings: { data: [], usage: { prompt_tokens: 0, total_tokens: 0 } },
};

/**
 * What stands in for an answer that is still being made: the job, in a body that an SDK can read without harm.
 *
 * @param streams whoever asks reads events, and no JSON
 */
export function placeholder(job: Job, told: readonly string[], streams: boolean): KeptAnswer {
  const operation = operationOf('POST', job.path.split('?', 1)[0] ?? job.path);
  const empty = EMPTY[operation] ?? {};
  const body = { ...jobTold(job), ...empty, created: seconds(job.createdAt) };
  const headers = [
    ...told,
    'location',
    jobUrl(job),
    'retry-after',
    String(LOOK_AGAIN_S),
    'x-holdfast-job',
    job.id,
    'cache-control',
    'no-store',
  ];
  if (!streams) {
    return answerOf(202, ['content-type', 'application/json; charset=utf-8', ...headers], JSON.stringify(body));
  }
  // Whoever reads a stream reads events, whatever the status.
  const events = eventsOf(operation, body);
  return answerOf(202, ['content-type', 'text/event-stream; charset=utf-8', ...headers], events);
}

/** One event with the body, and the ending that the wire of an operation has. */
function eventsOf(operation: Operation, body: object): string {
  const data = `data: ${JSON.stringify(body)}\n\n`;
  if (operation === 'generate') return data;
  if (operation !== 'messages') return `${data}data: [DONE]\n\n`;
  const start = { type: 'message_start', message: body };
  const stop = { type: 'message_stop' };
  return [start, stop].map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
}

export function answerOf(status: number, headers: readonly string[], body: string): KeptAnswer {
  return { status, headers, body: Buffer.from(body) };
}

function seconds(ms: number | null): number | null {
  return ms === null ? null : Math.floor(ms / 1000);
}
