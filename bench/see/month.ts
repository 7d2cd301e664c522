import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { CallPacker } from '../../src/observe/call-batch.ts';
import { RecordWriter } from '../../src/observe/record-writer.ts';
import { databasePath } from '../../src/storage/data-directory.ts';
import { type Database, openDatabase } from '../../src/storage/database.ts';
import type { CallRecord } from '../../src/engine/record.ts';
import { type Figure, figure } from '../figures.ts';
import { traffic } from './generate.ts';
import { ASKED, type MonthQuestion, questionsAbout } from './questions.ts';

const DAY_MS = 86_400_000;
const DAYS = 30;
const SEED = 20_261_122;

/** Calls handed over at a time. */
const BATCH = 1_000;

/** Sums are carried over once in so much of the month's time: rarely enough that most hours are carried over once or twice. */
const ADD_UP_EVERY_MS = 2 * 3_600_000;

/** Of util-linux, as is `taskset`: tells how much of a file is in memory. */
const FINCORE = 'fincore';

/** Below this the sums, which hardly depend on how many calls are among them, outweigh the calls. */
const MANY = 10_000_000;

/** Times of a month of calls in SQLite, with its sums, and what one comes to where they are many. */
export async function monthFigures(calls: number): Promise<Figure[]> {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-bench-see-'));
  try {
    const now = Math.floor(Date.now() / DAY_MS) * DAY_MS + DAY_MS / 2;
    const writing = write(directory, calls, now);
    const bytes = statSync(databasePath(directory)).size;
    const asking = await ask(directory, questionsAbout(calls, DAYS, now));
    if (calls < MANY) return asking;
    return [
      ...asking,
      figure('month.mb_per_million', bytes / calls, 'MB', { atMost: 250 }, 1),
      figure('month.cpu_us_per_call', writing / calls, 'µs', { atMost: 75 }, 1),
    ];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** @returns the CPU that packing, writing and adding up took, and the collector with them, µs */
function write(directory: string, calls: number, end: number): number {
  const writer = new RecordWriter(directory, { maxAgeMs: Number.MAX_SAFE_INTEGER, maxBytes: Number.MAX_SAFE_INTEGER });
  // From here on calls are added up as they are written; else they would be read back.
  writer.addUp(end);
  const packer = new CallPacker();
  let took = 0;
  const count = (work: () => void): void => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    took += user + system;
  };
  let pending: CallRecord[] = [];
  const flush = (): void => {
    for (const call of pending) packer.add(call);
    const batch = packer.take();
    if (batch !== null) writer.write([batch]);
    pending = [];
  };
  let number = 0;
  let addUpAt = end - DAYS * DAY_MS + ADD_UP_EVERY_MS;
  for (const call of traffic(calls, end, DAYS * DAY_MS, SEED)) {
    pending.push(call);
    number += 1;
    if (pending.length === BATCH) count(flush);
    if (call.at >= addUpAt) {
      addUpAt += ADD_UP_EVERY_MS;
      count(() => writer.addUp(end));
    }
    if (number % 1_000_000 === 0)
      console.error(`bench: ${number / 1_000_000} of ${calls / 1_000_000} million calls written`);
  }
  count(flush);
  while (writer.addUp(end));
  writer.close();
  return took;
}

/** Each question with whatever it needs of the file still on the disk, where that can be had, and then with all of it in memory. */
async function ask(directory: string, questions: readonly MonthQuestion[]): Promise<Figure[]> {
  const path = databasePath(directory);
  const figures = (times: readonly number[], where: string): Figure[] =>
    questions.map(({ id, atMost }, at) => figure(`${id}${where}_ms`, times[at] ?? NaN, 'ms', { atMost }, 2));
  const fromDisk = canForget(path)
    ? await eachAsked(questions, async (question, turn) => {
        forget(path);
        return await withDatabase(directory, (database) => timed(() => question.ask(database, turn)));
      })
    : null;
  const inMemory = await withDatabase(directory, (database) =>
    eachAsked(questions, async (question, turn) => {
      // Once for the disk, once for the clock.
      await question.ask(database, turn);
      return await timed(() => question.ask(database, turn));
    }),
  );
  return [...figures(inMemory, ''), ...(fromDisk === null ? [] : figures(fromDisk, '_from_disk'))];
}

/** The slowest turn but one of each question, ms. */
async function eachAsked(
  questions: readonly MonthQuestion[],
  time: (question: MonthQuestion, turn: number) => Promise<number>,
): Promise<readonly number[]> {
  const slow: number[] = [];
  for (const question of questions) {
    const took: number[] = [];
    for (let turn = 0; turn < ASKED; turn += 1) took.push(await time(question, turn));
    slow.push(took.toSorted((one, other) => one - other).at(-2) ?? NaN);
  }
  return slow;
}

async function withDatabase<Result>(directory: string, use: (database: Database) => Promise<Result>): Promise<Result> {
  const database = openDatabase({ directory, access: 'read' });
  try {
    return await use(database);
  } finally {
    await database.close();
  }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** Without the tools for it, or where files stand in memory alone, there are no figures of a disk. */
function canForget(path: string): boolean {
  try {
    forget(path);
    return true;
  } catch (error) {
    console.error(`bench: no question is asked from disk: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}

/**
 * Takes a file out of memory: whoever reads it next reads the disk. The disk's own memory, and that of a machine which this one
 * is a guest of, are out of reach.
 *
 * @throws {Error} when some of it stays, because then the figures would not say what they claim
 */
function forget(path: string): void {
  execFileSync('dd', [`of=${path}`, 'oflag=nocache', 'conv=notrunc,fdatasync', 'count=0'], { stdio: 'ignore' });
  const left = Number(
    execFileSync(FINCORE, ['--bytes', '--noheadings', '--output', 'RES', path], { encoding: 'utf8' }),
  );
  if (!(left <= statSync(path).size / 100)) throw new Error(`${left} bytes of ${path} stay in memory`);
}
