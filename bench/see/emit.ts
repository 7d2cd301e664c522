import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CallRecord } from '../../src/engine/record.ts';
import { LiveBoard } from '../../src/gateway/live/board.ts';
import { CallPacker, type CallBatch } from '../../src/observe/call-batch.ts';
import { CallMetrics } from '../../src/observe/metrics/call-metrics.ts';
import { RecordWriter } from '../../src/observe/record-writer.ts';
import { type Figure, figure } from '../figures.ts';
import { traffic } from './generate.ts';

const CALLS = 60_000;

/** As many as one gateway carries on a core, about; the store gets them every 100 ms and adds them up every second. */
const PER_SECOND = 3_000;
const BATCH = PER_SECOND / 10;
const SEED = 7;

/** What most installations are beside the one that is measured: one application, one model. */
const ALIKE = { tenant: 'tenant-0', workload: null, keyId: 'key_0', model: 'gpt-5', target: 'openai' } as const;

/**
 * What one call costs the thread that carries it once it has ended (metrics, packing for the store, the board that nobody
 * watches), and what it costs the store's thread besides.
 */
export function emitFigures(): Figure[] {
  const calls = [...traffic(CALLS, Date.now(), (CALLS / PER_SECOND) * 1000, SEED)];
  const metrics = new CallMetrics((text) => text);
  const board = new LiveBoard({
    now: () => Date.now(),
    inFlight: () => 0,
    write: { frame: () => ({}), call: () => ({}) },
  });
  const counting = best(() => eachOf(calls, (call) => metrics.add(call)));
  const watching = best(() => eachOf(calls, (call) => board.hear(call)));
  const packing = best(() => void packed(calls));
  const many = stored(packed(calls));
  const few = stored(packed(calls.map((call) => ({ ...call, ...ALIKE }))));
  const each = (ms: number): number => (ms * 1000) / CALLS;
  return [
    figure('emit.metrics_us', each(counting), 'µs', { atMost: 1.5 }, 2),
    figure('emit.packing_us', each(packing), 'µs', { atMost: 3 }, 2),
    figure('emit.unwatched_board_us', each(watching), 'µs', { atMost: 0.05 }, 3),
    figure('store.one_tenant_writing_us', each(few.writing), 'µs', { atMost: 15 }, 2),
    figure('store.one_tenant_adding_up_us', each(few.addingUp), 'µs', { atMost: 5 }, 2),
    figure('store.writing_us', each(many.writing), 'µs', { atMost: 25 }, 2),
    figure('store.adding_up_us', each(many.addingUp), 'µs', { atMost: 15 }, 2),
  ];
}

function eachOf(calls: readonly CallRecord[], take: (call: CallRecord) => void): void {
  for (const call of calls) take(call);
}

function packed(calls: readonly CallRecord[]): CallBatch[] {
  const packer = new CallPacker();
  const batches: CallBatch[] = [];
  for (const call of calls) {
    packer.add(call);
    if (packer.rows < BATCH) continue;
    const batch = packer.take();
    if (batch !== null) batches.push(batch);
  }
  return batches;
}

/** Writing includes adding up in memory; carrying the sums over, once a second or less often, is told apart. */
function stored(batches: readonly CallBatch[]): { readonly writing: number; readonly addingUp: number } {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-bench-see-'));
  const writer = new RecordWriter(directory, { maxAgeMs: Number.MAX_SAFE_INTEGER, maxBytes: Number.MAX_SAFE_INTEGER });
  let [writing, addingUp] = [0, 0];
  writer.addUp();
  let rest = 0;
  for (const batch of batches) {
    const started = cpuMs();
    writer.write([batch]);
    writing += cpuMs() - started;
    rest -= 100;
    if (rest > 0) continue;
    const written = cpuMs();
    writer.addUp();
    const took = cpuMs() - written;
    addingUp += took;
    // As the store's thread does it while somebody watches.
    rest = Math.max(1_000, took * 50);
  }
  writer.close();
  rmSync(directory, { recursive: true });
  return { writing, addingUp };
}

/** The quickest of five: what disturbs a measurement only ever makes it slower. */
function best(work: () => void): number {
  let quickest = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < 5; turn += 1) {
    const started = cpuMs();
    work();
    quickest = Math.min(quickest, cpuMs() - started);
  }
  return quickest;
}

/** Processor time of this process, ms: what others take of a busy machine is not counted. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
