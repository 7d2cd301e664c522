import type { Script, Step } from '../script.ts';
import type { Order } from './order.ts';

/** Answers come in at most so many pieces, whatever their length: what breaks, breaks between them. */
const MOST_PIECES = 8;

const ABOUT = { wire: 'chat', model: 'gpt-4o', azure: false, organization: 'org-virtual', promptTokens: 100 } as const;
const WHOLE_HEADERS = { 'content-type': 'application/json' };
const STREAM_HEADERS = { 'content-type': 'text/event-stream; charset=utf-8' };
const END: Step = { do: 'end', waitMs: 0 };

/** How long an answer takes: until its first content, and from there to its last. */
export interface Pace {
  readonly firstMs: number;
  readonly restMs: number;
}

/** The pieces of an answer, numbered, so that one that is missing, double or out of order is seen. */
export function piecesOf(order: Order): number {
  return Math.min(MOST_PIECES, Math.max(1, order.tokens));
}

/** The answer to an order as it happens on the wire when nothing goes wrong. */
export function answer(order: Order, pace: Pace): Script {
  return order.stream ? streamed(piecesOf(order), pace) : whole(piecesOf(order), pace.firstMs + pace.restMs);
}

function whole(pieces: number, waitMs: number): Script {
  const data = wholeBody(pieces);
  const steps: Step[] = [
    { do: 'head', status: 200, headers: WHOLE_HEADERS, edge: false, waitMs },
    { do: 'write', part: 'whole', data, waitMs: 0 },
    END,
  ];
  return { about: ABOUT, stream: false, gzip: false, steps };
}

function streamed(pieces: number, { firstMs, restMs }: Pace): Script {
  const [opening, ...rest] = eventsOf(pieces);
  const gapMs = pieces < 2 ? 0 : restMs / (pieces - 1);
  const steps: Step[] = [
    // The headers and the empty opening chunk come when a worker has begun, long before the first content.
    { do: 'head', status: 200, headers: STREAM_HEADERS, edge: false, waitMs: firstMs / 10 },
    { do: 'write', part: 'opening', data: opening as Buffer, waitMs: 0 },
  ];
  for (const [at, data] of rest.entries()) {
    if (at < pieces) steps.push({ do: 'write', part: 'content', data, waitMs: at === 0 ? 0.9 * firstMs : gapMs });
    else steps.push({ do: 'write', part: at === pieces ? 'closing' : 'terminal', data, waitMs: 0 });
  }
  steps.push(END);
  return { about: ABOUT, stream: true, gzip: false, steps };
}

const wholeBodies: Buffer[] = [];
const streamEvents: Buffer[][] = [];

/** The one right body of a whole answer. */
function wholeBody(pieces: number): Buffer {
  return (wholeBodies[pieces] ??= Buffer.from(
    JSON.stringify({ choices: [{ index: 0, message: { content: numbered(pieces) }, finish_reason: 'stop' }] }),
  ));
}

function numbered(pieces: number): string {
  return Array.from({ length: pieces }, (_, at) => `${at}`).join(' ');
}

/** The one right sequence of events of a stream: the opening, the pieces, the finish reason, the end. */
function eventsOf(pieces: number): readonly Buffer[] {
  return (streamEvents[pieces] ??= [
    event({ role: 'assistant', content: '' }, null),
    ...Array.from({ length: pieces }, (_, at) => event({ content: `${at} ` }, null)),
    event({}, 'stop'),
    Buffer.from('data: [DONE]\n\n'),
  ]);
}

function event(delta: object, reason: string | null): Buffer {
  return Buffer.from(`data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`);
}

/** Is this body the one right answer, or one that says itself why it is shorter? Odd bytes may say the right thing. */
export function isRightBody(pieces: number, body: Uint8Array): boolean {
  const right = wholeBody(pieces);
  if (body === right || right.equals(body)) return true;
  const { said, reason } = choiceOf(JSON.parse(Buffer.from(body).toString()), 'message');
  return CUT_SHORT.has(reason) || said === numbered(pieces);
}

/** The same for the events of a stream: every piece, in order and once, and a reason for the end. */
export function isRightStream(pieces: number, chunks: readonly Uint8Array[]): boolean {
  const events = eventsOf(pieces);
  if (chunks.length === events.length && chunks.every((chunk, at) => chunk === events[at])) return true;
  let said = '';
  let reason = '';
  for (const block of Buffer.concat(chunks)
    .toString()
    .split(/\r?\n\r?\n/)) {
    const lines = block.split(/\r?\n/).filter((line) => line.startsWith('data:'));
    const data = lines.map((line) => line.slice('data:'.length).trim()).join('\n');
    if (data === '' || data === '[DONE]') continue;
    const choice = choiceOf(JSON.parse(data), 'delta');
    said += choice.said;
    if (choice.reason !== '') ({ reason } = choice);
  }
  const whole = Array.from({ length: pieces }, (_, at) => `${at} `).join('');
  return CUT_SHORT.has(reason) ? whole.startsWith(said) : reason === 'stop' && said === whole;
}

/** Reasons that tell the caller that there would have been more to say. */
const CUT_SHORT: ReadonlySet<string> = new Set(['length', 'content_filter']);

/**
 * What the first choice of a completion, or of a piece of one, says, and why it ends if it does. A model that refuses says so
 * instead of an answer, and the caller has to get all of that, too.
 */
function choiceOf(completion: unknown, member: 'message' | 'delta'): { said: string; reason: string } {
  type Saying = { readonly content?: string | null; readonly refusal?: string | null };
  type Choice = { readonly [member: string]: Saying } & { finish_reason?: string | null };
  const [choice] = (completion as { readonly choices?: readonly Choice[] }).choices ?? [];
  const saying = choice?.[member];
  return { said: saying?.content ?? saying?.refusal ?? '', reason: choice?.finish_reason ?? '' };
}
