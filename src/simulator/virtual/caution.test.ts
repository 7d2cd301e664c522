import { describe, expect, test } from 'vitest';
import { chat } from '../../providers/openai/chat.ts';
import { readWeather } from '../weather.ts';
import { holdfast } from './holdfast.ts';
import { exponential, measured } from './pace.ts';
import { EASY } from './provider.ts';
import { run, type Scene } from './world.ts';

const PLAIN = { deadlineMs: null, streamShare: 0.5, tokens: () => 100, binMs: 1000 } as const;

/** A busy provider whose answers take seconds, and of whose calls a share meets with a fault. */
function troubled(fault: string, share: number): Scene {
  const weather = readWeather({ timeline: [{ at: 20, faults: { [fault]: share } }] });
  return { ...PLAIN, providers: [{ ...EASY, id: 'a', pace: measured(), weather }], callsPerSecond: 70, forMs: 120_000 };
}

describe('caution harms nobody where it is of no use', () => {
  test.each([
    ['server-error', 0.05, 0.995],
    ['server-error', 0.2, 0.97],
    ['overloaded', 0.2, 0.97],
    ['hang-after-opening', 0.01, 0.98],
    ['reset-before-headers', 0.1, 0.98],
  ])('%s for %d of the calls', async (fault, share, served) => {
    const { answered, offered } = await run(troubled(fault, share), 1, holdfast({ dialect: chat }));
    expect(answered / offered).toBeGreaterThan(served);
  });
});

test('twice as many callers as can be served leave the provider as busy as it can be, with answers in time', async () => {
  const server = { ...EASY, id: 'a', workers: 10, pace: exponential(100) };
  const scene = { ...PLAIN, providers: [server], callsPerSecond: 200, forMs: 60_000, deadlineMs: 1000, streamShare: 0 };
  const { series } = await run(scene, 1, holdfast({ dialect: chat }));
  const goodput = series.goodput.slice(10, 60).reduce((sum, count) => sum + count, 0);
  expect(goodput / (100 * 50)).toBeGreaterThan(0.93);
});
