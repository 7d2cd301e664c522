import { signal } from '@preact/signals';
import { asCaller } from '../caller-key.ts';
import { list, object, text } from '../read.ts';

/** The body of a call that is to be sent again, where it was kept. In memory: what was said belongs in no address. */
export const replayed = signal<string | null>(null);

/** One request of the playground, as far as it has come. */
export interface Try {
  readonly state: 'under way' | 'done' | 'stopped' | 'failed';
  readonly status: number | null;
  /** What was answered so far. */
  readonly text: string;
  readonly trouble: string | null;
  readonly firstMs: number | null;
  readonly tookMs: number;
  readonly callId: string | null;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** What the fields say. */
export interface Asked {
  readonly model: string;
  readonly prompt: string;
  readonly stream: boolean;
}

interface Wanted {
  readonly path: string;
  /** As JSON. */
  readonly body: string;
}

/** Sends it as an application would: with its key, and without the session of the dashboard. */
export async function send({ path, body }: Wanted, signal: AbortSignal, tell: (tried: Try) => void): Promise<void> {
  const begun = performance.now();
  let tried: Try = {
    state: 'under way',
    status: null,
    text: '',
    trouble: null,
    firstMs: null,
    tookMs: 0,
    callId: null,
    headers: [],
  };
  const now = (changes: Partial<Try>): void => {
    tried = { ...tried, ...changes, tookMs: performance.now() - begun };
    tell(tried);
  };
  const add = (piece: string): void => {
    if (piece !== '') now({ text: tried.text + piece, firstMs: tried.firstMs ?? performance.now() - begun });
  };
  now({});
  try {
    const response = await fetch(path, {
      method: 'POST',
      ...asCaller(),
      body,
      signal,
    });
    const headers = [...response.headers].filter(([name]) => name.startsWith('x-'));
    now({ status: response.status, headers, callId: response.headers.get('x-request-id') });
    if (response.ok && streams(response) && response.body !== null)
      await readStream(response.body, add, (trouble) => now({ trouble }));
    else {
      const answer = object(await response.json().catch(() => null));
      if (response.ok) add(wholeText(answer));
      else now({ trouble: text(object(answer['error'])['message']) || `status ${response.status}` });
    }
    now({ state: tried.trouble === null ? 'done' : 'failed' });
  } catch (error) {
    if (signal.aborted) now({ state: 'stopped' });
    else
      now({
        state: 'failed',
        trouble: `The connection broke: ${error instanceof Error ? error.message : String(error)}`,
      });
  }
}

/** The smallest request that says this. */
export function bodyOf(path: string, { model, prompt, stream }: Asked): object {
  if (path === '/v1/embeddings') return { model, input: prompt };
  const streaming = stream ? { stream: true } : {};
  if (path === '/v1/responses') return { model, input: prompt, ...streaming };
  return { model, messages: [{ role: 'user', content: prompt }], ...streaming };
}

function streams({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('text/event-stream') === true;
}

async function readStream(
  body: ReadableStream<Uint8Array>,
  add: (piece: string) => void,
  fail: (trouble: string) => void,
): Promise<void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    rest += done ? '\n' : decoder.decode(value, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) readLine(line.trim(), add, fail);
    if (done) return;
  }
}

function readLine(line: string, add: (piece: string) => void, fail: (trouble: string) => void): void {
  if (!line.startsWith('data:')) return;
  const data = line.slice(5).trim();
  if (data === '[DONE]') return;
  let event;
  try {
    event = object(JSON.parse(data));
  } catch {
    return;
  }
  const error = object(event['error']);
  if (text(error['message']) !== '') return fail(text(error['message']));
  if (event['type'] === 'error') return fail(text(event['message'], 'the stream ended with an error'));
  if (event['type'] === 'response.output_text.delta') return add(text(event['delta']));
  const [choice] = list(event['choices'], object);
  add(text(object(choice?.['delta'])['content']));
}

/** What a whole answer says, whichever endpoint gave it. */
function wholeText(answer: Readonly<Record<string, unknown>>): string {
  const [choice] = list(answer['choices'], object);
  const said = text(object(choice?.['message'])['content']);
  if (said !== '') return said;
  const output = list(answer['output'], object).flatMap((item) =>
    list(item['content'], object).map((part) => text(part['text'])),
  );
  if (output.length > 0) return output.join('\n');
  const vectors = list(answer['data'], object).map((item) =>
    Array.isArray(item['embedding']) ? item['embedding'].length : 0,
  );
  return vectors.length > 0 ? `${vectors.length} vector(s) of ${vectors[0]} numbers` : JSON.stringify(answer, null, 2);
}
