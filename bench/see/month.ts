import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { answer } from '../../src/observe/queries/answer.ts';
import { CallPacker } from '../../src/observe/call-batch.ts';
import type { Question, Questions } from '../../src/observe/queries/queries.ts';
import { RecordWriter } from '../../src/observe/record-writer.ts';
import { databasePath } from '../../src/storage/data-directory.ts';
import { type Database, openDatabase } from '../../src/storage/database.ts';
import type { CallRecord } from '../../src/engine/record.ts';
import { type Figure, figure } from '../figures.ts';
import { traffic, upstreamIdOf } from './generate.ts';

const DAY_MS = 86_400_000;
const DAYS = 30;
const SEED = 20_261_122;

/** Calls handed over at a time. */
const BATCH = 1_000;

/** Sums are carried over once in so much of the month's time: rarely enough that most hours are carried over once or twice. */
const ADD_UP_EVERY_MS = 2 * 3_600_000;

/** Each question is asked so many times, each time about something else; the slowest but one counts. */
const ASKED = 9;

/** Below this the sums, which hardly depend on how many calls are among them, outweigh the calls. */
const MANY = 10_000_000;

/** Times of a month of calls in SQLite, with its sums, and what one comes to where they are many. */
export async function monthFigures(calls: number): Promise<Figure[]> {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-bench-see-'));
  try {
    const now = Math.floor(Date.now() / DAY_MS) * DAY_MS + DAY_MS / 2;
    const writing = write(directory, calls, now);
    const bytes = statSync(databasePath(directory)).size;
    const database = openDatabase({ directory, access: 'read' });
    const asking = await ask(database, calls, now);
    await database.close();
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

async function ask(database: Database, calls: number, now: number): Promise<Figure[]> {
  const times = async <Name extends Question>(
    name: Name,
    asked: (turn: number) => Questions[Name]['asked'],
    good: (answer: Questions[Name]['answer']) => boolean,
  ): Promise<number> => {
    const took: number[] = [];
    for (let turn = 0; turn < ASKED; turn += 1) {
      const question = asked(turn);
      const started = performance.now();
      const answered = await answer(database, name, question, now);
      took.push(performance.now() - started);
      if (!good(answered)) throw new Error(`the answer to ${name} ${JSON.stringify(question)} is wrong`);
    }
    return took.toSorted((one, other) => one - other).at(-2) ?? NaN;
  };
  const whole = { from: now - DAYS * DAY_MS };
  const dayOf = (turn: number): { from: number; to: number } => {
    const from = now - (DAYS - 1 - turn * 3) * DAY_MS;
    return { from, to: from + DAY_MS };
  };
  const some = (turn: number): number => Math.floor(((turn + 0.5) * calls) / ASKED);
  const has = (rows: readonly unknown[]): boolean => rows.length > 0;
  const tenant = (turn: number): string => `tenant-${turn * 4}`;
  const overview = await times(
    'overview',
    () => whole,
    ({ total }) => total.calls === calls,
  );
  const ofTenant = await times(
    'overview',
    (turn) => ({ ...whole, tenant: tenant(turn) }),
    ({ total }) => total.calls > 0,
  );
  const matrix = await times(
    'matrix',
    () => whole,
    ({ cells }) => has(cells),
  );
  const faults = await times(
    'faults',
    () => whole,
    ({ groups }) => has(groups),
  );
  const costs = await times(
    'costs',
    () => ({ ...whole, by: 'tenant' }),
    ({ rows }) => has(rows),
  );
  const byId = await times(
    'call',
    (turn) => ({ id: `hf-mbench-${(some(turn) + 1).toString(36)}` }),
    (call) => call !== null,
  );
  const byTheirs = await times(
    'call',
    (turn) => ({ id: upstreamIdOf(some(turn)) }),
    (call) => call !== null,
  );
  const byNobodys = await times(
    'call',
    (turn) => ({ id: `req_nobody${turn}` }),
    (call) => call === null,
  );
  const search = await times(
    'calls',
    (turn) => ({ ...dayOf(turn), tenant: tenant(turn), fault: 'overloaded' }),
    ({ calls: found }) => found.every((call) => call.attempts.some(({ fault }) => fault?.kind === 'overloaded')),
  );
  const rare = await times(
    'calls',
    (turn) => ({ ...whole, tenant: `nobody-${turn}` }),
    ({ calls: found }) => !has(found),
  );
  return [
    figure('overview.30d_ms', overview, 'ms', { atMost: 200 }, 1),
    figure('overview.30d_of_a_tenant_ms', ofTenant, 'ms', { atMost: 200 }, 1),
    figure('matrix.30d_ms', matrix, 'ms', { atMost: 500 }, 1),
    figure('faults.30d_ms', faults, 'ms', { atMost: 500 }, 1),
    figure('costs.30d_ms', costs, 'ms', { atMost: 500 }, 1),
    figure('search.own_id_ms', byId, 'ms', { atMost: 50 }, 2),
    figure('search.upstream_id_ms', byTheirs, 'ms', { atMost: 50 }, 2),
    figure('search.unknown_id_ms', byNobodys, 'ms', { atMost: 50 }, 2),
    figure('search.tenant_fault_day_ms', search, 'ms', { atMost: 300 }, 1),
    figure('search.unknown_tenant_ms', rare, 'ms', { atMost: 300 }, 1),
  ];
}
