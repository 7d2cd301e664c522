import type { Call, Headers as CallHeaders } from '../engine/call.ts';
import type { Clock } from '../engine/clock.ts';
import { envelope } from '../engine/fault/index.ts';
import { decisive } from '../engine/hedge/overtaken.ts';
import { overhead } from '../engine/recorder.ts';
import type { Reply, ReplyStream } from '../engine/reply.ts';
import { nativeWireOf } from '../providers/native-wires.ts';

/** What described the bytes on the wire, and no longer describes the body that the caller reads. */
const KEPT_BACK: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'transfer-encoding',
  'x-request-id',
  'x-should-retry',
]);

/** Turns the line's reply into the web's `Response`. */
export function toResponse(call: Call, reply: Reply, clock: Clock, signal: AbortSignal | null): Response {
  switch (reply.kind) {
    case 'whole':
      return new Response(reply.body.length === 0 ? null : Buffer.from(reply.body), {
        status: reply.status,
        headers: headersOf(call, reply.headers, clock),
      });
    case 'stream': {
      const headers = headersOf(call, reply.headers, clock);
      return new Response(webStream(call, reply.stream, signal), { status: reply.status, headers });
    }
    case 'failed': {
      const facts = { requestId: call.id, attempts: call.attempts.length };
      const wire = nativeWireOf(call);
      const { status, body } = wire === null ? envelope(reply.fault, facts) : wire.envelope(reply.fault, facts);
      const headers = headersOf(call, { 'content-type': 'application/json' }, clock);
      headers.set('x-should-retry', 'false');
      if (reply.retryAfterMs !== null) {
        headers.set('retry-after', String(Math.ceil(reply.retryAfterMs / 1000)));
        headers.set('retry-after-ms', String(Math.ceil(reply.retryAfterMs)));
      }
      return Response.json(body, { status, headers });
    }
  }
}

function headersOf(call: Call, from: CallHeaders, clock: Clock): Headers {
  const headers = new Headers();
  // Where the caller has limits of its own, those of the account behind them would only mislead it.
  const limited = call.caller.quotas.length > 0;
  for (const name in from) {
    if (KEPT_BACK.has(name) || (limited && name.startsWith('x-ratelimit-'))) continue;
    const value = from[name];
    if (typeof value === 'string') headers.append(name, value);
    else if (value !== undefined) for (const each of value) headers.append(name, each);
  }
  const upstreamId = from['x-request-id'];
  if (typeof upstreamId === 'string') headers.set('x-upstream-request-id', upstreamId);
  headers.set('x-request-id', call.id);
  headers.set('x-holdfast-attempts', String(call.attempts.length));
  const last = decisive(call.attempts);
  if (last !== undefined) headers.set('x-holdfast-target', last.target);
  for (let at = 0; at + 1 < call.told.length; at += 2)
    headers.set(call.told[at] as string, call.told[at + 1] as string);
  headers.set('x-holdfast-overhead-ms', overhead(call, clock).toFixed(2));
  const wire = nativeWireOf(call);
  if (wire === null) return headers;
  const head = wire.head([...headers].flat(), { requestId: call.id, wall: clock.wall(), limited });
  return new Headers(
    head.flatMap((name, at) => (at % 2 === 0 ? [[name, head[at + 1] ?? ''] as [string, string]] : [])),
  );
}

/** Pushes the stream's bytes into a web stream, at the pace of whoever reads it. */
function webStream(call: Call, stream: ReplyStream, signal: AbortSignal | null): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        // As with any fetch: who aborts is told so by the body it is reading.
        call.cancellation.listen(() => controller.error(signal?.reason));
        stream.start({
          write(chunk) {
            controller.enqueue(chunk);
            return (controller.desiredSize ?? 0) > 0;
          },
          end: () => controller.close(),
          fail: (fault) => controller.error(new TypeError(fault.message)),
        });
      },
      pull: () => stream.resume(),
      cancel: () => call.cancellation.cancel('the caller stopped reading'),
    },
    new CountQueuingStrategy({ highWaterMark: 64 }),
  );
}
