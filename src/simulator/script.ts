import type { OutgoingHttpHeaders } from 'node:http';

/** Which of the provider's languages an answer is written in. */
export type Wire = 'chat' | 'responses' | 'messages' | 'generate' | 'embeddings' | 'other';

/**
 * What a piece of an answer is to its reader. `opening` comes before anything was said (the role chunk,
 * `response.created`), `closing` after the last word (finish reason, usage, the `done` events), `terminal` ends the stream
 * (`[DONE]`, `response.completed`); `whole` is a body that is not a stream.
 */
export type Part = 'opening' | 'content' | 'closing' | 'terminal' | 'whole';

/** The status line and headers of an answer. */
export interface Head {
  readonly do: 'head';
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  /** Made by the network edge before the provider saw the request: it carries none of the provider's own headers. */
  readonly edge: boolean;
  readonly waitMs: number;
}

/** One write to the connection. */
export interface Write {
  readonly do: 'write';
  readonly part: Part;
  readonly data: string | Uint8Array;
  readonly waitMs: number;
}

/**
 * What happens on the wire, one thing after another; `waitMs` passes before the thing.
 *
 * `end` finishes the body properly; `hang` says nothing more and keeps the connection; `cut` closes the connection in the
 * middle (FIN); `reset` tears it down (RST); `refuse` also stops listening for `forMs`.
 */
export type Step =
  | Head
  | Write
  | { readonly do: 'end' | 'hang' | 'cut' | 'reset'; readonly waitMs: number }
  | { readonly do: 'refuse'; readonly forMs: number; readonly waitMs: number };

/** What is known of the request an answer belongs to; faults word themselves after it. */
export interface About {
  readonly wire: Wire;
  /** The model's own name, without a fault; empty where the operation has none. */
  readonly model: string;
  readonly azure: boolean;
  readonly organization: string;
  readonly promptTokens: number;
  /** What the provider takes at most of prompt and answer; left out: what the model does. */
  readonly window?: number;
}

/** An answer as it will happen on the wire, before it happens. Faults turn one script into another; the delivery plays it. */
export interface Script {
  readonly about: About;
  readonly stream: boolean;
  /** Compress the body and say so in `content-encoding`. */
  readonly gzip: boolean;
  readonly steps: readonly Step[];
}

/** How long a script takes with a client that reads as fast as it can, ms. */
export function durationOf({ steps }: Script): number {
  return steps.reduce((sum, { waitMs }) => sum + waitMs, 0);
}

function head(status: number, headers: OutgoingHttpHeaders, waitMs = 0): Head {
  return { do: 'head', status, headers, edge: false, waitMs };
}

export function write(part: Part, data: string | Uint8Array, waitMs = 0): Write {
  return { do: 'write', part, data, waitMs };
}

export function end(): Step {
  return { do: 'end', waitMs: 0 };
}

/** An answer that is not a stream: its headers wait until the whole body is ready, as the real one's do. */
export function wholeScript(about: About, answer: WholeAnswer, waitMs = 0): Script {
  const length = typeof answer.body === 'string' ? Buffer.byteLength(answer.body) : answer.body.byteLength;
  const headers: OutgoingHttpHeaders = { ...answer.headers };
  if (answer.contentType !== null) headers['content-type'] = answer.contentType;
  if (answer.status !== 204) headers['content-length'] = length;
  const start: Head = { do: 'head', status: answer.status, headers, edge: answer.edge ?? false, waitMs };
  return {
    about,
    stream: false,
    gzip: false,
    steps: length === 0 ? [start, end()] : [start, write('whole', answer.body), end()],
  };
}

export interface WholeAnswer {
  readonly status: number;
  readonly body: string | Uint8Array;
  /** Null sends no content-type at all. */
  readonly contentType: string | null;
  readonly headers?: OutgoingHttpHeaders;
  readonly edge?: boolean;
}

export function jsonAnswer(status: number, value: unknown, headers: OutgoingHttpHeaders = {}): WholeAnswer {
  return { status, body: JSON.stringify(value), contentType: 'application/json', headers };
}

/** Server-sent events: the headers go out at once, the first write when the first token is ready. */
export function streamScript(about: About, writes: readonly Write[], headersAfterMs = 0): Script {
  const headers = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' };
  return { about, stream: true, gzip: false, steps: [head(200, headers, headersAfterMs), ...writes, end()] };
}
