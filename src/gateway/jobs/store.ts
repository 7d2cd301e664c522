import type { Config } from '../../config/config.ts';
import { PostgresQueue } from '../../jobs/postgres/postgres-queue.ts';
import type { JobQueue } from '../../jobs/queue.ts';
import { JobsThread } from '../../jobs/sqlite/jobs-thread.ts';

/** Opens what the configuration says jobs are kept in. Nothing is reached before something is asked. */
export function openQueue({ jobs, data }: Pick<Config, 'jobs' | 'data'>, say: (line: string) => void): JobQueue {
  const { database, leaseMs, keepMs, keepKeysMs } = jobs;
  const settings = { leaseMs, keepMs, keepKeysMs };
  if (database.kind === 'sqlite') return new JobsThread(data, settings);
  const { password } = database;
  const revealed = (): string | null => (password.kind === 'held' ? password.reveal() : null);
  return new PostgresQueue({ address: { ...database, password: revealed }, settings, say });
}
