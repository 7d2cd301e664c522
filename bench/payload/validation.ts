import type { Call } from '../../src/engine/call.ts';
import { callAt } from '../../src/engine/scripted.test-support.ts';
import { VirtualClock } from '../../src/engine/virtual-clock.ts';
import { validation } from '../../src/payload/validate/check.ts';
import { MOST_PARSED_BYTES } from '../../src/payload/validate/inspect.ts';
import { readRequest } from '../../src/providers/openai/request.ts';
import { type Figure, figure } from '../figures.ts';
import { lowerQuartile } from '../statistics.ts';

/** How long one slice of measuring lasts, in ms of CPU, and how many there are. */
const SLICE_MS = 40;
const SLICES = { quick: 8, usual: 40 } as const;

const check = validation(() => ({ id: 'main', mode: 'strict', ownWords: () => false, factsOf: () => FACTS }));

const FACTS = {
  reasoning: false,
  sampling: 'free',
  stop: true,
  efforts: null,
  inputs: ['text', 'image'],
  outputs: ['text'],
  maxOutput: 16_384,
} as const;

/**
 * What looking at a request costs, in µs of CPU: reading it at the door, parsing it once, and every check of `strict`, of
 * ordinary conversations of 2 and 100 KB. The lower quartile of many short slices, so that neighbours disturb little.
 */
export function validationFigures({ quick }: { readonly quick: boolean }): Figure[] {
  const slices = quick ? SLICES.quick : SLICES.usual;
  return [
    figure('validation.chat2k_us', cost(conversation(2_048), slices), 'µs', { atMost: 8 }, 2),
    figure('validation.chat100k_us', cost(conversation(102_400), slices), 'µs', { atMost: 90 }, 1),
  ];
}

function cost(body: Buffer, slices: number): number {
  const call = callWith(body);
  if (lookAt(call, body) !== null) throw new Error('the benchmark asks for something that is refused');
  let rounds = 16;
  for (;;) {
    const ms = cpuMs(call, body, rounds);
    if (ms >= SLICE_MS) break;
    rounds = Math.ceil(rounds * Math.min(8, (SLICE_MS / Math.max(ms, 1)) * 1.2));
  }
  const costs = Array.from({ length: slices }, () => (cpuMs(call, body, rounds) * 1000) / rounds);
  return lowerQuartile(costs);
}

function cpuMs(call: Call, body: Buffer, rounds: number): number {
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round += 1) lookAt(call, body);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** What a door and the line do with a request before it is routed. */
function lookAt(call: Call, body: Buffer): ReturnType<typeof check> {
  call.parsed = readRequest('chat', '/chat/completions', body, MOST_PARSED_BYTES).parsed;
  return check(call);
}

const WORDS =
  'the tide comes in twice a day and twice a day it goes out again, and whoever lives by the shore learns to read it';

/** A chat of turns of some 800 characters, as an application sends it. */
function conversation(bytes: number): Buffer {
  const messages = [{ role: 'system', content: 'You know the sea. Answer "briefly".' }];
  const request = { model: 'gpt-4o', messages, temperature: 0.7, max_tokens: 500, stream: true, user: 'user-1' };
  for (let size = JSON.stringify(request).length; size < bytes; size = JSON.stringify(request).length) {
    const length = Math.min(800, Math.max(1, bytes - size - 40));
    const content = WORDS.repeat(Math.ceil(length / WORDS.length)).slice(0, length);
    messages.push({ role: messages.length % 2 === 1 ? 'user' : 'assistant', content });
  }
  return Buffer.from(JSON.stringify(request));
}

function callWith(body: Buffer): Call {
  return callAt(new VirtualClock(), { method: 'POST', path: '/chat/completions', body, model: 'gpt-4o', stream: true });
}
