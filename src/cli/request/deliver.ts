import { plain, showDuration, type Terminal } from '../terminal.ts';
import { type Prepared, readKey } from './prepare.ts';

/** What came of a request. */
export interface Delivered {
  readonly status: number;
  readonly tookMs: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Sends a request and gives its answer.
 *
 * @param onText told of each piece of a streamed answer's text as it comes.
 * @throws {Error} nobody answered.
 */
export async function deliver(prepared: Prepared, onText: (text: string) => void): Promise<Delivered> {
  const { baseUrl, path, body, headers } = prepared;
  const key = await readKey(prepared.key);
  const startedAt = performance.now();
  let response: Response;
  try {
    response = await fetch(baseUrl + path, {
      method: 'POST',
      headers: { ...headers, ...(key === null ? {} : { authorization: `Bearer ${key}` }) },
      body,
    });
  } catch (error) {
    throw new Error(`nobody answers at ${baseUrl}; start a gateway (holdfast serve) or say where one is with --url`, {
      cause: error,
    });
  }
  const streamed = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
  const text = streamed ? await readStream(response, onText) : await response.text();
  return {
    status: response.status,
    tookMs: performance.now() - startedAt,
    headers: Object.fromEntries(response.headers),
    body: text,
  };
}

async function readStream(response: Response, onText: (text: string) => void): Promise<string> {
  let whole = '';
  let seen = 0;
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    whole += decoder.decode(chunk, { stream: true });
    for (let end = whole.indexOf('\n\n', seen); end >= 0; end = whole.indexOf('\n\n', seen)) {
      const data = whole
        .slice(seen, end)
        .split('\n')
        .filter((line) => line.startsWith('data:'));
      seen = end + 2;
      for (const line of data) onText(textOfEvent(line.slice(5).trim()));
    }
  }
  return whole;
}

/** The text that one event of a chat or Responses stream adds. */
function textOfEvent(data: string): string {
  if (!data.startsWith('{')) return '';
  const event = JSON.parse(data) as {
    readonly choices?: readonly { readonly delta?: { readonly content?: string | null } }[];
    readonly type?: string;
    readonly delta?: string;
  };
  if (event.type === 'response.output_text.delta') return event.delta ?? '';
  return event.choices?.[0]?.delta?.content ?? '';
}

/** The text of a whole answer; the JSON itself where it has none. */
export function textOfAnswer(body: string): string {
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch {
    return body;
  }
  const { choices, output } = answer as {
    readonly choices?: readonly { readonly message?: { readonly content?: string | null } }[];
    readonly output?: readonly { readonly content?: readonly { readonly text?: string }[] }[];
  };
  const said =
    choices?.[0]?.message?.content ??
    output
      ?.flatMap(({ content }) => content ?? [])
      .map(({ text }) => text ?? '')
      .join('');
  return typeof said === 'string' && said !== '' ? said : JSON.stringify(answer, null, 2);
}

/** The error of a refusal, for a person: what went wrong, what to do, and whom to ask. */
export function tellRefusal({ body, headers }: Delivered, { paint }: Terminal): string {
  try {
    const { error } = JSON.parse(body) as { error: { message: string; param: string | null; code: string | null } };
    const facts = [error.code, error.param].filter((each) => typeof each === 'string' && each !== '');
    return `${paint('red', plain(error.message))}${facts.length === 0 ? '' : `\n  ${plain(facts.join(', '))}`}\n`;
  } catch {
    const type = headers['content-type'] ?? 'nothing known';
    return `${paint('red', plain(body.slice(0, 500)))}\n  ${plain(type)}\n`;
  }
}

/** One line of what happened on the way, from Holdfast's own headers. */
export function tellWay({ status, tookMs, headers }: Delivered, { paint }: Terminal): string {
  const facts = [
    paint(status < 400 ? 'green' : 'red', String(status)),
    showDuration(tookMs),
    named('target', headers['x-holdfast-target']),
    named('attempts', headers['x-holdfast-attempts']),
    named('repaired', headers['x-holdfast-repaired']),
    named('fit', headers['x-holdfast-fit']),
    named('id', headers['x-request-id']),
  ];
  return `${facts.filter((fact) => fact !== null).join(paint('dim', ' · '))}\n`;
}

function named(name: string, value: string | undefined): string | null {
  return value === undefined ? null : `${name} ${plain(value)}`;
}
