import type { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { openJobsFile } from './file.ts';
import type { FromJobsWorker, JobsWorkerData, ToJobsWorker } from './messages.ts';
import { SqliteQueue } from './sqlite-queue.ts';

if (parentPort === null) throw new Error('jobs.worker runs as a worker thread only');
const port = parentPort;
const { directory, settings } = workerData as JobsWorkerData;

type Question = ToJobsWorker & { kind: 'ask' };

/** Questions done in one transaction: they share its one wait for the disk, and nobody waits for more than these. */
const TOGETHER = 100;

let open: { readonly connection: DatabaseSync; readonly queue: SqliteQueue } | null = null;
const waiting: ToJobsWorker[] = [];
let working = false;

port.on('message', (message: ToJobsWorker) => {
  waiting.push(message);
  if (!working) void work();
});

/** Does what waits, as many questions as have come in the meantime at a time. */
async function work(): Promise<void> {
  working = true;
  while (waiting.length > 0) {
    const closing = waiting.findIndex(({ kind }) => kind === 'close');
    const questions = waiting.splice(0, Math.min(TOGETHER, closing < 0 ? waiting.length : closing)) as Question[];
    if (questions.length === 0) {
      open?.connection.close();
      port.close();
      return;
    }
    await answerTogether(questions);
    // Lets in what has come meanwhile.
    await new Promise((resolve) => setImmediate(resolve));
  }
  working = false;
}

/** Answers go out when their transaction is on the disk, and not before. */
async function answerTogether(questions: readonly Question[]): Promise<void> {
  const answers: FromJobsWorker[] = [];
  try {
    const { connection, queue } = opened();
    connection.exec('begin immediate');
    for (const question of questions) answers.push(await answerOne(connection, queue, question));
    connection.exec('commit');
  } catch (error) {
    close();
    const reason = reasonOf(error);
    for (const { id } of questions) port.postMessage({ kind: 'failure', id, reason } satisfies FromJobsWorker);
    return;
  }
  for (const answer of answers) port.postMessage(answer);
}

/** One that fails takes nothing of the others back. */
async function answerOne(connection: DatabaseSync, queue: SqliteQueue, question: Question): Promise<FromJobsWorker> {
  const { id, what } = question;
  connection.exec('savepoint one');
  try {
    const method = queue[what] as (ask: unknown) => Promise<unknown>;
    const answer = await method.call(queue, question.with);
    connection.exec('release one');
    return { kind: 'answer', id, answer };
  } catch (error) {
    // A full disk has rolled everything back by itself: then this throws too, and all of them are told.
    connection.exec('rollback to one');
    connection.exec('release one');
    return { kind: 'failure', id, reason: reasonOf(error) };
  }
}

function opened(): NonNullable<typeof open> {
  if (open === null) {
    const connection = openJobsFile(directory);
    open = { connection, queue: new SqliteQueue(connection, settings) };
  }
  return open;
}

/** A connection that met a full or vanished disk is not trusted again; closing rolls back. */
function close(): void {
  const last = open;
  open = null;
  try {
    last?.connection.close();
  } catch {
    // It is closed because of an earlier failure, which is told.
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
