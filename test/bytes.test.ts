import { beforeAll, describe, expect, test } from 'vitest';
import { faultOf } from '../src/engine/fault/index.ts';
import type { Fault } from '../src/engine/fault/fault.ts';
import { Guard } from '../src/engine/attempt/guard.ts';
import type { Dialect } from '../src/engine/ports.ts';
import { callAt } from '../src/engine/scripted.test-support.ts';
import { VirtualClock } from '../src/engine/virtual-clock.ts';
import { chat } from '../src/providers/openai/chat.ts';
import { responses } from '../src/providers/openai/responses.ts';
import { startSimulator } from '../src/simulator/index.ts';

/** A recorded stream, and how its format tells that the answer is over. */
interface Recorded {
  readonly dialect: Dialect;
  readonly body: Buffer;
  readonly isOver: (data: string) => boolean;
}

const STREAMS = ['chat', 'responses'] as const;
const recorded = new Map<string, Recorded>();

beforeAll(async () => {
  const simulator = await startSimulator({ scriptedAnswer: 'hold fast 海藻' });
  const record = async (path: string, request: object): Promise<Buffer> => {
    const response = await fetch(`${simulator.url}/v1${path}`, {
      method: 'POST',
      headers: { authorization: 'Bearer x', 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'gpt-4o', stream: true, ...request }),
    });
    return Buffer.from(await response.arrayBuffer());
  };
  recorded.set('chat', {
    dialect: chat,
    body: await record('/chat/completions', { messages: [{ role: 'user', content: 'hi' }] }),
    isOver: (data) => /"finish_reason":"\w/.test(data),
  });
  recorded.set('responses', {
    dialect: responses,
    body: await record('/responses', { input: 'hi' }),
    isOver: (data) => data.includes('"type":"response.completed"'),
  });
  await simulator.close();
});

function streamOf(name: string): Recorded {
  const stream = recorded.get(name);
  if (stream === undefined) throw new Error(`no recording of ${name}`);
  return stream;
}

const WAYS = ['the body ends', 'the connection breaks'] as const;

describe.each(STREAMS)('a %s stream cut after every byte', (name) => {
  describe.each(WAYS)('%s', (way) => {
    // One byte at a time is quadratic in the length; every 7th cut of that costs no more than all of the others.
    test.each([
      ['whole', Number.POSITIVE_INFINITY, 1],
      ['in chunks of 7 bytes', 7, 1],
      ['byte by byte', 1, 7],
    ])('%s', (_, chunkBytes, stride) => {
      const stream = streamOf(name);
      expect(complaintsAboutCuts(stream, { chunkBytes, stride, way })).toEqual([]);
    });

    test('with CRLF line ends', () => {
      const stream = streamOf(name);
      const body = Buffer.from(stream.body.toString().replaceAll('\n', '\r\n'));
      expect(complaintsAboutCuts({ ...stream, body }, { chunkBytes: 11, stride: 1, way })).toEqual([]);
    });
  });
});

interface Cutting {
  readonly chunkBytes: number;
  readonly stride: number;
  readonly way: (typeof WAYS)[number];
}

function complaintsAboutCuts(stream: Recorded, cutting: Cutting): string[] {
  const events = eventsIn(stream.body);
  const complaints: string[] = [];
  for (let at = 0; at <= stream.body.length; at += cutting.stride) {
    const played = play(stream, at, cutting);
    const arrived = events.filter(({ end }) => end <= at).map(({ data }) => data);
    for (const complaint of judge(played, events, arrived, stream.isOver))
      complaints.push(`after ${at} bytes: ${complaint}`);
  }
  return complaints;
}

/** Everything that a guard did with one stream. */
class Played {
  given = '';
  sinkEnds = 0;
  committed = 0;
  readonly replaced: Fault[] = [];
  readonly over: (Fault | null)[] = [];
}

function play({ dialect, body }: Recorded, cutAt: number, { chunkBytes, way }: Cutting): Played {
  const played = new Played();
  const pieces: Buffer[] = [];
  const guard: Guard = new Guard(CALL, dialect, {
    committed() {
      played.committed += 1;
      guard.start({
        write: (chunk) => pieces.push(Buffer.from(chunk)) > 0,
        end: () => (played.sinkEnds += 1),
        fail: () => pieces.push(Buffer.from('the sink was broken')),
      });
    },
    failedBeforeContent: (fault) => played.replaced.push(fault),
    over: (fault) => played.over.push(fault),
    pause: () => undefined,
    resume: () => undefined,
  });
  for (let at = 0; at < cutAt; at += chunkBytes) guard.data(body.subarray(at, Math.min(cutAt, at + chunkBytes)));
  if (way === 'the body ends') guard.end();
  else guard.broke(faultOf('partial-response'));
  played.given = Buffer.concat(pieces).toString();
  return played;
}

interface Event {
  readonly data: string;
  /** One past its last byte in the stream, its blank line included. */
  readonly end: number;
}

/** @param arrived the events that came whole before the cut. */
function judge(
  played: Played,
  all: readonly Event[],
  arrived: readonly string[],
  isOver: (data: string) => boolean,
): string[] {
  if (played.committed === 0) {
    if (played.given !== '' || played.over.length > 0) return ['bytes were given without a commit'];
    if (played.replaced.length !== 1) return [`${played.replaced.length} failures were told`];
    return arrived.some(isOver) ? ['a finished answer was thrown away'] : [];
  }
  const complaints: string[] = [];
  if (played.committed > 1 || played.replaced.length > 0) complaints.push('replaced after the commit');
  if (played.over.length !== 1 || played.sinkEnds !== 1) complaints.push('it did not end once');
  const given = eventsIn(Buffer.from(played.given)).map(({ data }) => data);
  const failed = played.over[0] !== null;
  if (failed && !given.pop()?.includes('"holdfast":')) complaints.push('the failure was not told last');
  if (given.some((data, index) => data !== all[index]?.data)) complaints.push('something else was given than had come');
  if (given.length < arrived.length) complaints.push('an event that had come was kept back');
  if (failed === given.some(isOver)) complaints.push(failed ? 'failed although finished' : 'ended well unfinished');
  return complaints;
}

/** The data of each event, read another way than the engine does. */
function eventsIn(stream: Buffer): Event[] {
  const events: Event[] = [];
  const blank = /\r?\n\r?\n/g;
  const text = stream.toString('latin1');
  let start = 0;
  for (const match of text.matchAll(blank)) {
    const end = match.index + match[0].length;
    const lines = text.slice(start, match.index).split(/\r?\n/);
    const data = lines.filter((line) => line.startsWith('data: ')).map((line) => line.slice('data: '.length));
    if (data.length > 0) events.push({ data: data.join('\n'), end });
    start = end;
  }
  return events;
}

const CALL = callAt(new VirtualClock(), { stream: true });
