import { describe, expect, test } from 'vitest';
import type { FaultKind } from '../engine/fault/fault.ts';
import { faultOf, type FaultFacts } from '../engine/fault/index.ts';
import { type Attempted, outcomeOf } from './outcome.ts';

const NOW = 1_000_000;
const attempted = (kind: FaultKind | null, more: Partial<Attempted> = {}, facts: FaultFacts = {}): Attempted => ({
  answer: { status: 200, headers: [], body: new Uint8Array() },
  fault: kind === null ? null : faultOf(kind, facts),
  retryAfterMs: null,
  callId: 'hf-1',
  sent: true,
  ...more,
});
const half = (): number => 0.5;
const job = { attempts: 1, maxAttempts: 3, deadlineAt: null };

describe('what becomes of a job', () => {
  test.each<[string, FaultKind | null, number, string]>([
    ['an answer', null, 1, 'succeeded'],
    ['a request that is at fault', 'invalid-request', 1, 'failed'],
    ['a refusal of the content', 'content-policy', 1, 'failed'],
    ['the last attempt that a provider failed', 'server-error', 3, 'dead'],
    ['the last attempt that was refused for now', 'rate-limit-requests', 3, 'dead'],
  ])('%s ends it', (_, kind, attempts, status) => {
    const outcome = outcomeOf({ ...job, attempts }, attempted(kind), NOW, half);
    expect(outcome).toMatchObject({ kind: 'end', ending: { status, callId: 'hf-1' } });
  });

  test.each<[FaultKind, number, number]>([
    ['server-error', 1, 750],
    ['server-error', 2, 2_250],
    ['overloaded', 1, 750],
    ['timeout', 2, 2_250],
  ])('after %s in attempt %i it waits %i ms', (kind, attempts, ms) => {
    const outcome = outcomeOf({ ...job, attempts }, attempted(kind), NOW, half);
    expect(outcome).toEqual({ kind: 'again', runAt: NOW + ms, counted: true, last: false });
  });

  test('it waits as long as was asked for', () => {
    const asked = attempted('rate-limit-requests', { retryAfterMs: 20_000 });
    expect(outcomeOf(job, asked, NOW, half)).toMatchObject({ runAt: NOW + 20_000 });
    const told = attempted('overloaded', {}, { afterMs: 30_000 });
    expect(outcomeOf(job, told, NOW, half)).toMatchObject({ runAt: NOW + 30_000 });
  });

  test('it never waits longer than five minutes of its own accord, nor past its deadline', () => {
    const many = { ...job, attempts: 30, maxAttempts: 100 };
    expect(outcomeOf(many, attempted('server-error'), NOW, () => 1)).toMatchObject({
      runAt: NOW + 300_000,
      last: false,
    });
    const late = { ...many, deadlineAt: NOW + 10 };
    expect(outcomeOf(late, attempted('server-error'), NOW, half)).toMatchObject({ runAt: NOW + 10, last: true });
  });

  test('what was never sent does not use up an attempt', () => {
    const open = attempted('circuit-open', { sent: false });
    expect(outcomeOf({ ...job, attempts: 3 }, open, NOW, half)).toMatchObject({ kind: 'again', counted: false });
  });
});
