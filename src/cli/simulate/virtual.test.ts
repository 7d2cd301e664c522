import { expect, test } from 'vitest';
import { readWeather } from '../../simulator/index.ts';
import { pageOf, runVirtually, summaryOf, type VirtualFlags } from './virtual.ts';

const weather = readWeather({ name: 'gone', timeline: [{ at: 10, for: 30, faults: { 'server-error': 1 } }] });
const flags: VirtualFlags = { seed: 7, rate: 20, calls: null, forMs: 60_000, deadlineMs: null, fallback: false };
const terminal = {
  write: () => undefined,
  note: () => undefined,
  width: 80,
  paint: (_ink: string, text: string) => text,
};

test('tells what came of the calls, by kind of fault, and when the breaker opened', async () => {
  const tale = await runVirtually(weather, flags);
  const summary = summaryOf(tale) as { answered: number; offered: number; failed: Record<string, number> };
  const failed = Object.values(summary.failed).reduce((sum, count) => sum + count, 0);
  expect(summary.answered + failed).toBe(summary.offered);
  expect(summary.failed['server-error']).toBeGreaterThan(0);
  expect(tale.notes[0]).toMatchObject({ text: 'first: closed → open' });
  expect(tale.notes[0]?.at).toBeGreaterThan(10_000);
  const page = pageOf(tale, weather, terminal);
  expect(page).toMatch(/^gone, seed 7\noffered +1,\d{3} calls\nanswered /);
  expect(page).toMatch(/breakers\n {2}0:00:1\d\.\d{3} {2}first: closed → open/);
});

test('a second provider takes the calls of the first', async () => {
  const tale = await runVirtually(weather, { ...flags, fallback: true });
  expect(tale.answered).toBe(tale.offered);
  expect(tale.attemptsAt['second']).toBeGreaterThan(500);
});

test('makes as many calls as were asked for, but for chance', async () => {
  const tale = await runVirtually(readWeather({ timeline: [] }), { ...flags, forMs: null, calls: 2000 });
  expect(Math.abs(tale.offered - 2000)).toBeLessThan(150);
});

test('refuses more calls than anybody would wait for, and says how many there would be', async () => {
  const asked = { ...flags, rate: 1e9, forMs: 1000 };
  await expect(runVirtually(weather, asked)).rejects.toThrow('this would be 1,000,000,000 calls');
});
