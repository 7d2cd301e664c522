import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { aCall, aFault, anAttempt } from '../../test/fixtures/call-record.ts';
import { packCalls } from '../../test/fixtures/pack-calls.ts';
import type { CallRecord } from '../engine/record.ts';
import { openDatabase } from '../storage/database.ts';
import { type CallBatch, CallPacker } from './call-batch.ts';
import type { StoredCall } from './call-row.ts';
import { listCallsAfter } from './calls.ts';
import { RecordWriter } from './record-writer.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-batch-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** What comes back from the database, in order of writing. */
async function stored(batches: readonly CallBatch[]): Promise<StoredCall[]> {
  const writer = new RecordWriter(directory, { maxAgeMs: 1, maxBytes: 1 });
  expect(writer.write(batches)).toBe(0);
  writer.close();
  const database = openDatabase({ directory, access: 'read' });
  const calls = await listCallsAfter(database, 0, {}, 10_000);
  await database.close();
  return [...calls];
}

function numbered(calls: readonly CallRecord[]): StoredCall[] {
  return calls.map((call, index) => ({ ...call, seq: index + 1 }));
}

/** Calls of every sort in turn: of many kinds, eventful and not, with long texts, short ones and none. */
function mixedCalls(count: number): CallRecord[] {
  return Array.from({ length: count }, (_, index) => {
    const upstreamId = [null, '', 'req_ä€😀', `req_${index}`][index % 4] ?? null;
    const message = '🌊é'.repeat(index % 160);
    return aCall({
      id: index % 3 === 0 ? `elsewhere-😀-${index}` : `hf-m${index % 2}-${(index + 1).toString(36)}`,
      at: 1000 + index,
      model: `model-${index % 30}`,
      path: index % 5 === 0 ? `/files/${index}` : '/chat/completions',
      attempts: [anAttempt({ upstreamId, startedMs: index })],
      keyId: index % 4 === 0 ? null : `key_${index % 25}`,
      tenant: index % 4 === 0 ? null : `tenant-${index % 5}`,
      organisation: index % 4 === 0 ? null : 'default',
      workload: index % 8 === 1 ? 'nightly' : null,
      lane: index % 8 === 1 ? 'background' : 'interactive',
      endUser: index % 6 === 2 ? `u_${index}` : null,
      callerId: index % 5 === 1 ? `theirs-${index}` : null,
      trace:
        index % 9 === 1 ? { traceId: 'ab'.repeat(16), spanId: null, parentId: 'cd'.repeat(8), sampled: true } : null,
      notes: index % 7 === 3 ? ['noticed unknown-field: kelp', 'repaired sampling: top_p'] : [],
      ...(index % 7 === 0 ? { outcome: 'failed', fault: aFault({ message, evidence: [message] }) } : {}),
    });
  });
}

it('gives back calls of every sort, each with its own texts', async () => {
  const calls = mixedCalls(1500);
  expect(await stored(packCalls(calls))).toEqual(numbered(calls));
});

it('a packer goes on after a batch, and touches no batch it has given', async () => {
  const packer = new CallPacker();
  const calls = mixedCalls(300);
  const batches: CallBatch[] = [];
  for (const call of calls) {
    packer.add(call);
    if (packer.rows === 70) batches.push(packer.take() as CallBatch);
  }
  batches.push(packer.take() as CallBatch);
  expect(batches.map(({ rows }) => rows)).toEqual([70, 70, 70, 70, 20]);
  expect(packer.take()).toBeNull();
  expect(await stored(batches)).toEqual(numbered(calls));
});

it('keeps of an ordinary call little more than its numbers', () => {
  const [batch] = packCalls(Array.from({ length: 1000 }, (_, index) => aCall({ id: `hf-m1-${index + 1}`, at: index })));
  expect(batch?.kinds).toHaveLength(1);
  expect(batch?.idPrefixes).toEqual(['hf-m1']);
  expect((batch?.numbers.buffer.byteLength ?? 0) + (batch?.texts.buffer.byteLength ?? 0)).toBeLessThan(200 * 1000);
});

it('leaves no trace of a call that it cannot pack', async () => {
  const packer = new CallPacker();
  const [first, second] = [aCall({ id: 'first' }), aCall({ id: 'second' })];
  packer.add(first);
  const endless: Record<string, unknown> = {};
  endless['self'] = endless;
  expect(() => packer.add(aCall({ id: 'broken', fault: aFault({ detail: endless as never }) }))).toThrow(TypeError);
  packer.add(second);
  expect(await stored([packer.take() as CallBatch])).toEqual(numbered([first, second]));
});

it('tells the kinds of many tenants once each, however they take turns', () => {
  const calls = Array.from({ length: 2000 }, (_, index) => {
    const tenant = `tenant-${index % 50}`;
    return aCall({ id: `hf-m1-${index + 1}`, keyId: `key_${index % 50}`, tenant, organisation: 'default' });
  });
  expect(packCalls(calls).map(({ kinds }) => kinds.length)).toEqual(packCalls(calls).map(() => 50));
});
