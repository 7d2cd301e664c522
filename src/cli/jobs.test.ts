import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { faultOf } from '../engine/fault/index.ts';
import { newJobId } from '../jobs/job.ts';
import { JobsThread } from '../jobs/sqlite/jobs-thread.ts';
import { openDatabase } from '../storage/database.ts';
import { jobsCommand } from './jobs.ts';
import { painter, type Terminal } from './terminal.ts';

const ids = { dead: newJobId(), waiting: newJobId(), other: newJobId() };
let data = '';
let empty = '';
beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'holdfast-cli-jobs-'));
  empty = await mkdtemp(join(tmpdir(), 'holdfast-cli-jobs-'));
  const queue = new JobsThread(data, { leaseMs: 1_000, keepMs: 3_600_000, keepKeysMs: 3_600_000 });
  const now = Date.now();
  const add = (id: string, owner: string): Promise<unknown> => {
    const request = { method: 'POST', path: '/chat/completions', headers: {}, body: Buffer.from('{}') };
    const times = { createdAt: now, runAt: now, deadlineAt: null };
    const more = {
      model: 'gpt-4o',
      stream: false,
      priority: 0,
      maxAttempts: 3,
      metadata: {},
      keyId: null,
      webhook: null,
    };
    const job = { id, owner, origin: 'asked' as const, request, ...times, ...more };
    return queue.add({ job, bounds: { waiting: 10, bytes: 1_000 }, hold: null });
  };
  await add(ids.dead, 'shop');
  const [claimed] = await queue.claim({ most: 1, now });
  const fault = faultOf('server-error', { message: 'it is on fire' });
  const ending = { status: 'dead' as const, answer: null, fault, callId: 'hf-1' };
  await queue.end({ id: ids.dead, token: claimed?.token ?? '', now: now + 1_500, ending });
  await add(ids.waiting, 'shop');
  await add(ids.other, 'other');
  await queue.close();
});
afterAll(async () => {
  await rm(data, { recursive: true });
  await rm(empty, { recursive: true });
});

async function run(
  args: readonly string[],
  directory = data,
): Promise<{ readonly out: string; readonly notes: string }> {
  let [out, notes] = ['', ''];
  const terminal: Terminal = {
    write: (text) => (out += text),
    note: (text) => (notes += text),
    width: Number.POSITIVE_INFINITY,
    paint: painter(false),
  };
  await jobsCommand(terminal).parseAsync([...args, '--data', directory], { from: 'user' });
  return { out, notes };
}

describe('holdfast jobs', () => {
  test('lists them, the newest first', async () => {
    const { out } = await run([]);
    const lines = out.trim().split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[1]).toContain(ids.other);
    expect(out).toMatch(new RegExp(`${ids.dead} +dead +shop +gpt-4o +1/3 +1\\.50 s +server-error: it is on fire`));
  });

  test('lists those that are asked for', async () => {
    expect((await run(['--status', 'dead'])).out).not.toContain(ids.waiting);
    expect((await run(['--tenant', 'other'])).out).not.toContain(ids.waiting);
    const jobs = (await run(['--json', '--limit', '2'])).out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(jobs).toHaveLength(2);
    expect(jobs[0]).toMatchObject({ id: ids.other, createdAt: expect.stringMatching(/^\d{4}-/) as string });
    await expect(run(['--limit', 'x'])).rejects.toThrow(/--limit/);
  });

  test('says where there are none', async () => {
    await expect(run([], empty)).rejects.toThrow(/there is no database yet/);
    await openDatabase({ directory: empty }).close();
    expect(await run([], empty)).toEqual({ out: '', notes: 'no jobs\n' });
    await expect(run(['show', 'job_x'], empty)).rejects.toThrow(/no job job_x/);
  });

  test('shows one, cancels one, and lets a dead one run again', async () => {
    const { out } = await run(['show', ids.dead]);
    expect(out).toContain('it is on fire');
    expect(out).toContain('remedy');
    await expect(run(['cancel', ids.dead])).rejects.toThrow(/ended already/);
    await expect(run(['retry', ids.waiting])).rejects.toThrow(/only a dead job/);
    expect((await run(['retry', ids.dead])).out).toContain('queued');
    const cancelled = JSON.parse((await run(['cancel', ids.waiting, '--json'])).out) as object;
    expect(cancelled).toMatchObject({ id: ids.waiting, status: 'cancelled' });
  });
});
