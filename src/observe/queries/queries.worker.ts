import { parentPort, workerData } from 'node:worker_threads';
import { databasePath } from '../../storage/data-directory.ts';
import { DatabaseError, type DatabaseErrorKind, toDatabaseError } from '../../storage/database-error.ts';
import { type Database, openDatabase } from '../../storage/database.ts';
import { yieldToCalls } from '../yield-to-calls.ts';
import { answer } from './answer.ts';
import type { Question, Questions } from './queries.ts';

export interface QueryWorkerData {
  readonly directory: string;
}

export type ToQueryWorker = {
  readonly [Name in Question]: { readonly id: number; readonly name: Name; readonly asked: Questions[Name]['asked'] };
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
const { directory } = workerData as QueryWorkerData;
let database: Database | null = null;

yieldToCalls();

port.on('message', (message: ToQueryWorker) => {
  reply(message).then(
    (reply_) => port.postMessage(reply_),
    (error: unknown) => port.postMessage({ kind: 'failed', id: message.id, database: null, reason: String(error) }),
  );
});

async function reply({ id, name, asked }: ToQueryWorker): Promise<FromQueryWorker> {
  try {
    database ??= openDatabase({ directory, access: 'read' });
    return { kind: 'answer', id, answer: await answer(database, name, asked, Date.now()) };
  } catch (error) {
    // Another file may stand at the path by now: the next question opens it afresh.
    await database?.close();
    database = null;
    const known = toDatabaseError(error, databasePath(directory));
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
