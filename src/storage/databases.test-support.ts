import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe } from 'vitest';

import { type Database, openDatabase } from './database.ts';
import { type PostgresAddress, SCHEMA } from './postgres/connection.ts';
import { openPostgres } from './postgres/database.ts';
import { PostgresServer } from './postgres-server.test-support.ts';

/** A database that is made for a test and goes with it. */
export interface TestDatabase {
  /** Opens it, as one process among several. */
  open(): Promise<Database>;
  /** To be called when everybody has closed it; the next one is made when this one has gone. */
  drop(): Promise<void>;
}

/** Runs what is judged over each of the databases: a real file, and a database of a real server. */
export function onEachDatabase(judge: (make: () => Promise<TestDatabase>) => void): void {
  describe('on SQLite', () => {
    judge(inDirectory);
  });
  describe('on PostgreSQL', () => {
    let server: PostgresServer;
    beforeAll(async () => {
      server = await PostgresServer.start();
    }, 240_000);
    afterAll(() => server.close());
    judge(() => inServer(server));
  });
}

async function inDirectory(): Promise<TestDatabase> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-database-'));
  return {
    open: () => Promise.resolve(openDatabase({ directory })),
    drop: () => rm(directory, { recursive: true }),
  };
}

async function inServer(server: PostgresServer): Promise<TestDatabase> {
  await emptied(server);
  return { open: () => openPostgres(addressOf(server)), drop: () => Promise.resolve() };
}

/** The server, with its only database emptied: to make one takes ten times as long. */
export async function emptied(server: PostgresServer): Promise<PostgresServer> {
  await ask(server, `drop schema if exists ${SCHEMA} cascade`);
  return server;
}

export function addressOf({ port }: PostgresServer): PostgresAddress {
  return { host: '127.0.0.1', port, database: 'postgres', user: 'holdfast', password: () => null, tls: false };
}

async function ask(server: PostgresServer, text: string): Promise<void> {
  const client = new Client({ connectionString: server.url });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}
