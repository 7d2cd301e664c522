/** What a call is to be waited for with, beside the call itself. */
interface Waiting {
  /** Where jobs are found: `http://127.0.0.1:4141/v1/jobs/job_...`. */
  readonly url: string;
  readonly headers: Headers;
  readonly signal: AbortSignal | null;
  readonly fetch: typeof globalThis.fetch;
}

/** One look takes at most this long: proxies on the way close connections that are silent for longer. */
const LOOK_FOR = '25s';

/** Rest after a look that failed, growing from the first to the last, ms: a gateway that restarts is back within seconds. */
const FIRST_REST_MS = 250;
const LONGEST_REST_MS = 5_000;

/** Looks that may fail in a row: with the rests between them, some two minutes. */
const MOST_FAILURES = 30;

/** Statuses of a gateway or a proxy that is away for a moment. */
const AWAY: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);

/** A job ended otherwise than with an answer. */
export class JobFailedError extends Error {
  override readonly name: string = 'JobFailedError';
  readonly status: number;
  /** The answer's body: OpenAI's error envelope. */
  readonly body: unknown;

  constructor(status: number, body: unknown) {
    super(messageOf(body) ?? `the job ended with status ${status}`);
    this.status = status;
    this.body = body;
  }
}

/**
 * A `fetch` that waits for jobs: when a gateway answers with a placeholder, it is held until the job has ended, and gives the
 * job's answer as if the call had given it. So an SDK needs to know nothing of jobs. A signal that aborts cancels the job, too.
 *
 * @param fetch sends the requests. @default the global one
 * @example
 * const openai = new OpenAI({ baseURL: 'http://127.0.0.1:4141/v1', fetch: patientFetch() });
 * await openai.chat.completions.create(request, { headers: { 'x-holdfast-placeholder-after': '5s' } });
 */
export function patientFetch(fetch: typeof globalThis.fetch = globalThis.fetch): typeof globalThis.fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    const job = response.headers.get('x-holdfast-job');
    if (response.status !== 202 || job === null) return response;
    await response.body?.cancel();
    const request = input instanceof Request ? input : null;
    const place = response.headers.get('location') ?? `/v1/jobs/${job}`;
    const asked = new URL(place, input instanceof Request ? input.url : input);
    const signal = init?.signal ?? request?.signal ?? null;
    const headers = credentialsOf(new Headers(init?.headers ?? request?.headers));
    const waiting = { url: asked.href, headers, signal, fetch };
    try {
      return await resultOf(waiting);
    } catch (error) {
      // Nobody waits for it any more. That it is told so is a courtesy to the provider's bill.
      if (signal?.aborted === true) void fetch(asked, { method: 'DELETE', headers }).catch(() => undefined);
      throw error;
    }
  };
}

/** Where jobs are asked after: an official SDK's client is one. */
export interface JobClient {
  /** With its `/v1`. */
  readonly baseURL: string;
  readonly apiKey?: string | null | undefined;
}

/**
 * Waits for a job and gives its answer, parsed: what the call would have given.
 *
 * @param client where the job is: an official SDK's client, or its base URL and key.
 * @param job its id, or the placeholder that has it.
 * @param options.signal stops the waiting; the job goes on.
 * @throws {JobFailedError} the job ended without the answer that was asked for
 * @example
 * const placeholder = await openai.chat.completions.create(request, { headers: { prefer: 'respond-async' } });
 * const completion = await waitForJob<OpenAI.ChatCompletion>(openai, placeholder);
 */
export async function waitForJob<Answer = unknown>(
  client: JobClient | string,
  job: string | { readonly id: string },
  options: { readonly signal?: AbortSignal; readonly fetch?: typeof globalThis.fetch } = {},
): Promise<Answer> {
  const { baseURL, apiKey = null } = typeof client === 'string' ? { baseURL: client } : client;
  const id = typeof job === 'string' ? job : job.id;
  const headers = new Headers();
  if (typeof apiKey === 'string' && apiKey !== '') headers.set('authorization', `Bearer ${apiKey}`);
  const { signal = null, fetch = globalThis.fetch } = options;
  const url = `${baseURL.replace(/\/+$/, '')}/jobs/${encodeURIComponent(id)}`;
  const response = await resultOf({ url, headers, signal, fetch });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  const body: unknown = isJson ? JSON.parse(text) : text;
  if (!response.ok) throw new JobFailedError(response.status, body);
  return body as Answer;
}

/** Looks until the job has ended. */
async function resultOf({ url, headers, signal, fetch }: Waiting): Promise<Response> {
  let failures = 0;
  for (;;) {
    const look = await fetch(`${url}/result?wait=${LOOK_FOR}`, { headers, signal }).catch((error: unknown) => {
      if (signal?.aborted === true || failures >= MOST_FAILURES) throw error;
      return null;
    });
    const isOver = look !== null && look.headers.get('x-holdfast-job-status') !== null;
    const isAway = look === null || (!isOver && AWAY.has(look.status));
    if (look !== null && !isAway && look.status !== 202) return look;
    if (look !== null && isAway && failures >= MOST_FAILURES) return look;
    await look?.body?.cancel();
    failures = isAway ? failures + 1 : 0;
    if (isAway) await rest(Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** (failures - 1)), signal);
  }
}

/** What says who asks, and nothing of what was asked. */
function credentialsOf(sent: Headers): Headers {
  const headers = new Headers();
  for (const name of ['authorization', 'x-api-key', 'api-key']) {
    const value = sent.get(name);
    if (value !== null) headers.set(name, value);
  }
  return headers;
}

function rest(ms: number, signal: AbortSignal | null): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(alarm);
      reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
    };
    const alarm = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    if (signal?.aborted === true) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}

function messageOf(body: unknown): string | null {
  if (typeof body !== 'object' || body === null || !('error' in body)) return null;
  const { error } = body;
  if (typeof error !== 'object' || error === null || !('message' in error)) return null;
  return typeof error.message === 'string' ? error.message : null;
}
