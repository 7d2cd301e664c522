import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { aCall } from '../../test/fixtures/call-record.ts';
import { openDatabase } from '../storage/database.ts';
import { type EventFilter, type HouseEvent, listEvents } from './events.ts';
import { RecordWriter } from './record-writer.ts';
import { RecordStore } from './store.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-events-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function anEvent(differences: Partial<HouseEvent> = {}): HouseEvent {
  return {
    at: 1000,
    kind: 'budget-warned',
    level: 'tenant',
    holder: 'shop',
    organisation: 'acme',
    tenant: 'shop',
    message: 'the budget of tenant shop is nearly used up',
    detail: { quota: 'tenant:shop money/day', used: 8.5 },
    ...differences,
  };
}

async function stored(filter: EventFilter = {}): Promise<readonly number[]> {
  const database = openDatabase({ directory, access: 'read' });
  const events = await listEvents(database, filter);
  await database.close();
  return events.map(({ at }) => at);
}

it('stores events beside the calls and alone, once each', async () => {
  const store = new RecordStore({ directory });
  store.appendEvent(anEvent());
  await store.flush();
  expect(await stored()).toEqual([1000]);
  store.append(aCall());
  store.appendEvent(anEvent({ at: 2000 }));
  store.appendEvent(anEvent({ at: 3000, detail: null, level: null, holder: null, tenant: null, organisation: null }));
  await store.flush();
  store.append(aCall({ id: 'another' }));
  await store.close();
  expect(await stored()).toEqual([3000, 2000, 1000]);
  const database = openDatabase({ directory, access: 'read' });
  expect((await listEvents(database)).at(-1)).toEqual({ seq: 1, ...anEvent() });
  await database.close();
});

it('finds events by kind, tenant and time, page by page', async () => {
  const writer = new RecordWriter(directory, { maxAgeMs: 1_000_000, maxBytes: 1e9 });
  const events = [
    anEvent(),
    anEvent({ at: 2000, kind: 'wrong-keys', tenant: null }),
    anEvent({ at: 3000, tenant: 'lab' }),
  ];
  writer.write([], events);
  expect(await stored({ kind: 'wrong-keys' })).toEqual([2000]);
  expect(await stored({ tenant: 'lab' })).toEqual([3000]);
  expect(await stored({ since: 2000 })).toEqual([3000, 2000]);
  expect(await stored({ before: 3, limit: 1 })).toEqual([2000]);
  // They go with the calls of their time.
  while (writer.sweepStep(1_002_500)) continue;
  expect(await stored()).toEqual([3000]);
  writer.close();
});
