import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import type { ReplyStream } from '../engine/reply.ts';
import { callAt } from '../engine/scripted.test-support.ts';
import { SystemClock } from '../engine/system-clock.ts';
import { answer } from './answer.ts';

const clock = new SystemClock();
const call = callAt(clock, { stream: true });

/** A stream that gives these pieces at once. */
function streamOf(pieces: readonly Buffer[]): ReplyStream {
  return {
    start(sink) {
      for (const piece of pieces) sink.write(piece);
      sink.end();
    },
    pause: () => undefined,
    resume: () => undefined,
    onEnding: () => undefined,
  };
}

test.each([
  [
    'small pieces, of every byte',
    [Buffer.from('data: naïve 🌊\n\n'), Buffer.from(Array.from({ length: 256 }, (_, i) => i))],
  ],
  ['an empty piece between', [Buffer.from('a'), Buffer.alloc(0), Buffer.from('b')]],
  ['a large piece', [Buffer.alloc(300_000, 0x41), Buffer.from('end')]],
  ['nothing', []],
])('a stream arrives as it was, in chunks that are valid HTTP: %s', async (_, pieces) => {
  const server = createServer((_request, response) => {
    answer(response, call, { kind: 'stream', status: 200, headers: {}, stream: streamOf(pieces) }, clock, 60_000);
  }).listen(0, '127.0.0.1');
  try {
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    // Twice over one connection: a frame too much or too little would spoil the second answer.
    for (let turn = 0; turn < 2; turn += 1) {
      const { body, encoding } = await fetched(port);
      expect(body.equals(Buffer.concat(pieces))).toBe(true);
      expect(encoding).toBe('chunked');
    }
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

function fetched(port: number): Promise<{ body: Buffer; encoding: string | undefined }> {
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1' }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ body: Buffer.concat(chunks), encoding: response.headers['transfer-encoding'] }),
      );
      response.on('error', reject);
    })
      .on('error', reject)
      .end();
  });
}
