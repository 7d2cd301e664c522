import { parentPort, workerData } from 'node:worker_threads';
import { databasePath } from '../../storage/data-directory.ts';
import { DatabaseError, type DatabaseErrorKind, toDatabaseError } from '../../storage/database-error.ts';
import { type Database, openDatabase } from '../../storage/database.ts';
import type { SentPlace } from '../record-place.ts';
import { yieldToCalls } from '../yield-to-calls.ts';
import { answer } from './answer.ts';
import type { Question, Questions } from './queries.ts';

export interface QueryWorkerData {
  readonly place: SentPlace;
}

export type ToQueryWorker = {
  readonly [Name in Question]: {
    readonly id: number;
    readonly name: Name;
    readonly asked: Questions[Name]['asked'];
    /** The database's, of the moment. */
    readonly password: string | null;
  };
}[Question];

export type FromQueryWorker =
  | { readonly kind: 'answer'; readonly id: number; readonly answer: unknown }
  | {
      readonly kind: 'failed';
      readonly id: number;
      /** null: a defect, and not the database. */
      readonly database: DatabaseErrorKind | null;
      readonly reason: string;
    };

if (parentPort === null) throw new Error('queries.worker runs as a worker thread only');
const port = parentPort;
const { place } = workerData as QueryWorkerData;
let password: string | null = null;
/** Opened by the first question. */
let database: Promise<Database> | null = null;

yieldToCalls();

port.on('message', (message: ToQueryWorker) => {
  reply(message).then(
    (reply_) => port.postMessage(reply_),
    (error: unknown) => port.postMessage({ kind: 'failed', id: message.id, database: null, reason: String(error) }),
  );
});

/** @throws {DatabaseError} */
async function open({ directory, postgres }: SentPlace): Promise<Database> {
  if (postgres === null) return openDatabase({ directory, access: 'read' });
  // Loaded by those alone who have such a server.
  const { openPostgres } = await import('../../storage/postgres/database.ts');
  return openPostgres({ ...postgres, password: () => password });
}

/** Opens it unless it is open; what failed is tried again by the next question. */
function opened(): Promise<Database> {
  database ??= open(place).catch((error: unknown) => {
    database = null;
    throw error;
  });
  return database;
}

/** Another file may stand at the path by now: the next question opens it afresh. Connections to a server renew themselves. */
async function closeFile(): Promise<void> {
  if (place.postgres !== null) return;
  const before = database;
  database = null;
  await (await before)?.close();
}

async function reply(message: ToQueryWorker): Promise<FromQueryWorker> {
  const { id, name, asked } = message;
  ({ password } = message);
  try {
    return { kind: 'answer', id, answer: await answer(await opened(), name, asked, Date.now()) };
  } catch (error) {
    await closeFile();
    const known = toDatabaseError(error, databasePath(place.directory));
    if (known.kind === 'other' && !(error instanceof DatabaseError)) {
      return {
        kind: 'failed',
        id,
        database: null,
        reason: error instanceof Error ? (error.stack ?? '') : String(error),
      };
    }
    return { kind: 'failed', id, database: known.kind, reason: known.message };
  }
}
