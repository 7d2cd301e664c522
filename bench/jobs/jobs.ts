import { join } from 'node:path';
import { startSimulator } from '../../src/simulator/index.ts';
import { PostgresServer } from '../../src/storage/postgres-server.test-support.ts';
import { type Benchmark, type Figure, figure, type Outcome, type RunOptions } from '../figures.ts';
import { machine } from '../machine.ts';
import { table } from '../storm/yardsticks/yardstick.ts';
import { type Shaken, shake } from './kills.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js');

const FULL = { jobs: 1_000, kills: 10, everyMs: 2_000, withinMs: 300_000 };
const QUICK = { jobs: 200, kills: 4, everyMs: 1_500, withinMs: 120_000 };

/** Jobs whose gateways are killed with -9 while they run, in SQLite and in PostgreSQL with two gateways. */
export const jobs: Benchmark = {
  summary: 'jobs whose gateways are killed with -9 while they run them, in SQLite and in PostgreSQL',

  async run({ quick }: RunOptions): Promise<Outcome> {
    const scene = { ...(quick ? QUICK : FULL), main: MAIN, startSimulator, answerMs: 300 };
    const alone = await shake({ ...scene, gateways: 1, database: null, concurrency: 16, leaseMs: 1_000 });
    console.error(`jobs: SQLite (${alone.seconds.toFixed(0)} s)`);
    const server = await PostgresServer.start();
    try {
      const shared = await shake({ ...scene, gateways: 2, database: server.url, concurrency: 8, leaseMs: 10_000 });
      console.error(`jobs: PostgreSQL (${shared.seconds.toFixed(0)} s)`);
      const rows = [
        rowOf('SQLite, one gateway', alone, scene.jobs),
        rowOf('PostgreSQL, two gateways', shared, scene.jobs),
      ];
      const head = ['kept in', 'jobs', 'kills', 'lost', 'ended twice', 'extra attempts', 'allowed', 'seconds'];
      const page = [`# Jobs and kill -9\n\n${machine()}`, table(head, rows)].join('\n\n');
      return { figures: [...figuresOf('sqlite', alone), ...figuresOf('postgres', shared)], page };
    } finally {
      await server.close();
    }
  },
};

function figuresOf(store: string, { lost, endedTwice, extraAttempts, allowed, kills, seconds }: Shaken): Figure[] {
  return [
    figure(`jobs.${store}.kills`, kills, 'kills', { atLeast: 1 }, 0),
    figure(`jobs.${store}.lost`, lost, 'jobs', { atMost: 0 }, 0),
    figure(`jobs.${store}.ended_twice`, endedTwice, 'jobs', { atMost: 0 }, 0),
    figure(`jobs.${store}.extra_attempts`, extraAttempts, 'requests', { atMost: allowed }, 0),
    figure(`jobs.${store}.seconds`, seconds, 's', { atMost: 300 }, 1),
  ];
}

function rowOf(store: string, shaken: Shaken, count: number): string[] {
  const { kills, lost, endedTwice, extraAttempts, allowed, seconds } = shaken;
  return [store, count, kills, lost, endedTwice, extraAttempts, allowed, seconds.toFixed(1)].map(String);
}
