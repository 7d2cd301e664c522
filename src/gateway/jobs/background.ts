import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Call } from '../../engine/call.ts';
import { parseJson } from '../../engine/parse-json.ts';
import type { Handler } from '../../engine/route.ts';
import { type Job, hasEnded, type KeptAnswer } from '../../jobs/job.ts';
import { isObject } from '../../providers/openai/request.ts';
import type { Guest } from '../../tenants/holder.ts';
import { type Given, failed } from './given.ts';
import { type JobHouse, ownerOf } from './house.ts';
import { giveKept } from './kept.ts';
import { answerOf } from './shown.ts';

interface BackgroundDeps {
  readonly house: JobHouse;
  readonly handle: Handler;
  /** Whether the targets for a model answer in the background by themselves. */
  readonly native: (model: string | null) => boolean;
}

/** Begins the ids of responses that are jobs here. */
const OURS = '/responses/resp_job_';

const JSON_TYPE: readonly string[] = ['content-type', 'application/json; charset=utf-8'];

/** Whether a path below the API's root is about a response that is a job here. */
export function isBackgroundPath(path: string): boolean {
  return path.startsWith(OURS);
}

/**
 * Responses with `background: true` for targets that know no such thing: a job, which looks to the caller like the response that
 * it will be. Those that know it are left to do it themselves.
 */
export class BackgroundResponses {
  readonly #deps: BackgroundDeps;

  constructor(deps: BackgroundDeps) {
    this.#deps = deps;
  }

  /** Whether a call of the Responses API is to be made here in the background. */
  wants(call: Call): boolean {
    const { operation, parsed, body, model, problem } = call;
    if (operation !== 'responses' || problem !== null) return false;
    if (parsed !== null) return parsed['background'] === true && !this.#deps.native(model);
    if (
      !(body instanceof Uint8Array) ||
      !Buffer.from(body.buffer, body.byteOffset, body.byteLength).includes('"background"')
    )
      return false;
    return requestOf(body)?.['background'] === true && !this.#deps.native(model);
  }

  /** @param id of the job; null: any */
  async create(call: Call, id: string | null): Promise<Given> {
    const { house, handle } = this.#deps;
    const { background: _, ...request } = (call.body instanceof Uint8Array ? requestOf(call.body) : null) ?? {};
    const body = Buffer.from(JSON.stringify(request));
    // Somebody who reads along is served at once.
    if (call.stream) {
      call.body = body;
      return { kind: 'reply', reply: await handle(call) };
    }
    const metadata = textsOf(request['metadata']);
    const kept = await house.keep(call, { id, origin: 'background', body, metadata });
    if (kept.kind === 'refused') return failed(kept.fault);
    return { kind: 'kept', answer: told(kept.job, null) };
  }

  /** Answers a request whose path {@link isBackgroundPath}; false: there is no such response here. */
  async handle(request: IncomingMessage, response: ServerResponse, path: string, guest: Guest): Promise<boolean> {
    const { house } = this.#deps;
    const [, , responseId = '', action = ''] = path.split('?', 1)[0]?.split('/') ?? [];
    const owner = ownerOf(guest.plain.tenant);
    const id = responseId.slice('resp_'.length);
    const job = await house.queue.get({ owner, id });
    if (job === null || job.origin !== 'background') return false;
    const { method } = request;
    if (method === 'GET' && action === '') {
      giveKept(response, told(job, await this.#answer(job)), []);
      return true;
    }
    const cancels = method === 'POST' && action === 'cancel';
    if (!cancels && !(method === 'DELETE' && action === '')) return false;
    const after = (await house.cancel(owner, id, 'the response was cancelled')) ?? job;
    const deleted = JSON.stringify({ id: responseId, object: 'response', deleted: true });
    giveKept(response, cancels ? told(after, await this.#answer(after)) : answerOf(200, JSON_TYPE, deleted), []);
    return true;
  }

  async #answer(job: Job): Promise<KeptAnswer | null> {
    return hasEnded(job.status) ? this.#deps.house.queue.answer({ owner: job.owner, id: job.id }) : null;
  }
}

/** The job as the response that it is, or will be. */
function told(job: Job, answer: KeptAnswer | null): KeptAnswer {
  const made = answer === null || job.status !== 'succeeded' ? null : requestOf(answer.body);
  const own = { id: `resp_${job.id}`, background: true };
  const body = made === null ? { ...unfinished(job), ...own } : { ...made, ...own };
  return answerOf(200, [...JSON_TYPE, 'x-holdfast-job', job.id], JSON.stringify(body));
}

const STATUSES: Readonly<Record<Job['status'], string>> = {
  queued: 'queued',
  running: 'in_progress',
  succeeded: 'completed',
  failed: 'failed',
  dead: 'failed',
  expired: 'failed',
  cancelled: 'cancelled',
};

function unfinished({ status, createdAt, model, metadata, fault }: Job): Record<string, unknown> {
  const error =
    fault === null || !hasEnded(status) ? null : { code: fault.code ?? 'server_error', message: fault.message };
  return {
    object: 'response',
    created_at: Math.floor(createdAt / 1000),
    status: STATUSES[status],
    error,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: null,
    metadata,
    model,
    output: [],
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    store: true,
    temperature: 1,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
    truncation: 'disabled',
    usage: null,
  };
}

function requestOf(bytes: Uint8Array): Record<string, unknown> | null {
  try {
    const value = parseJson(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function textsOf(value: unknown): Record<string, string> {
  if (!isObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  );
}
