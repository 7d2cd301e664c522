import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Cost, Counters } from '../engine/admission/quota.ts';
import { refusalOf } from '../engine/admission/quota-words.ts';
import type { Clock } from '../engine/clock.ts';
import type { Fault } from '../engine/fault/fault.ts';
import { faultOf } from '../engine/fault/index.ts';
import type { PayloadThread } from '../payload/thread/payload-thread.ts';
import { UnreadablePrompt } from '../payload/thread/unreadable-prompt.ts';
import type { PromptCount } from '../payload/tokens/count.ts';
import { modelFacts } from '../providers/catalogue/catalogue.ts';
import type { Guest } from '../tenants/holder.ts';
import { type BodyLimits, type BodyRead, readBody } from './body.ts';
import type { BodyRoom } from './body-room.ts';

/** Where prompts are counted: below the API's root, so that an SDK's base URL reaches it, and under a name that is ours. */
export const COUNT_PATH = '/holdfast/count';

const NOTHING: Cost = { tokens: 0, microdollars: 0 };

/** Whom a call is for does not depend on its body here: nothing of it is read before it is charged. */
const UNREAD = { model: null, user: null } as const;

interface CountDeps {
  readonly thread: PayloadThread;
  readonly limits: BodyLimits;
  readonly room: BodyRoom;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly refuse: (fault: Fault) => void;
}

/** Answers how many tokens the prompt of a request has, and how much room the model's window leaves. Nothing is sent on. */
export function answerCount(request: IncomingMessage, response: ServerResponse, guest: Guest, deps: CountDeps): void {
  const { limits, room, clock, refuse } = deps;
  if (request.method !== 'POST') return refuse(notPosted());
  charge(request, guest, deps).then(
    (fault) => (fault === null ? readBody(request, limits, clock, count, room) : refuse(fault)),
    () => refuse(faultOf('internal')),
  );

  function count(read: BodyRead): void {
    if (read.kind === 'gone') return;
    if (read.kind === 'refused') return refuse(read.fault);
    const { body, held } = read;
    if (held > 0) response.once('close', () => room.give(held));
    tellCount(response, body ?? Buffer.alloc(0), deps);
  }
}

/** Counting is work, though nothing is sent on: it takes one request of the caller's limits, and no tokens. */
async function charge(request: IncomingMessage, guest: Guest, { counters, clock }: CountDeps): Promise<Fault | null> {
  const caller = guest.callerOf(request.headers, { operation: 'chat', path: COUNT_PATH }, UNREAD);
  if ('kind' in caller) return caller;
  const quotas = caller.quotas.filter(({ measure }) => measure === 'requests');
  if (quotas.length === 0) return null;
  const at = clock.wall();
  const verdict = await counters.reserve(quotas, NOTHING, at);
  if (verdict.kind === 'refused') return refusalOf({ ...verdict, asked: NOTHING, at, waitedMs: 0 });
  verdict.reservation.settle(NOTHING, clock.wall());
  return null;
}

function tellCount(response: ServerResponse, body: Buffer, { thread, refuse }: CountDeps): void {
  thread.count(body, null).then(
    (counted) => {
      const bytes = Buffer.from(JSON.stringify(countTold(counted)));
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length }).end(bytes);
    },
    (error: unknown) => refuse(uncounted(error)),
  );
}

/** A count as its endpoint and `holdfast count --json` tell it, in the spelling of the API around them. */
export function countTold(count: PromptCount): Record<string, unknown> {
  const facts = modelFacts(count.model);
  const most = facts === null ? null : (facts.maxInput ?? facts.window);
  return {
    object: 'holdfast.token_count',
    model: count.model,
    tokens: count.tokens,
    exact: count.exact,
    encoding: count.encoding,
    messages: count.messages,
    message_tokens: count.messageTokens,
    frame_tokens: count.frameTokens,
    largest_input_tokens: count.largestInput,
    window: facts?.window ?? null,
    max_input_tokens: facts?.maxInput ?? null,
    max_output_tokens: facts?.maxOutput ?? null,
    room_tokens: most === null ? null : most - (count.largestInput ?? count.tokens),
  };
}

function uncounted(error: unknown): Fault {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof UnreadablePrompt) {
    const remedy = 'Send the JSON of a Chat Completions, Responses or Embeddings request, with its model.';
    return faultOf('invalid-request', { message: `the prompt cannot be counted: ${message}`, remedy });
  }
  return faultOf('unavailable', {
    party: 'gateway',
    message: `the prompt was not counted: ${message}`,
    afterMs: 1_000,
  });
}

function notPosted(): Fault {
  return faultOf('not-found', {
    message: `prompts are counted with POST /v1${COUNT_PATH}`,
    remedy: 'Send the request whose prompt is to be counted, as JSON, with POST.',
    code: 'unknown_url',
  });
}
