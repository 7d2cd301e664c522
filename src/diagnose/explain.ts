import { parseJson } from '../engine/parse-json.ts';
import type { Headers } from '../engine/call.ts';
import { classifyEvent, classifyResponse, eventData, type Fault, findErrorInBody } from '../engine/fault/index.ts';

/** A failure as somebody noted it down: in flags, or as a line of JSON. */
export interface Note {
  readonly provider?: string;
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Headers;
  /** The exact text of the body, or of one event of a stream. */
  readonly body: string | null;
  /** Whether the body is an event inside a stream whose status was 200. */
  readonly stream: boolean;
}

/** What `--json` prints for each note; kind and party are null when the note holds no failure. */
export interface Explanation {
  readonly kind: Fault['kind'] | null;
  readonly detail: Fault['detail'];
  readonly party: Fault['party'] | null;
  readonly retry: Fault['retry'];
  readonly remedy: string;
  readonly evidence: readonly string[];
}

/** Names the failure a note holds; null when it holds none. `wall` (ms since 1970) is what dates are counted from. */
export function explain(note: Note, wall: number): Fault | null {
  const { status, headers, body, stream } = note;
  const provider = note.provider === undefined ? {} : { provider: note.provider };
  // A refused stream has a status of its own: only inside a 200 is the body an event.
  const succeeded = status >= 200 && status <= 299;
  if (stream && succeeded) {
    return isHealthyEvent(body ?? '') ? null : classifyEvent({ data: body ?? '', wall, ...provider });
  }
  if (!succeeded) return classifyResponse({ status, headers, body, wall, ...provider });
  const transcript = firstErrorEvent(body ?? '');
  if (transcript !== undefined)
    return transcript === null ? null : classifyEvent({ data: transcript, wall, ...provider });
  return isHealthyBody(status, body) ? null : classifyResponse({ status, headers, body, wall, ...provider });
}

/** The machine's form of an explanation. */
export function explanationOf(fault: Fault | null): Explanation {
  if (fault === null) {
    const remedy = 'Nothing to do: this is an answer, not a failure.';
    return {
      kind: null,
      detail: null,
      party: null,
      retry: { here: false, elsewhere: false, afterMs: null },
      remedy,
      evidence: [],
    };
  }
  const { kind, detail, party, retry, remedy, evidence } = fault;
  return { kind, detail, party, retry, remedy, evidence };
}

/** The reader's form: what it means, who is at fault, what to do, whether a retry helps, and how one can tell. */
export function describeFault(fault: Fault | null): string {
  if (fault === null) return 'No failure: this is an answer.';
  const { kind, detail, party, retry, remedy, evidence, message } = fault;
  return [
    `${kind}${detail === null ? '' : ` (${detail})`}: ${message}`,
    `  at fault   ${PARTIES[party]}`,
    `  to do      ${remedy}`,
    `  retry      ${describeRetry(retry)}`,
    `  read from  ${evidence.join('; ')}`,
  ].join('\n');
}

const PARTIES: Readonly<Record<Fault['party'], string>> = {
  caller: 'caller: the request has to change',
  account: 'account: keys, limits or billing at the provider have to change',
  provider: 'provider: nothing to change on this side',
  network: 'network: the way between here and the provider',
  gateway: 'gateway: Holdfast or its configuration',
};

function describeRetry({ here, elsewhere, afterMs }: Fault['retry']): string {
  const wait = afterMs === null ? '' : ` after ${describeWait(afterMs)}`;
  if (here && elsewhere) return `helps${wait}; another key, region, model or provider may answer at once`;
  if (here) return `helps${wait}, at the same place`;
  const named = afterMs === null ? '' : ` now (the provider named a wait of ${describeWait(afterMs)})`;
  if (elsewhere) return `does not help here${named}; another key, region, model or provider may answer`;
  return 'does not help, here or elsewhere: the same request fails again';
}

function describeWait(ms: number): string {
  if (ms < 1000) return `${ms} ms`;
  if (ms < 120_000) return `${Math.round(ms / 100) / 10} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 360_000) / 10} h`;
}

function isHealthyBody(status: number, body: string | null): boolean {
  const text = (body ?? '').trim();
  // 204 and 205 promise no body; any other success without one was cut.
  if (text === '') return status === 204 || status === 205;
  const parsed = parse(text);
  return parsed !== undefined && !findErrorInBody(parsed);
}

function isHealthyEvent(text: string): boolean {
  const { name, data } = eventData(text);
  if (name === 'error' || name === 'response.failed') return false;
  if (data.trim() === '[DONE]') return true;
  const parsed = parse(data);
  return parsed !== undefined && !findErrorInBody(parsed);
}

/** In a whole stream: its first failing event, or null when each is fine. Undefined when the text is not a stream. */
function firstErrorEvent(text: string): string | null | undefined {
  if (!/^(?:event|data|id|retry)?:/.test(text.trimStart())) return undefined;
  const blocks = text.split(/(?:\r\n|\r|\n){2,}/).filter((block) => /^(?:event|data):/m.test(block));
  return blocks.find((block) => !isHealthyEvent(block)) ?? null;
}

function parse(text: string): unknown {
  try {
    return parseJson(text) as unknown;
  } catch {
    return undefined;
  }
}
