import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, test } from 'vitest';
import { NO_USAGE } from '../engine/ports.ts';
import type { Reply, ReplyStream, Sink } from '../engine/reply.ts';
import { callAt } from '../engine/scripted.test-support.ts';
import { VirtualClock } from '../engine/virtual-clock.ts';
import { answer } from './answer.ts';

/** More than the sockets between two ends of this machine can hold. */
const MUCH = Buffer.alloc(32 * 1024 * 1024, 'x');
const SLOW_READER_MS = 30_000;

/** A stream that is there as a whole. */
function streamOf(body: Buffer): ReplyStream {
  return {
    start(sink: Sink) {
      sink.write(body);
      sink.end();
    },
    pause: () => undefined,
    resume: () => undefined,
    onEnding: () => undefined,
  };
}

const REPLIES: Readonly<Record<'whole' | 'stream', Reply>> = {
  whole: { kind: 'whole', status: 200, headers: {}, body: MUCH, usage: NO_USAGE, fault: null },
  stream: { kind: 'stream', status: 200, headers: {}, stream: streamOf(MUCH) },
};

test.each([
  ['a whole answer', 'whole'],
  ['the end of a stream', 'stream'],
] as const)('a caller that does not read %s is let go, in its time', async (_, kind) => {
  const clock = new VirtualClock();
  const { promise, resolve } = Promise.withResolvers<ServerResponse>();
  const server = createServer((_request, response) => {
    answer(response, callAt(clock), REPLIES[kind], clock, SLOW_READER_MS);
    resolve(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const caller = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
  caller.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const response = await promise;
  await clock.advance(SLOW_READER_MS - 1);
  expect(response.destroyed).toBe(false);
  await clock.advance(1);
  expect(response.destroyed).toBe(true);
  caller.destroy();
  server.close();
});
