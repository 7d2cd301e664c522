import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { aCall, aFault, anAttempt } from '../../../test/fixtures/call-record.ts';
import { showFrame } from '../admin/see/live.ts';
import { LiveBoard, type LiveFilter } from './board.ts';

interface Told {
  readonly event: string;
  readonly data: Record<string, unknown>;
}

let board: LiveBoard;
beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 22) });
  board = new LiveBoard({
    now: () => Date.now(),
    inFlight: () => 3,
    write: { frame: showFrame, call: ({ id }) => ({ id }) },
  });
});
afterEach(() => {
  vi.useRealTimers();
});

function listen(filter: LiveFilter | null = null): { readonly told: Told[]; readonly stop: () => void } {
  const told: Told[] = [];
  const stop = board.listen((event, text) => told.push({ event, data: JSON.parse(text) as Told['data'] }), filter);
  return { told, stop };
}

it('tells every second what ended in it, and the latencies of the last ten', () => {
  const { told } = listen();
  for (let second = 0; second < 12; second += 1) {
    board.hear(aCall({ durationMs: second < 2 ? 60_000 : 100, firstContentMs: 50, cost: 2_000_000 }));
    vi.advanceTimersByTime(1_000);
  }
  expect(told.map(({ event }) => event)).toEqual(Array(13).fill('frame'));
  const last = told.at(-1)?.data;
  expect(last).toMatchObject({ seconds: 1, calls: 1, answered: 1, inFlight: 3, inputTokens: 812, cost: 2, skipped: 0 });
  const p95 = (at: number): number =>
    (told.at(at)?.data['durationMs'] as { readonly p95: number } | undefined)?.p95 ?? NaN;
  expect(p95(-1)).toBeLessThan(102);
  expect(p95(3)).toBeGreaterThan(59_000);
});

it('counts faults told and met', () => {
  const { told } = listen();
  const attempts = [anAttempt({ fault: aFault() }), anAttempt({ reason: 'retry' })];
  board.hear(aCall({ attempts }));
  board.hear(aCall({ outcome: 'failed', fault: aFault(), attempts: [anAttempt({ fault: aFault() })] }));
  vi.advanceTimersByTime(1_000);
  expect(told.at(-1)?.data).toMatchObject({
    calls: 2,
    failed: 1,
    attempts: 3,
    retries: 1,
    faults: [{ kind: 'overloaded', party: 'provider', calls: 1, attempts: 2 }],
  });
});

it('shows the calls that are asked for, fifty a second, and says how many more there were', () => {
  const all = listen({});
  const some = listen({ tenant: 'shop', fault: 'overloaded' });
  const none = listen();
  for (let number = 0; number < 60; number += 1) {
    const tenant = number % 2 === 0 ? 'shop' : 'desk';
    board.hear(aCall({ id: `call-${number}`, tenant, attempts: [anAttempt({ fault: number < 4 ? aFault() : null })] }));
  }
  vi.advanceTimersByTime(1_000);
  const calls = (told: readonly Told[]): unknown[] =>
    told.filter(({ event }) => event === 'call').map(({ data }) => data['id']);
  expect(calls(all.told)).toHaveLength(50);
  expect(all.told.at(-1)?.data['skipped']).toBe(10);
  expect(calls(some.told)).toEqual(['call-0', 'call-2']);
  expect(calls(none.told)).toEqual([]);
  expect(none.told.at(-1)?.data).toMatchObject({ calls: 60, skipped: 0 });
});

it('rests while nobody listens, and begins afresh', () => {
  const { stop } = listen();
  board.hear(aCall());
  stop();
  expect(vi.getTimerCount()).toBe(0);
  board.hear(aCall());
  const { told } = listen();
  expect(told[0]?.data).toMatchObject({ calls: 0, durationMs: null });
});
