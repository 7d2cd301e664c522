import OpenAI, {
  AuthenticationError,
  BadRequestError,
  ConflictError,
  InternalServerError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
} from 'openai';
import { describe, expect, it } from 'vitest';
import type { FaultKind } from './fault.ts';
import { envelope, errorEventChat, errorEventResponses, faultOf, KINDS } from './index.ts';

const FACTS = { requestId: 'hf_1', attempts: 3 };

const STATUSES: readonly (readonly [kind: FaultKind, own: number | null, shown: number])[] = [
  ['timeout', null, 504],
  ['network', null, 502],
  ['partial-response', 200, 502],
  ['malformed-response', 200, 502],
  ['malformed-response', 302, 502],
  ['circuit-open', null, 503],
  ['no-target', null, 503],
  ['draining', null, 503],
  ['retry-budget', null, 503],
  ['cancelled', null, 499],
  ['payload-too-large', null, 413],
  ['headers-too-large', null, 431],
  ['slow-caller', null, 408],
  ['context-length', 400, 400],
  ['context-length', 500, 400],
  ['rate-limit-tokens', 200, 429],
  ['quota-exhausted', 402, 429],
  ['quota-exhausted', 400, 400],
  ['overloaded', 529, 503],
  ['overloaded', 500, 500],
  ['overloaded', 429, 503],
  ['bad-gateway', 520, 502],
  ['not-found', 404, 404],
];

describe('the error a caller gets', () => {
  it.each(STATUSES)('%s after %s is shown as %i', (kind, own, shown) => {
    expect(envelope(faultOf(kind, { status: own }), FACTS).status).toBe(shown);
  });

  it('tells what happened, who is at fault and what to do', () => {
    const fault = faultOf('timeout', { detail: 'connect', message: 'No connection in 5 s.', afterMs: 1000 });
    expect(envelope(fault, FACTS).body.error).toEqual({
      message: `No connection in 5 s. [timeout: connect; at fault: network] Remedy: ${fault.remedy}`,
      type: 'server_error',
      param: null,
      code: 'timeout',
      holdfast: {
        fault: 'timeout',
        detail: 'connect',
        party: 'network',
        remedy: fault.remedy,
        retry: { here: true, elsewhere: true, after_ms: 1000 },
        attempts: 3,
        request_id: 'hf_1',
      },
    });
  });

  it("keeps the provider's own words where they are OpenAI's, and translates the rest", () => {
    const own = faultOf('quota-exhausted', { type: 'insufficient_quota', code: 'project_spend_limit_exceeded' });
    expect(envelope(own, FACTS).body.error).toMatchObject({
      type: 'insufficient_quota',
      code: 'project_spend_limit_exceeded',
    });
    const foreign = faultOf('rate-limit-requests', { type: 'ThrottlingException', code: '1300' });
    expect(envelope(foreign, FACTS).body.error).toMatchObject({ type: 'requests', code: 'rate_limit_exceeded' });
  });

  it.each(Object.keys(KINDS) as FaultKind[])('says enough about %s', (kind) => {
    const { remedy, message, callerStatus } = KINDS[kind];
    expect(remedy).toMatch(/^[A-Z].*\.$/);
    expect(message).toMatch(/^[A-Z].*\.$/);
    expect(callerStatus).toBeGreaterThanOrEqual(400);
  });
});

/** The official SDK, answered by `answer` instead of the network. */
function sdk(answer: () => Response): OpenAI {
  return new OpenAI({ apiKey: 'none', maxRetries: 0, fetch: () => Promise.resolve(answer()) });
}

const CLASSES = [
  ['authentication', AuthenticationError],
  ['permission', PermissionDeniedError],
  ['not-found', NotFoundError],
  ['context-length', BadRequestError],
  ['conflict', ConflictError],
  ['quota-exhausted', RateLimitError],
  ['overloaded', InternalServerError],
] as const;

describe('the official SDK', () => {
  it.each(CLASSES)('raises its own class for %s', async (kind, expected) => {
    const { status, body } = envelope(faultOf(kind), FACTS);
    const client = sdk(() => Response.json(body, { status }));
    const raised: unknown = await client.models.list().catch((error: unknown) => error);
    expect(raised).toBeInstanceOf(expected);
    expect(raised).toMatchObject({ code: KINDS[kind].code, message: expect.stringContaining(KINDS[kind].remedy) });
  });

  it('raises when a chat stream fails in the open', async () => {
    const chunk = { id: 'c', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: 'Hel' } }] };
    const body = `data: ${JSON.stringify(chunk)}\n\n${errorEventChat(faultOf('partial-response'), FACTS)}`;
    const client = sdk(() => new Response(body, { headers: { 'content-type': 'text/event-stream' } }));
    const stream = await client.chat.completions.create({ model: 'm', messages: [], stream: true });
    const seen: (string | null | undefined)[] = [];
    const reading = (async () => {
      for await (const { choices } of stream) seen.push(choices[0]?.delta.content);
    })();
    await expect(reading).rejects.toMatchObject({ code: 'partial_response', type: 'server_error' });
    expect(seen).toEqual(['Hel']);
    expect(body).not.toMatch(/\[DONE\]|finish_reason/);
  });

  it('raises when a Responses stream fails in the open', async () => {
    const body = errorEventResponses(faultOf('timeout', { detail: 'idle' }), FACTS, 7);
    const client = sdk(() => new Response(body, { headers: { 'content-type': 'text/event-stream' } }));
    const stream = await client.responses.create({ model: 'm', input: 'x', stream: true });
    const reading = (async () => {
      for await (const event of stream) expect(event).toBeUndefined();
    })();
    await expect(reading).rejects.toMatchObject({ code: 'timeout' });
    expect(JSON.parse(body.split('data: ')[1] ?? '')).toMatchObject({ type: 'error', sequence_number: 7, param: null });
  });
});
