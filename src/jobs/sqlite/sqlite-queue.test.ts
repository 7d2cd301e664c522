import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { judgeStore } from '../contract.test-support.ts';
import { JobsThread } from './jobs-thread.ts';

let clock = Date.now();

judgeStore(
  'SQLite',
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'holdfast-jobs-'));
    return {
      open: (settings) => Promise.resolve(new JobsThread(directory, settings)),
      close: () => rm(directory, { recursive: true }),
    };
  },
  // The time is handed in: it only has to be later than any lease.
  () => Promise.resolve((clock += 10_001)),
);

test('the file is for its owner alone', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-jobs-'));
  const queue = new JobsThread(directory, { leaseMs: 1, keepMs: 1, keepKeysMs: 1 });
  await queue.counts();
  const modes = await Promise.all(
    ['jobs.db', 'jobs.db-wal', 'jobs.db-shm'].map(async (name) => (await stat(join(directory, name))).mode & 0o777),
  );
  expect(modes).toEqual([0o600, 0o600, 0o600]);
  await queue.close();
  await rm(directory, { recursive: true });
});

test('what cannot be opened is told to whoever asks, each time', async () => {
  const queue = new JobsThread('/dev/null/nowhere', { leaseMs: 1, keepMs: 1, keepKeysMs: 1 });
  await expect(queue.counts()).rejects.toThrow(/nowhere/);
  await expect(queue.nextAt()).rejects.toThrow(/nowhere/);
  await queue.close();
});
