import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';

import { type Database, openDatabase } from '../storage/database.ts';
import { addressOf, emptied } from '../storage/databases.test-support.ts';
import { openPostgres } from '../storage/postgres/database.ts';
import { PostgresServer } from '../storage/postgres-server.test-support.ts';
import { PostgresWriter } from './postgres/writer.ts';
import type { RecordKeeper } from './record-keeper.ts';
import { RecordWriter } from './record-writer.ts';
import { houseRedactor } from './redact/house-redactor.ts';

/** A place for records that is made for a test and goes with it. */
export interface TestRecords {
  /** A keeper of its own, as one process among several. */
  keeper(maxAgeMs?: number): RecordKeeper;
  /** For those who read. */
  open(): Promise<Database>;
  /** To be called when everybody has closed it; the next one is made when this one has gone. */
  drop(): Promise<void>;
}

/** Runs what is judged over each of the keepers: SQLite in a real file, and PostgreSQL on a real server. */
export function onEachKeeper(judge: (make: () => Promise<TestRecords>) => void): void {
  describe('in SQLite', () => {
    judge(async () => {
      const directory = await mkdtemp(join(tmpdir(), 'holdfast-records-'));
      return {
        keeper: (maxAgeMs = Number.MAX_SAFE_INTEGER) =>
          new RecordWriter(directory, { maxAgeMs, maxBytes: Number.MAX_SAFE_INTEGER }),
        open: () => Promise.resolve(openDatabase({ directory })),
        drop: () => rm(directory, { recursive: true, force: true }),
      };
    });
  });
  describe('in PostgreSQL', () => {
    let server: PostgresServer;
    let directory: string;
    beforeAll(async () => {
      server = await PostgresServer.start();
      directory = await mkdtemp(join(tmpdir(), 'holdfast-records-'));
    }, 240_000);
    afterAll(async () => {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    });
    judge(async () => {
      const address = addressOf(await emptied(server));
      const redactor = houseRedactor(directory);
      return {
        keeper: (maxAgeMs = Number.MAX_SAFE_INTEGER) => new PostgresWriter({ address, maxAgeMs, redactor }),
        open: () => openPostgres(address),
        drop: () => Promise.resolve(),
      };
    });
  });
}
