import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { faultOf } from '../engine/fault/index.ts';
import { SystemClock } from '../engine/system-clock.ts';
import { type JobEnd, newJobId } from './job.ts';
import type { Attempted } from './outcome.ts';
import { JobRunner, type RunJob } from './runner.ts';
import { JobsThread } from './sqlite/jobs-thread.ts';

// Two gateways on one file, as far as jobs go; the store is the real one.

// The disk is a real one, and may be slow.
vi.setConfig({ testTimeout: 60_000 });

/** Renewed three times in its time; a busy machine is late for one. */
const LEASE_MS = 1_500;
const ANSWER: Attempted = {
  answer: { status: 200, headers: [], body: new Uint8Array() },
  fault: null,
  retryAfterMs: null,
  callId: 'hf-1',
  sent: true,
};

let directory = '';
const open: { readonly queue: JobsThread; readonly runner: JobRunner }[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holdfast-runner-'));
});
afterEach(async () => {
  for (const { queue, runner } of open.splice(0)) {
    await runner.stop(0);
    await queue.close();
  }
  retried.length = 0;
  endings.length = 0;
  await rm(directory, { recursive: true });
});

/** Calls of attempts that were not the last. */
const retried: string[] = [];
/** How jobs were ended here. */
const endings: JobEnd[] = [];

function gateway(run: RunJob, concurrency = 4): { queue: JobsThread; runner: JobRunner } {
  const queue = new JobsThread(directory, { leaseMs: LEASE_MS, keepMs: 60_000, keepKeysMs: 60_000 });
  const clock = new SystemClock();
  const beside = (): Promise<void> => Promise.resolve();
  const told = {
    retried: (callId: string): number => retried.push(callId),
    ended: (status: JobEnd): number => endings.push(status),
  };
  const rest = { ...told, beside, changed: () => undefined, say: () => undefined, lookEveryMs: 50, random: () => 0.5 };
  const runner = new JobRunner({ queue, clock, run, concurrency, leaseMs: LEASE_MS, ...rest });
  open.push({ queue, runner });
  return { queue, runner };
}

async function add(queue: JobsThread, owner = 'shop', deadlineAt: number | null = null): Promise<string> {
  const now = Date.now();
  const request = { method: 'POST', path: '/responses', headers: {}, body: new Uint8Array() };
  const more = { model: null, stream: false, priority: 0, maxAttempts: 3, metadata: {}, keyId: null, webhook: null };
  const times = { createdAt: now, runAt: now, deadlineAt };
  const job = { id: newJobId(), owner, origin: 'asked' as const, request, ...times, ...more };
  await queue.add({ job, bounds: { waiting: 100, bytes: 1_000 }, hold: null });
  return job.id;
}

describe('a runner', () => {
  test('keeps what takes longer than a lease, though another looks for lost jobs', async () => {
    let runs = 0;
    const run: RunJob = async (_job, onStop) => {
      onStop(() => undefined);
      runs += 1;
      await sleep(2.5 * LEASE_MS);
      return ANSWER;
    };
    const [one, other] = [gateway(run), gateway(run)];
    const id = await add(one.queue);
    one.runner.wake();
    other.runner.wake();
    await expect.poll(async () => (await one.queue.get({ owner: null, id }))?.status).toBe('succeeded');
    expect(runs).toBe(1);
    expect(endings).toEqual(['succeeded']);
  });

  test('ends what is late as soon as it is, and says so once', async () => {
    const run: RunJob = (_job, onStop) => {
      onStop(() => undefined);
      return Promise.resolve({ ...ANSWER, fault: faultOf('overloaded', { afterMs: 3_600_000 }) });
    };
    const { queue, runner } = gateway(run);
    const id = await add(queue, 'shop', Date.now() + 200);
    runner.wake();
    // Sooner than the store is swept anyway.
    const soon = { timeout: 12_000 };
    await expect.poll(async () => (await queue.get({ owner: null, id }))?.status, soon).toBe('expired');
    await expect.poll(() => endings).toEqual(['expired']);
    expect(retried).toEqual([]);
  });

  test('stops what another process has cancelled', async () => {
    let stopped = '';
    const run: RunJob = (_job, onStop) =>
      new Promise((resolve) => {
        onStop((reason) => {
          stopped = reason;
          resolve(ANSWER);
        });
      });
    const { queue, runner } = gateway(run);
    const id = await add(queue);
    runner.wake();
    await expect.poll(() => runner.running).toBe(1);
    const elsewhere = new JobsThread(directory, { leaseMs: LEASE_MS, keepMs: 60_000, keepKeysMs: 60_000 });
    await elsewhere.cancel({ owner: null, id, now: Date.now() });
    await elsewhere.close();
    await expect.poll(() => stopped).toContain('ended');
    expect(retried).toEqual([]);
    expect(await queue.get({ owner: null, id })).toMatchObject({ status: 'cancelled', answerStatus: null });
  });

  test('gives back what it has not done when it is stopped, as if it had not begun', async () => {
    const forever: RunJob = (_job, onStop) => new Promise((resolve) => onStop(() => resolve(ANSWER)));
    const { queue, runner } = gateway(forever);
    const id = await add(queue);
    runner.wake();
    await expect.poll(() => runner.running).toBe(1);
    await runner.stop(50);
    await expect.poll(() => retried).toEqual(['hf-1']);
    expect(await queue.get({ owner: null, id })).toMatchObject({ status: 'queued', attempts: 0 });
  });

  test('gives back what it was being handed as it was stopped', async () => {
    const run = vi.fn<RunJob>(() => Promise.resolve(ANSWER));
    const { queue, runner } = gateway(run);
    const id = await add(queue);
    const claim = queue.claim.bind(queue);
    const { promise: stopBegun, resolve: beginStop } = Promise.withResolvers<void>();
    const handed = vi.spyOn(queue, 'claim').mockImplementation(async (asked) => {
      const claimed = await claim(asked);
      await stopBegun;
      return claimed;
    });
    runner.wake();
    await expect.poll(() => handed.mock.calls.length).toBe(1);
    const stopped = runner.stop(10_000);
    beginStop();
    await stopped;
    expect(await queue.get({ owner: null, id })).toMatchObject({ status: 'queued', attempts: 0 });
    expect(run).not.toHaveBeenCalled();
  });

  test('tells of the attempts that are not the last', async () => {
    let runs = 0;
    const run: RunJob = (_job, onStop) => {
      onStop(() => undefined);
      runs += 1;
      return Promise.resolve({ ...ANSWER, callId: `hf-${runs}`, fault: runs < 3 ? faultOf('overloaded') : null });
    };
    const { queue, runner } = gateway(run);
    const id = await add(queue);
    runner.wake();
    await expect.poll(async () => (await queue.get({ owner: null, id }))?.status).toBe('succeeded');
    expect(retried).toEqual(['hf-1', 'hf-2']);
  });

  test('runs no more at a time than it may, and a job of each tenant in turn', async () => {
    const begun: string[] = [];
    let most = 0;
    let now = 0;
    const run: RunJob = async ({ job }, onStop) => {
      onStop(() => undefined);
      begun.push(job.owner);
      most = Math.max(most, (now += 1));
      await sleep(20);
      now -= 1;
      return ANSWER;
    };
    const { queue, runner } = gateway(run, 2);
    for (let count = 0; count < 6; count += 1) await add(queue, 'greedy');
    await add(queue, 'modest');
    runner.wake();
    await expect.poll(async () => (await queue.counts()).succeeded).toBe(7);
    expect(most).toBe(2);
    expect(begun.slice(0, 2)).toContain('modest');
  });
});
